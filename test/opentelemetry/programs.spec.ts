import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { transformSync } from '@swc/core';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FORMATS = { esm: 'es6', cjs: 'commonjs' } as const;
const ENTRIES = { protocol: 'protocol', opentelemetry: 'opentelemetry' };

const folder = new TempFolder();

/** Installs the compiled package, both formats, in `folder/<name>/node_modules`, with the packages `others` beside it. */
function install(name: string, others: readonly string[]): void {
  const modules = join(folder.file(name), 'node_modules');
  const target = join(modules, 'nestjs-ttrpc');
  for (const [format, type] of Object.entries(FORMATS)) {
    for (const entry of Object.values(ENTRIES)) {
      const source = join(ROOT, 'src', entry);
      for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
        if (file.endsWith('.ts')) compile(join(source, file), join(target, format, entry, file), type);
      }
    }
    const isModule = format === 'esm' ? 'module' : 'commonjs';
    writeFileSync(join(target, format, 'package.json'), JSON.stringify({ type: isModule }));
  }
  const exports = Object.fromEntries(
    Object.keys(ENTRIES).map((entry) => [
      `./${entry}`,
      { import: `./esm/${entry}/index.js`, require: `./cjs/${entry}/index.js` },
    ]),
  );
  writeFileSync(join(target, 'package.json'), JSON.stringify({ name: 'nestjs-ttrpc', exports }));
  for (const other of others) symlinkSync(join(ROOT, 'node_modules', other), join(modules, other));
}

function compile(from: string, to: string, type: 'es6' | 'commonjs'): void {
  const { code } = transformSync(readFileSync(from, 'utf8'), {
    filename: from,
    jsc: { target: 'es2023', parser: { syntax: 'typescript' }, transform: { verbatimModuleSyntax: type === 'es6' } },
    module: { type },
  });
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to.replace(/\.ts$/, '.js'), code);
}

/** An application: it knows nothing of tracing. */
const APPLICATION = `
  const server = await serve('memory:app', { 'app.v1.App': { Ask: (request) => request } });
  const client = await connect('memory:app');
  const response = await client.call('app.v1.App', 'Ask', Buffer.from('hello'));
  console.log(Buffer.from(response).toString());
  client.close();
  await server.close();
`;

const TELEMETRY = `
  const spans = new InMemorySpanExporter();
  const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  tracerProvider.register();
  registerInstrumentations({ tracerProvider, instrumentations: [new TtrpcInstrumentation()] });
`;

const PRINT = `
  console.log(spans.getFinishedSpans().map(({ name, kind }) => kind + ' ' + name).join());
`;

const SDK = ['InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor', '@opentelemetry/sdk-trace-node'];
const IMPORTS = [
  SDK,
  ['registerInstrumentations', '@opentelemetry/instrumentation'],
  ['TtrpcInstrumentation', 'nestjs-ttrpc/opentelemetry'],
];
const APP_IMPORTS = [['serve, connect', 'nestjs-ttrpc/protocol']];

function source(format: 'esm' | 'cjs', imports: string[][], body: string): string {
  const lines = imports.map(([names, from]) =>
    format === 'esm' ? `import { ${names} } from '${from}';` : `const { ${names} } = require('${from}');`,
  );
  return `${lines.join('\n')}\n(async () => {${body}})();\n`;
}

async function run(name: string, file: string, text: string): ReturnType<typeof runProgram> {
  const path = join(folder.file(name), file);
  writeFileSync(path, text);
  return runProgram(process.execPath, ['--disable-warning=ExperimentalWarning', path], {
    env: { NODE_DEBUG: undefined },
  });
}

beforeAll(() => {
  install('with', ['@opentelemetry', 'protobufjs', 'long', 'import-in-the-middle', 'require-in-the-middle']);
  install('without', ['protobufjs', 'long']);
});

afterAll(() => folder.remove());

const EXPECTED = { status: 0, stdout: 'hello\n1 app.v1.App/Ask,2 app.v1.App/Ask\n', stderr: '' };

