// The files of src that one unary call runs through, on each side:
//   node scripts/call-path.mjs [root folder of a checkout]   prints them
//   node scripts/call-path.mjs --write                       renews the table in ARCHITECTURE.md
// Client and server are processes of their own. After some calls V8's exact counters of functions are set to zero; what
// they say after one more call is the call's path: each file with the number of its functions that have run.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { root } from './run.mjs';

const PROTO = `syntax = "proto3";
package path.v1;
service Path { rpc Ask(Message) returns (Message); }
message Message { string text = 1; }`;

const WARM_UP = 20;

const args = process.argv.slice(2);
const write = args[0] === '--write';
const [checkout = root, role, api, folder] = write ? [] : args;
const base = pathToFileURL(join(resolve(checkout), '/')).href;
if (role === undefined) await main();
else {
  register(new URL('scripts/typescript/hooks.mjs', base), { data: { fromSources: true } });
  await import('reflect-metadata');
  await (role === 'server' ? serveCalls() : makeCalls());
}

async function main() {
  const paths = {};
  for (const kind of ['nest', 'raw']) {
    const temporary = mkdtempSync(join(tmpdir(), 'call-path-'));
    writeFileSync(join(temporary, 'path.proto'), PROTO);
    const [server, client] = ['server', 'client'].map((side) =>
      fork(fileURLToPath(import.meta.url), [checkout, side, kind, temporary], { stdio: 'inherit' }),
    );
    try {
      await message(server);
      await ask(client, 'begin');
      await ask(server, 'zero');
      paths[`${kind}, client`] = await ask(client, 'call');
      paths[`${kind}, server`] = await ask(server, 'take');
    } finally {
      server.kill();
      client.kill();
      rmSync(temporary, { recursive: true });
    }
  }
  if (write) await renew(paths);
  else for (const [side, files] of Object.entries(paths)) print(side, files);
}

function print(side, files) {
  console.log(`${side}: ${files.length} files`);
  for (const [file, functions] of files) console.log(`  ${String(functions).padStart(3)} ${file}`);
}

async function renew(paths) {
  const page = join(root, 'ARCHITECTURE.md');
  const sides = Object.entries(paths).map(([side, files]) => [side, new Map(files)]);
  const all = [...new Set(sides.flatMap(([, files]) => [...files.keys()]))].sort();
  const rows = [
    ['file of `src`', ...sides.map(([side]) => side)],
    ['---', ...sides.map(() => '--:')],
    ...all.map((file) => [`\`${file}\``, ...sides.map(([, files]) => files.get(file) ?? '')]),
    ['**files**', ...sides.map(([, files]) => files.size)],
  ];
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  const text = readFileSync(page, 'utf8').replace(
    /(<!-- call-path -->\n)[^]*(\n<!-- \/call-path -->)/,
    (_, before, behind) => `${before}\n${table}\n${behind}`,
  );
  writeFileSync(page, await format(text, { ...(await resolveConfig(page)), filepath: page }));
}

function ask(program, what) {
  program.send(what);
  return message(program);
}

/** What a program says next. */
function message(program) {
  return new Promise((resolve, reject) => {
    program.once('message', resolve);
    program.once('exit', (code) => reject(new Error(`a program has ended with status ${code}`)));
  });
}

async function serveCalls() {
  const url = `unix://${folder}/s.sock`;
  const take = await counters();
  if (api === 'raw') {
    const { serve } = await import('nestjs-ttrpc/protocol');
    await serve(url, { 'path.v1.Path': { Ask: (request) => request } });
  } else {
    const { NestFactory } = await import('@nestjs/core');
    const { Module } = await import('@nestjs/common');
    const { TtrpcMethod, TtrpcServer, TtrpcService } = await import('nestjs-ttrpc');
    class PathController {
      ask(request) {
        return request;
      }
    }
    const { prototype } = PathController;
    TtrpcMethod()(prototype, 'ask', Object.getOwnPropertyDescriptor(prototype, 'ask'));
    TtrpcService('path.v1.Path')(PathController);
    class PathModule {}
    Module({ controllers: [PathController] })(PathModule);
    const strategy = new TtrpcServer({ url, protoPath: join(folder, 'path.proto') });
    const app = await NestFactory.createMicroservice(PathModule, { strategy, logger: ['error'] });
    await app.listen();
  }
  process.on('message', async () => process.send(await take()));
  process.send('listening');
}

async function makeCalls() {
  const take = await counters();
  await once(process, 'message');
  const url = `unix://${folder}/s.sock`;
  let call;
  if (api === 'raw') {
    const { connect } = await import('nestjs-ttrpc/protocol');
    const client = await connect(url);
    call = () => client.call('path.v1.Path', 'Ask', new Uint8Array([10, 2, 104, 105]));
  } else {
    const { TtrpcClient } = await import('nestjs-ttrpc');
    const client = new TtrpcClient({ url, protoPath: join(folder, 'path.proto') });
    const path = client.getAsyncService('path.v1.Path');
    call = () => path.ask({ text: 'hi' });
  }
  for (let i = 0; i < WARM_UP; i++) await call();
  process.send('warm');
  await once(process, 'message');
  await take();
  await call();
  process.send(await take());
}

/** Starts to count. Gives a function that says which files have run since its last call, with the number of functions. */
async function counters() {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  return async () => {
    const { result } = await session.post('Profiler.takePreciseCoverage');
    return result
      .filter(({ url }) => url.startsWith(`${base}src/`))
      .map(({ url, functions }) => {
        const run = functions.filter(({ ranges }) => ranges[0].count > 0);
        return [url.slice(`${base}src/`.length), run.length];
      })
      .filter(([, functions]) => functions > 0)
      .sort();
  };
}
