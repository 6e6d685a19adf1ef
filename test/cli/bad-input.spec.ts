import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { builtCommand, startTtrpc, ttrpc } from '../support/built-command.js';
import { runProgram } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { greeterSet, serveReflecting } from './reflecting-server.js';

// What hangs fails here: no command has more time than this.
jest.setTimeout(60_000);

const METHOD = 'demo.v1.Greeter/SayHello';
const GREETER = fileURLToPath(new URL('../../sample/greeter/greeter.proto', import.meta.url));
const folder = new TempFolder();
const [ours, bare, none] = [folder.url('ours.sock'), folder.url('bare.sock'), folder.url('none.sock')];
const [grpc, silent, left] = [folder.url('grpc.sock'), folder.url('silent.sock'), folder.url('left.sock')];
const file = (name: string): string => folder.file(name);
const recording = file('recording');

const servers: RawServer[] = [];
const sockets = new Set<Socket>();
let http2: Http2Server;
let mute: Server;

beforeAll(async () => {
  await builtCommand();
  servers.push(await serveReflecting(ours), await serve(bare, {}));
  http2 = createHttp2Server();
  http2.on('sessionError', () => undefined);
  http2.listen(file('grpc.sock'));
  mute = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).resume());
  });
  mute.listen(file('silent.sock'));
  await Promise.all([once(http2, 'listening'), once(mute, 'listening')]);
  // A socket whose server has gone.
  await leaveSocket(file('left.sock'));
  writeFileSync(file('broken.proto'), 'syntax = "proto3";\nmessage A {\n  string name = 1;\n  Strng other = 2;\n}\n');
  writeFileSync(file('text'), 'hello\n');
  writeFileSync(file('empty'), '');
  mkdirSync(file('folder'));
  const head = JSON.stringify({ format: 'ttrpc-recording', version: 1, begun: '2026-01-01T00:00:00Z', nri: false });
  const begin = { at: 0, connection: 1, event: 'connected' };
  const frame = { at: 0, connection: 1, from: 'client', stream: 1, type: 1, flags: 0, data: '' };
  writeFileSync(recording, `${head}\n${JSON.stringify(begin)}\n${JSON.stringify({ ...frame, event: 'frame' })}\n`);
  writeFileSync(file('cut'), `${head}\n{"at":0,"connection":1,"eve`);
  writeFileSync(file('later'), head.replace('"version":1', '"version":9'));
}, 120_000);
afterAll(async () => {
  for (const each of sockets) each.destroy();
  await Promise.all([
    ...servers.map((each) => each.close()),
    new Promise((resolve) => http2.close(resolve)),
    new Promise((resolve) => mute.close(resolve)),
  ]);
  folder.remove();
});

/** Leaves a socket behind, as a server that was killed does. */
async function leaveSocket(path: string): Promise<void> {
  const listen = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await runProgram(process.execPath, ['-e', listen]);
}

/** One line on standard error that matches, nothing on standard output, and the tool's own status. */
async function fails(args: readonly string[], what: RegExp | string, stdin?: string): Promise<void> {
  const { stdout, stderr, status } = await ttrpc(args, stdin);
  expect({ stdout, status, lines: stderr.split('\n').length - 1 }).toEqual({ stdout: '', status: 1, lines: 1 });
  expect(stderr.startsWith('ttrpc: ')).toBe(true);
  const text = stderr.slice('ttrpc: '.length, -1);
  if (typeof what === 'string') expect(text).toBe(what);
  else expect(text).toMatch(what);
}

/** The commands that talk to a server, each with what it asks. */
const ASKING: readonly [name: string, args: (url: string) => string[]][] = [
  ['call', (url) => ['call', url, METHOD]],
  ['list', (url) => ['list', url]],
  ['list of a service', (url) => ['list', url, 'demo.v1.Greeter']],
  ['describe', (url) => ['describe', url]],
  ['bench', (url) => ['bench', url, METHOD]],
];