it.each([
  ['esm', 'before'],
  ['esm', 'after'],
  ['cjs', 'before'],
  ['cjs', 'after'],
] as const)('is registered in an application of the format %s, %s the library is loaded', async (format, when) => {
  const imports = when === 'before' ? [...IMPORTS, ...APP_IMPORTS] : [...APP_IMPORTS, ...IMPORTS];
  const file = `${when}.${format === 'esm' ? 'mjs' : 'cjs'}`;
  const end = await run('with', file, source(format, imports, `${TELEMETRY}${APPLICATION}${PRINT}`));
  expect(end).toMatchObject({ ...EXPECTED, stdout: expect.stringMatching(/^hello\n/) as unknown });
  expect(end.stdout.split('\n')[1]?.split(',').sort()).toEqual(['1 app.v1.App/Ask', '2 app.v1.App/Ask']);
});

it('observes the calls of the other format, too: the process has one set of channels', async () => {
  const own = source(
    'cjs',
    [...IMPORTS],
    `${TELEMETRY}
    const { serve, connect } = await import('nestjs-ttrpc/protocol');
    ${APPLICATION}${PRINT}`,
  );
  const end = await run('with', 'mixed.cjs', own);
  expect(end.stdout.split('\n')[1]?.split(',').sort()).toEqual(['1 app.v1.App/Ask', '2 app.v1.App/Ask']);
});

it.each(['esm', 'cjs'] as const)('is not needed by who does not import it (%s)', async (format) => {
  const end = await run(
    'without',
    `plain.${format === 'esm' ? 'mjs' : 'cjs'}`,
    source(format, APP_IMPORTS, APPLICATION),
  );
  expect(end).toEqual({ status: 0, signal: null, stdout: 'hello\n', stderr: '' });
});

it.each(['esm', 'cjs'] as const)('names what is missing where OpenTelemetry is not installed (%s)', async (format) => {
  const imports = [['TtrpcInstrumentation', 'nestjs-ttrpc/opentelemetry']];
  const end = await run('without', `missing.${format === 'esm' ? 'mjs' : 'cjs'}`, source(format, imports, ''));
  expect(end.status).toBe(1);
  expect(end.stderr).toMatch(/Cannot find (package|module) '@opentelemetry\/api'/);
});

it('lets a call go on whose subscribers throw: the process hears of each as an uncaught exception', async () => {
  const body = `
    const thrown = [];
    process.on('uncaughtException', (error) => thrown.push(error.message));
    const fail = (name) => () => { throw new Error(name); };
    for (const side of ['client', 'server']) {
      for (const event of ['start', 'end', 'asyncStart', 'asyncEnd']) {
        subscribe(\`tracing:nestjs-ttrpc.\${side}:\${event}\`, fail(side + ' ' + event));
      }
    }
    for (const name of ['message', 'connection.opened', 'connection.closed']) subscribe('nestjs-ttrpc.' + name, fail(name));
    ${APPLICATION}
    await new Promise((resolve) => setImmediate(resolve));
    console.log([...new Set(thrown)].sort().join());`;
  const imports = [...APP_IMPORTS, ['subscribe', 'node:diagnostics_channel']];
  const end = await run('without', 'throws.mjs', source('esm', imports, body));
  const events = ['client', 'server'].flatMap((side) =>
    ['asyncEnd', 'asyncStart', 'end', 'start'].map((event) => `${side} ${event}`),
  );
  const all = [...events, 'connection.closed', 'connection.opened', 'message'].sort();
  expect(end).toEqual({ status: 0, signal: null, stdout: `hello\n${all.join()}\n`, stderr: '' });
});

it.each([
  ['throws before', `(run) => { throw new Error('before'); }`],
  ['throws after', `(run) => { run(); throw new Error('after'); }`],
  ['never runs', `() => undefined`],
  ['runs twice', `(run) => { run(); run(); }`],
])('runs the call once with a runInContext that %s', async (what, runInContext) => {
  const body = `
    for (const side of ['client', 'server']) {
      subscribe(\`tracing:nestjs-ttrpc.\${side}:start\`, (call) => { call.runInContext = ${runInContext}; });
    }
    process.on('warning', ({ code }) => console.log(code));
    ${APPLICATION}`;
  const imports = [...APP_IMPORTS, ['subscribe', 'node:diagnostics_channel']];
  const end = await run('without', 'context.mjs', source('esm', imports, body));
  const warnings = what.startsWith('throws') ? 2 : 0;
  expect(end.stdout.split('\n').sort()).toEqual(
    ['', 'hello', ...Array<string>(warnings).fill('NESTJS_TTRPC_SUBSCRIBER')].sort(),
  );
  expect(end.status).toBe(0);
});
