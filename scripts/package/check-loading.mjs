// What the engine and the schema load of the package, of Node and of protobufjs. Each file and each of Node's larger
// modules is a millisecond or more of every start, so more of them than here should have a reason.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** At most so many files, the program's own included. */
const LIMITS = {
  esm: { engine: 3, schema: 9 },
  cjs: { engine: 3, schema: 8 },
};

/** Modules of Node that none of them may load before a server listens: together some 20 ms. */
const HEAVY = ['crypto', 'http', 'http2', 'https', 'tls', 'zlib', 'readline'];

/** What comes with an ES module's import of `node:util` and of `node:timers`. */
const ON_DEMAND = ['worker_threads', 'internal/util/parse_args/parse_args', 'timers/promises'];

const PROTO = 'syntax = "proto3"; package demo; message A { int64 n = 1; } service S { rpc Call (A) returns (A); }';

/** @throws Error when an entry loads more than that, or when protobufjs in one file differs from the package. */
export function checkLoading(consumer) {
  writeFileSync(join(consumer, 'demo.proto'), PROTO);
  for (const format of ['esm', 'cjs']) {
    checkEngine(consumer, format);
    checkSchema(consumer, format);
    checkOwnCopy(consumer, format);
  }
}

function checkEngine(consumer, format) {
  const { files, builtins } = run(consumer, format, { serve: 'nestjs-ttrpc/protocol' }, 'await listen([]);');
  limit(`nestjs-ttrpc/protocol (${format})`, files, builtins, LIMITS[format].engine);
}

function checkSchema(consumer, format) {
  const { files, builtins, text } = run(
    consumer,
    format,
    { 'serve, implement': 'nestjs-ttrpc/protocol', loadServices: 'nestjs-ttrpc/schema' },
    `const S = loadServices({ protoPath: 'demo.proto', loader: { longs: String } }).get('demo.S');
    await listen([implement(S, { call: (a) => a })]);
    text = JSON.stringify([S.methods.Call.request.decode(Buffer.from('08ffffffffffffffff7f', 'hex')), 'protobuf' in globalThis]);`,
  );
  limit(`nestjs-ttrpc/schema (${format})`, files, builtins, LIMITS[format].schema);
  expect(text, '[{"n":"9223372036854775807"},false]', `an int64 decoded (${format}), and no global variable`);
}

/** The program's own protobufjs and its extension stay what they are, before and after a descriptor set is loaded. */
function checkOwnCopy(consumer, format) {
  const { text } = run(
    consumer,
    format,
    { loadServices: 'nestjs-ttrpc/schema', createRequire: 'node:module' },
    `const own = createRequire(process.cwd() + '/x.js');
    const early = process.argv[2] === 'early';
    const load = () => [own('protobufjs'), own('protobufjs/ext/descriptor.js')];
    const before = early ? load() : undefined;
    const set = { file: [{ name: 'demo.proto', package: 'demo', syntax: 'proto3',
      messageType: [{ name: 'A', field: [{ name: 'n', number: 1, label: 1, type: 3 }] }],
      service: [{ name: 'S', method: [{ name: 'Call', inputType: '.demo.A', outputType: '.demo.A' }] }] }] };
    const S = loadServices({ fileDescriptorSet: set }).get('demo.S');
    const [protobuf, extension] = load();
    text = JSON.stringify([
      S.methods.Call.request.encode({ n: 5 }).toString('hex'),
      before === undefined || (before[0] === protobuf && before[1] === extension),
      protobuf.descriptor === extension,
      extension.FileDescriptorSet instanceof protobuf.Type,
      typeof protobuf.Root.fromDescriptor,
      'protobuf' in globalThis,
    ]);`,
    ['late', 'early'],
  );
  expect(text, '["0805",true,true,true,"function",false]', `a descriptor set beside an own protobufjs (${format})`);
}

/** Runs a program of these imports with each of the arguments; what it loaded, and the text that it made, of the last. */
function run(consumer, format, imports, body, args = ['']) {
  const isEsm = format === 'esm';
  const file = join(consumer, `loading.${isEsm ? 'mjs' : 'cjs'}`);
  const head = Object.entries(imports).map(([names, from]) =>
    isEsm ? `import { ${names} } from '${from}';` : `const { ${names} } = require('${from}');`,
  );
  writeFileSync(
    file,
    `${head.join('\n')}
    const listen = async (services) => {
      const server = await serve('unix:loading.sock', services);
      loaded();
      await server.close();
    };
    let text;
    let builtins;
    function loaded() {
      builtins = process.moduleLoadList.filter((name) => name.startsWith('NativeModule ')).map((name) => name.slice(13));
    }
    void (async () => {
      ${body}
      if (builtins === undefined) loaded();
      const session = new (process.getBuiltinModule('node:inspector').Session)();
      session.connect();
      const files = [];
      // For each script that there is, at once.
      session.on('Debugger.scriptParsed', ({ params: { url } }) => url.startsWith('file:') && files.push(url));
      session.post('Debugger.enable');
      console.log(JSON.stringify({ files, builtins, text }));
      process.exit(0);
    })();\n`,
  );
  const results = args.map((arg) => {
    const output = execFileSync(process.execPath, [file, arg], { cwd: consumer, encoding: 'utf8' });
    return JSON.parse(output);
  });
  const [first] = results;
  const other = results.find(({ text }) => text !== first.text);
  return other ?? first;
}

function limit(what, files, builtins, most) {
  const heavy = [...HEAVY, ...ON_DEMAND].filter((name) => builtins.includes(name));
  if (heavy.length > 0) throw new Error(`${what} loads node:${heavy.join(', node:')} before it listens`);
  if (files.length > most) {
    throw new Error(`${what} loads ${files.length} files, expected at most ${most}:\n  ${files.join('\n  ')}`);
  }
  console.log(`package: ${what} loads ${files.length} files`);
}

function expect(got, expected, what) {
  if (got !== expected) throw new Error(`${what}: expected ${expected}, got ${got}`);
}