describe.each(ASKING)('ttrpc %s', (_name, args) => {
  test('nobody serves the socket', async () => {
    await fails(args(none), `cannot connect to ${none}: there is no such socket (ENOENT)`);
    await fails(args(left), new RegExp(`^cannot connect to ${left}: .*\\(ECONNREFUSED\\)`));
  });

  test('a gRPC server', () => fails(args(grpc), /HTTP\/2 \(gRPC\?\)/));

  test('a server without reflection', () =>
    fails(args(bare), 'the server has no reflection: give its schema with --proto or --protoset'));

  test('an invalid address', () => fails(args('localhost:50051'), /tcp:\/\/localhost:50051/));

  test('an invalid flag', async () => {
    await fails(
      [...args(ours), '--connect-timeout', 'soon'],
      /^--connect-timeout: expected a number from 0.001, got 'soon'$/,
    );
    await fails([...args(ours), '--hybrid-vsock', '-1'], /--hybrid-vsock/);
    await fails([...args(ours), '--nri-muks'], /has no flag --nri-muks\. Did you mean 'nri-mux'\?$/);
    await fails([...args(ours), '--proto', file('none.proto')], /none\.proto/);
    await fails([...args(ours), '--protoset', file('none')], `--protoset ${file('none')}: there is no such file`);
    await fails([...args(ours), '--import-path', 'x'], '--import-path needs --proto');
  });

  test('a .proto error, at its line and column', () =>
    fails(
      [...args(ours), '--proto', file('broken.proto')],
      new RegExp(`^${file('broken.proto')}:4:3: A.other: type 'Strng'`),
    ));
});

describe('a server that says nothing', () => {
  test.each([
    [
      'call',
      ['call', '--max-time', '0.3', silent, METHOD],
      68,
      /^ERROR:\n {2}Code: DEADLINE_EXCEEDED\n {2}Message: the server has not told its schema within the 0\.3 s of --max-time\n$/,
    ],
    [
      'call with --format-error',
      ['call', '--format-error', '--max-time', '0.3', silent, METHOD],
      68,
      /^\{"code":4,"message":"the server has not told its schema within the 0\.3 s of --max-time"\}\n$/,
    ],
    [
      'bench',
      ['bench', '--max-time', '0.3', silent, METHOD],
      1,
      /^ttrpc: the server's reflection failed: DEADLINE_EXCEEDED/,
    ],
    ['list', ['list', silent], 1, /^ttrpc: the server's reflection failed: DEADLINE_EXCEEDED/],
    ['health', ['health', '--max-time', '0.3', silent], 68, /DEADLINE_EXCEEDED/],
  ])('%s ends', async (_name, args, status, what) => {
    const end = await ttrpc(args);
    expect(end).toMatchObject({ status, stdout: '' });
    expect(end.stderr).toMatch(what);
  });
});

describe('what the server does not have', () => {
  test('bench: a method, a service', async () => {
    await fails(['bench', ours, 'demo.v1.Greeter/SayHelo'], /has no method 'SayHelo'.*Did you mean 'SayHello'\?$/);
    await fails(['bench', ours, 'demo.v1.Greter/SayHello'], /Did you mean 'demo\.v1\.Greeter'\?$/);
    await fails(['bench', ours, 'SayHello'], /is not a method: expected service\/Method/);
  });

  test('list: a service', () => fails(['list', ours, 'demo.v1.Greter'], /Did you mean 'demo\.v1\.Greeter'\?$/));

  test('describe: a symbol, a method, a message', async () => {
    await fails(['describe', ours, 'demo.v1.Greter'], /Did you mean 'demo\.v1\.Greeter'\?$/);
    await fails(['describe', GREETER, 'demo.v1.Greeter/SayHelo'], /Did you mean 'SayHello'\?$/);
    await fails(['describe', GREETER, 'demo.v1.HeloRequest'], /Did you mean 'demo\.v1\.HelloRequest'\?$/);
    await fails(['describe', '--msg-template', GREETER], '--msg-template needs the name of a message or an rpc');
  });

  test('health: the service of health, a service', async () => {
    const end = await ttrpc(['health', bare]);
    expect(end).toMatchObject({ status: 64 + 12, stdout: '' });
    expect(end.stderr).toMatch(/UNIMPLEMENTED/);
  });
});

describe('bench: requests that do not fit', () => {
  const bench = (data: string, what: RegExp | string, stdin?: string): Promise<void> =>
    fails(['bench', '-d', data, ours, METHOD], what, stdin);

  test('JSON', async () => {
    await bench('{"friends":[{"nmae":"Eve"}]}', /^request: friends\[0\]\.nmae: .*Did you mean 'name'\?$/);
    await bench('{}{"count":-1}', /^request 2: count: expected an integer from 0/);
    await bench('hello', /^request: Unexpected token/);
    await bench('{"firstName":"{{.Nonsense}}"}', /Nonsense/);
    await bench('{"firstName":"{{ .UUID"}', '{{ .UUID is not closed by }}');
    await bench('{"firstName":"{{randomString}}"}', '{{randomString}}: expected {{randomString <length>}}');
    await bench('{"firstName":"{{.UUID 4}}"}', '{{.UUID 4}}: expected {{.UUID}}');
  });

  test('what ends in the middle, what is not there', async () => {
    await bench('@', '-d ends in the middle of the request that begins on line 2', '\n{"firstName":"A');
    await bench(`@${file('none')}`, `${file('none')}: there is no such file`);
    await bench(`@${file('folder')}`, `${file('folder')}: it is a folder`);
    await bench(`@${file('empty')}`, 'no request was given; an empty one is {}');
  });
});

describe('a standard input that cannot be read', () => {
  test.each(['call', 'bench'])('%s: a folder, one that is open for writing only', async (name) => {
    const command = `${process.execPath} ${await builtCommand()} ${name} -d @ ${ours} ${METHOD}`;
    expect(await runProgram('sh', ['-c', `${command} < ${file('folder')}`])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'ttrpc: standard input: it is a folder\n',
    });
    const { stdout, stderr, status } = await runProgram('sh', ['-c', `${command} 0> ${file('written')}`]);
    expect({ stdout, status }).toEqual({ stdout: '', status: 1 });
    expect(stderr).toMatch(/^ttrpc: standard input: EBADF[^\n]*\n$/);
  });
});

describe('flags that say nothing', () => {
  test('beside a file that is the schema', async () => {
    await fails(['list', GREETER, '--proto', GREETER], `${GREETER} is the schema: --proto has no meaning beside it`);
    const set = file('greeter.binpb');
    writeFileSync(set, greeterSet());
    await fails(['list', set, '--import-path', '.'], `${set} is the schema: --import-path has no meaning beside it`);
    await fails(['describe', set, '--protoset', set], `${set} is the schema: --protoset has no meaning beside it`);
  });

  test('a folder that is not there, a number that is none, also where they are not used', async () => {
    await fails(
      ['list', GREETER, '--import-path', file('none')],
      `--import-path ${file('none')}: there is no such folder`,
    );
    await fails(['call', '--proto', GREETER, '--import-path', GREETER, ours, METHOD], /: there is no such folder$/);
    await fails(['list', GREETER, '--connect-timeout', 'soon'], /^--connect-timeout: expected a number/);
  });

  test('a file that is no set, a header whose key has a space', async () => {
    await fails(['call', '--protoset', file('text'), ours, METHOD], new RegExp(`^${file('text')}: expected a google`));
    await fails(['call', '-H', 'bearer token: x', ours, METHOD], "-H 'bearer token: x': expected 'key: value'");
  });

  test('a flag of grpcurl that there is not', async () => {
    await fails(['call', '-plaintext', ours, METHOD], 'ttrpc call has no flag --plaintext.');
    await fails(
      ['call', '-max_time', '3', ours, METHOD],
      "ttrpc call has no flag --max_time. Did you mean 'max-time'?",
    );
  });
});

describe('times above and below what timers take', () => {
  test.each(['9.0005', '5000000', '1e9'])('--connect-timeout %s', async (seconds) => {
    expect(await ttrpc(['list', '--connect-timeout', seconds, ours])).toMatchObject({ status: 0, stderr: '' });
  });

  test('--max-time', async () => {
    for (const seconds of ['5000000', '1e9']) {
      const args = ['call', '--max-time', seconds, '-d', '{"firstName":"Ada"}', ours, METHOD];
      expect(await ttrpc(args)).toMatchObject({ status: 0, stderr: '' });
      expect(await ttrpc(['health', '--max-time', seconds, bare])).toMatchObject({ status: 64 + 12 });
    }
    expect(await ttrpc(['replay', '--max-time', '1e9', recording, bare])).toMatchObject({ status: 0 });
  });

  test('rates that nobody can reach, or wait for', async () => {
    const args = ['bench', '-d', '{"firstName":"Ada"}', '--duration', '0.2', '--format', 'json'];
    const fast = await ttrpc([...args, '--rps', '1e15', ours, METHOD]);
    expect(fast).toMatchObject({ status: 0, stderr: '' });
    expect((JSON.parse(fast.stdout) as { notStarted: number }).notStarted).toBeGreaterThan(1e14);
    expect(await ttrpc([...args, '--rps', '1e-9', ours, METHOD])).toMatchObject({ status: 0, stderr: '' });
    await fails(
      ['bench', '--rps', 'step:1:1e9:0.001:1', ours, METHOD],
      /^--rps: step:\S+ has \d+ steps, more than 100000$/,
    );
  });
});

describe('Ctrl-C before there is a connection', () => {
  test.each([
    ['call', ['call', '--hybrid-vsock', '1', silent, METHOD], 65, /Code: CANCELLED\n {2}Message: interrupted\n$/],
    ['health', ['health', '--hybrid-vsock', '1', silent], 65, /Code: CANCELLED\n/],
    ['bench', ['bench', '--hybrid-vsock', '1', silent, METHOD], 1, /^ttrpc: interrupted\n$/],
    ['bench, its requests', ['bench', '--proto', GREETER, '-d', '@', silent, METHOD], 1, /^ttrpc: interrupted\n$/],
    ['call, the schema', ['call', silent, METHOD], 65, /Code: CANCELLED\n/],
    ['tap', ['tap', '--hybrid-vsock', '1', folder.url('tap.sock'), silent], 0, /^(listening .*\n)?$/],
  ])('%s', async (_what, args, status, said) => {
    const connected = once(mute, 'connection');
    const program = await startTtrpc(args);
    await connected;
    program.child.kill('SIGINT');
    const end = await program.ended;
    expect(end).toMatchObject({ status, stdout: '' });
    expect(end.stderr).toMatch(said);
  });
});

describe('values of flags', () => {
  test.each([
    ['bench', '--total', '0', /^--total: expected an integer from 1, got '0'$/],
    ['bench', '--total', '1.5', /^--total: expected an integer from 1, got '1.5'$/],
    ['bench', '--concurrency', '0', /^--concurrency: expected an integer from 1/],
    ['bench', '--connections', 'two', /^--connections: expected an integer from 1, got 'two'$/],
    ['bench', '--duration', '10s', /^--duration: expected a number from 0.001, got '10s'$/],
    ['bench', '--rps', '-5', /^--rps: expected a value, got another flag; a value .* --rps=-…$/],
    ['bench', '--rps=-5', '--nri-mux', /^--rps: expected a number, step:.* got '-5'$/],
    ['bench', '--rps', 'step:1:2', /^--rps: expected a number, step:/],
    ['bench', '--format', 'xml', /^--format: expected summary, json, csv, got 'xml'$/],
    ['bench', '--max-time', '0', /^--max-time: expected a number from 0.001, got '0'$/],
    ['bench', '-H', 'nonsense', /^-H 'nonsense': expected 'key: value'$/],
    ['call', '--max-time', 'soon', /^--max-time: expected a number from/],
    ['call', '-H', 'nonsense', /^-H 'nonsense': expected 'key: value'$/],
    ['call', '-d', '@/none', /^\/none: there is no such file$/],
    ['call', '-d', '-1', /^-d: expected a value, got another flag; a value .* -d=-…$/],
    ['call', '-d={}', '-d={}', /^--data is given twice: several requests stand in one, one after another$/],
    ['call', '-d={}', '-x', /^ttrpc call has no flag -x\. Those of one letter are -d, -H, -v\.$/],
    ['call', '-d={}', '--emit-defaults=maybe', /^--emit-defaults: takes no value$/],
  ])('%s %s %s', async (command, flag, value, what) => {
    await fails([command, flag, value, ours, METHOD], what);
  });

  test('a value that is not there', async () => {
    await fails(['call', ours, METHOD, '--data'], '--data: expected a value, got nothing');
    await fails(['list', ours, '-v'], 'ttrpc list has no flag -v.');
  });

  test.each([
    ['health', '--max-time', 'soon', /^--max-time: expected a number from/],
    ['health', '-H', 'nonsense', /^-H 'nonsense': expected 'key: value'$/],
    ['health', '--connect-timeout', '0', /^--connect-timeout: expected a number from/],
  ])('%s %s %s', async (command, flag, value, what) => {
    await fails([command, flag, value, ours], what);
  });

  test.each(['call', 'list', 'describe', 'bench', 'tap', 'replay', 'health', 'completion'])(
    '%s without arguments, with too many, with an unknown flag',
    async (command) => {
      await fails([command], new RegExp(`^ttrpc ${command} needs <.*: no argument was given$`));
      await fails([command, 'a', 'b', 'c'], /'.' is one argument too many$/);
      await fails([command, '--hlep'], new RegExp(`^ttrpc ${command} has no flag --hlep\\.`));
    },
  );

  test('an unknown command, an unknown shell', async () => {
    await fails(['lisst'], /^no command 'lisst': expected call, list, .*Did you mean 'list'\?$/);
    await fails(['help', 'cal'], /^no command 'cal': expected call, .*Did you mean 'call'\?$/);
    await fails(['--version', 'x'], "ttrpc --version: 'x' is one argument too many");
    await fails(['help', 'call', 'x'], "ttrpc help: 'x' is one argument too many");
    await fails(['-help', 'cal'], /Did you mean 'call'\?$/);
    await fails(['-version', 'x'], "ttrpc -version: 'x' is one argument too many");
    await fails(['--help', 'cal'], /Did you mean 'call'\?$/);
    await fails(['--versoin'], /Did you mean '--version'\?$/);
    await fails(['completion', 'tcsh'], "no completion for 'tcsh': expected bash, zsh or fish");
  });
});

describe('health', () => {
  test.each([
    [['--max-time', '0.5'], '0.5'],
    [['--max-time', '0.5', '--connect-timeout', '60'], '0.5'],
    [['--max-time', '60', '--connect-timeout', '0.4'], '0.4'],
  ])('connecting is within the time, too: %j', async (flags, seconds) => {
    const began = performance.now();
    const end = await ttrpc(['health', ...flags, '--hybrid-vsock', '1', silent]);
    expect(end).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^ttrpc: [^\n]*\n$/) });
    expect(end.stderr).toContain(`within ${seconds} s`);
    expect(performance.now() - began).toBeLessThan(4000);
  });

  test('nobody serves the socket, an invalid address, a gRPC server', async () => {
    await fails(['health', none], `cannot connect to ${none}: there is no such socket (ENOENT)`);
    await fails(['health', 'localhost:1'], /tcp:\/\/localhost:1/);
    const end = await ttrpc(['health', grpc]);
    expect(end).toMatchObject({ status: 64 + 14, stdout: '' });
    expect(end.stderr).toMatch(/HTTP\/2 \(gRPC\?\)/);
  });

  test('a response that is none', async () => {
    const url = folder.url('garbage.sock');
    const garbage = await serve(url, {
      'grpc.health.v1.Health': {
        Check: () => Uint8Array.of(8, 0xff, 0xff),
        Watch: {
          shape: 'server-streaming',
          async *handle() {
            yield Uint8Array.of(8, 0xff, 0xff);
          },
        },
      },
    });
    try {
      for (const flags of [[], ['--watch']]) {
        await fails(['health', ...flags, url], /^the response is not a grpc\.health\.v1\.HealthCheckResponse: [^\n]*$/);
      }
    } finally {
      await garbage.close();
    }
  });
});

describe('tap', () => {
  const listen = folder.url('tap.sock');

  test('what it cannot use', async () => {
    await fails(['tap', ours, ours], 'both addresses are the same');
    await fails(['tap', 'localhost:1', ours], /tcp:\/\/localhost:1/);
    await fails(['tap', listen, 'localhost:1'], /tcp:\/\/localhost:1/);
    await fails(['tap', ours, none], /ours\.sock.*(EADDRINUSE|another|in use)/);
    await fails(['tap', folder.url('no/folder.sock'), ours], /no\/folder\.sock/);
    await fails(['tap', '--save', file('folder'), listen, ours], `--save ${file('folder')}: it is a folder`);
    await fails(['tap', '--format', 'xml', listen, ours], "--format: expected text, ndjson, got 'xml'");
    await fails(['tap', '--proto', file('broken.proto'), listen, ours], /broken\.proto:4:3: /);
    await fails(['tap', '--hybrid-vsock', 'x', listen, ours], /^--hybrid-vsock: expected an integer/);
    await fails(['tap', '--connect-timeout', 'x', listen, ours], /^--connect-timeout: expected a number/);
  });

  test.each([
    ['that is not there', none, 'there is no such socket'],
    ['of gRPC', grpc, 'HTTP/2'],
  ])('a target %s is noted, and the client told', async (_what, target, text) => {
    const tap = await startTtrpc(['tap', '--no-reflection', listen, target]);
    await tap.complains('listening on');
    const end = await ttrpc(['call', '--proto', GREETER, '--max-time', '20', listen, METHOD]);
    expect(end.status).toBe(64 + 14);
    await tap.shows(text);
    tap.child.kill('SIGINT');
    expect((await tap.ended).status).toBe(0);
  });
});

describe('replay', () => {
  test('what it cannot use', async () => {
    await fails(['replay', file('none'), ours], `${file('none')}: there is no such file`);
    await fails(['replay', file('folder'), ours], `${file('folder')}: it is a folder`);
    await fails(['replay', file('empty'), ours], `${file('empty')} is empty: expected a recording of ttrpc tap --save`);
    await fails(['replay', file('text'), ours], `${file('text')} is no recording of ttrpc tap --save`);
    await fails(['replay', file('cut'), ours], `${file('cut')} has no frame of a client: there is nothing to replay`);
    await fails(['replay', file('later'), ours], /is a recording of version 9: this ttrpc reads version 1$/);
    await fails(['replay', recording, none], `cannot connect to ${none}: there is no such socket (ENOENT)`);
    await fails(['replay', recording, 'localhost:1'], /tcp:\/\/localhost:1/);
    await fails(['replay', '--max-time', 'x', recording, ours], /^--max-time: expected a number/);
    await fails(['replay', '--format', 'xml', recording, ours], "--format: expected text, ndjson, got 'xml'");
    await fails(['replay', '--proto', file('broken.proto'), recording, ours], /broken\.proto:4:3: /);
  });
});

test('completion says nothing where nothing is known, and does not fail', async () => {
  for (const words of [
    ['call', none, ''],
    ['call', grpc, ''],
    ['lisst', ''],
    ['call', '--nonsense', ours, ''],
    ['call', 'x:y', ''],
  ]) {
    expect(await ttrpc(['__complete', ...words])).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
  }
});
