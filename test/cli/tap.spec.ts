import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { createServer as createHttp2Server } from 'node:http2';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { RawServer } from '../../src/protocol/server/serve.js';
import { connect } from '../../src/protocol/client/connect.js';
import { builtCommand, ttrpc } from '../support/built-command.js';
import type { ProgramEnd } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { cases } from '../interop/cases.js';
import { goProgram, goVersion, startGoDriver } from '../interop/go-peer.js';
import type { Driver } from '../interop/peer.js';
import { ServerPeer } from '../interop/peer.js';
import { Program } from '../interop/program.js';
import { applies } from '../interop/report.js';
import { runCase } from '../interop/run-case.js';
import { serveReflecting } from './reflecting-server.js';
import { recordingOf, shapeOf, Tapped } from './tapped.js';

jest.setTimeout(120_000);

const MIB = 1 << 20;
const INTEROP = ['--proto', fileURLToPath(new URL('../interop/proto/interop.proto', import.meta.url))];
const GO = { client: 'go', server: 'go', title: 'go -> go' } as const;
/** Without those that only differ in their shape from one that takes as long. */
const CASES = cases.filter(
  (one) => applies(one, GO) && !/^100,000 messages, (server|client)-streaming$/.test(one.name),
);

beforeAll(() => builtCommand(), 120_000);

((await goVersion()) === undefined ? describe.skip : describe)("ttrpc tap between Go's client and Go's server", () => {
  const folder = new TempFolder();
  let program: Program;
  let driver: Driver;

  beforeAll(async () => {
    [program] = await Program.start('go server', await goProgram('server'), ['-addr', folder.url('s.sock')]);
    driver = await startGoDriver();
  }, 300_000);
  afterAll(async () => {
    await driver.stop();
    await program.stop();
    folder.remove();
  });

  let tapped: Tapped;
  afterEach(async () => {
    await tapped.stop();
  });

  test('prints each call, message and status, decoded, in the order of the wire', async () => {
    tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), [...INTEROP, '--format', 'ndjson']);
    await driver.connect('a', folder.url('t.sock'));
    const unary = { request: { seq: 7, bodyBytes: 3 }, metadata: { Tenant: ['acme', 'b'] }, timeoutMs: 30_000 };
    await driver.call('a', { op: 'unary', ...unary });
    await driver.call('a', { op: 'server-stream', request: { replyCount: 2 } });
    await driver.call('a', { op: 'client-stream', requests: [{ seq: 1 }, { seq: 2 }] });
    await driver.call('a', { op: 'bidi', requests: [{ seq: 3 }, { seq: 4 }], lockstep: true });
    await driver.call('a', { op: 'unary', request: { fail: { code: 5, message: 'nothing here' } } });
    await driver.close('a');
    await tapped.shows('"disconnected"');
    const lines = tapped.lines();
    const short = shapeOf(lines).map((line) => line.replace(/ \{.*/, ''));
    expect(short).toEqual([
      '→ request Unary',
      '← status Unary OK',
      '→ request ServerStream',
      '← message ServerStream',
      '← message ServerStream',
      '← status ServerStream OK',
      '→ request ClientStream',
      '→ message ClientStream',
      '→ message ClientStream',
      '→ half-close ClientStream',
      '← status ClientStream OK',
      '→ request Bidi',
      '→ message Bidi',
      '← message Bidi',
      '→ message Bidi',
      '← message Bidi',
      '→ half-close Bidi',
      '← status Bidi OK',
      '→ request Unary',
      '← status Unary NOT_FOUND',
    ]);
    const [connected, request, status] = lines;
    expect(connected).toMatchObject({ event: 'connected', connection: 1 });
    expect(request).toMatchObject({
      service: 'interop.v1.Interop',
      metadata: { tenant: ['acme', 'b'] },
      message: { seq: '7', body: 'BwgJ' },
    });
    expect(request?.timeoutMs).toBeGreaterThan(20_000);
    expect(status).toMatchObject({ status: 'OK', code: 0, message: { seq: '7', totalBytes: '3' } });
    expect(status?.durationMs).toBeGreaterThan(0);
    expect(lines.at(-2)).toMatchObject({ code: 5, text: 'nothing here' });
    expect(await tapped.stop()).toMatchObject({ status: 0 });
  });

  test('without a schema, messages are guessed by their wire types', async () => {
    tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), ['--format', 'ndjson']);
    await driver.connect('b', folder.url('t.sock'));
    await driver.call('b', { op: 'unary', request: { seq: 7, fail: { code: 5, message: 'nothing here' } } });
    await driver.close('b');
    await tapped.shows('"disconnected"');
    expect(tapped.lines()[1]).toMatchObject({ guessed: true, message: { 1: 7, 6: { 1: 5, 2: 'nothing here' } } });
  });

  test('text for people: one line for each event', async () => {
    tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), INTEROP);
    await driver.connect('c', folder.url('t.sock'));
    await driver.call('c', { op: 'unary', request: { seq: 7 }, metadata: { tenant: ['acme'] } });
    await driver.call('c', { op: 'server-stream', request: { replyCount: 1 } });
    await driver.close('c');
    await tapped.shows('disconnected');
    const time = String.raw`\d\d:\d\d:\d\d\.\d{3}`;
    const lines = tapped.program.output().trim().split('\n');
    const forms = [
      `${time} 1 connected`,
      String.raw`${time} 1:1 → interop\.v1\.Interop/Unary \[tenant: acme\] \{"seq":"7"\}`,
      String.raw`${time} 1:1 ← Unary OK \d+(\.\d\d)? ms \{"seq":"7".*\}`,
      String.raw`${time} 1:3 → interop\.v1\.Interop/ServerStream \{"replyCount":1\}`,
      String.raw`${time} 1:3 ← ServerStream message 1 \{.*\}`,
      String.raw`${time} 1:3 ← ServerStream OK \d+(\.\d\d)? ms after 1 message`,
      `${time} 1 disconnected`,
    ];
    expect(lines).toHaveLength(forms.length);
    forms.forEach((form, at) => expect(lines[at]).toMatch(new RegExp(`^${form}$`)));
  });

  test('a call that its client gives up has no status', async () => {
    tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), ['--format', 'ndjson']);
    await driver.connect('d', folder.url('t.sock'));
    const call = driver.call('d', { op: 'bidi', requests: [{ seq: 3 }], keepOpen: true }, 'forever');
    await driver.awaitReplies('forever', 1);
    await driver.close('d');
    await call;
    await tapped.shows('"disconnected"');
    expect(tapped.lines().at(-2)).toMatchObject({ event: 'unfinished', service: 'interop.v1.Interop', method: 'Bidi' });
  });

  test('a recording is replayed: every response is as recorded, and what is not is named', async () => {
    const file = folder.file('calls.ttrpc');
    tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), [...INTEROP, '--save', file]);
    await driver.connect('e', folder.url('t.sock'));
    await driver.call('e', { op: 'unary', request: { seq: 7, bodyBytes: 5 } });
    await driver.call('e', { op: 'server-stream', request: { replyCount: 3, replyBytes: 2 } });
    await driver.call('e', { op: 'bidi', requests: [{ seq: 3 }, { seq: 4 }], lockstep: true });
    await driver.call('e', { op: 'unary', request: { fail: { code: 5, message: 'gone' } } });
    await driver.close('e');
    await tapped.shows('disconnected');
    expect(await tapped.stop()).toMatchObject({ status: 0 });
    expect(recordingOf(file).filter(({ event }) => event === 'frame')).toHaveLength(16);

    const same = await ttrpc(['replay', ...INTEROP, file, folder.url('s.sock')]);
    expect(same).toMatchObject({ status: 0, stderr: '4 calls: 4 as recorded, 0 different\n' });
    expect(same.stdout).toBe(
      [
        '1:1 interop.v1.Interop/Unary OK: same',
        '1:3 interop.v1.Interop/ServerStream OK: same',
        '1:5 interop.v1.Interop/Bidi OK: same',
        '1:7 interop.v1.Interop/Unary NOT_FOUND: same\n',
      ].join('\n'),
    );

    // Another server: it knows neither the service nor how to fail in the same way.
    const other = await serveReflecting(folder.url('o.sock'));
    try {
      const different = await ttrpc(['replay', ...INTEROP, '--format', 'ndjson', file, folder.url('o.sock')]);
      expect(different.status).toBe(2);
      const [first] = different.stdout.split('\n');
      expect(JSON.parse(first ?? '')).toMatchObject({
        method: 'interop.v1.Interop/Unary',
        same: false,
        differences: [
          expect.stringMatching(/^message 1: recorded \{"seq":"7".*\}, got nothing$/),
          expect.stringMatching(/^status: recorded OK, got UNIMPLEMENTED/),
        ],
      });
    } finally {
      await other.close();
    }
  });
});

((await goVersion()) === undefined ? describe.skip : describe)(
  'every case of the interoperability list through ttrpc tap, Go to Go',
  () => {
    const folder = new TempFolder();
    let program: Program;
    let server: ServerPeer;
    let driver: Driver;
    let tapped: Tapped;

    beforeAll(async () => {
      [program] = await Program.start('go server', await goProgram('server'), ['-addr', folder.url('s.sock')]);
      tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), [...INTEROP, '--no-reflection']);
      server = new ServerPeer('go', folder.url('t.sock'), program);
      driver = await startGoDriver();
    }, 300_000);
    afterAll(async () => {
      await driver.stop();
      expect(await tapped.stop()).toMatchObject({ status: 0, stderr: expect.not.stringMatching(/ttrpc:/) });
      await program.stop();
      folder.remove();
    });

    for (const each of CASES) {
      test(each.name, () => runCase(each, driver, server), each.limitMs ?? 30_000);
    }
  },
);

describe('ttrpc tap', () => {
  let folder: TempFolder;
  let server: RawServer | undefined;
  let tapped: Tapped | undefined;

  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(async () => {
    await tapped?.stop();
    await server?.close();
    tapped = server = undefined;
    folder.remove();
  });

  test('the schema comes from the server, also from one that starts after the tap', async () => {
    tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), ['--format', 'ndjson']);
    const early = createConnection(folder.file('t.sock'));
    await once(early, 'close');
    await tapped.shows('there is no such socket');
    server = await serveReflecting(folder.url('s.sock'));
    const args = ['call', '--protoset', await setOf(folder), '-d', '{"firstName":"Ada"}'];
    expect(await ttrpc([...args, folder.url('t.sock'), 'demo.v1.Greeter/SayHello'])).toMatchObject({ status: 0 });
    await tapped.shows('"status":"OK"');
    expect(tapped.lines().find(({ event }) => event === 'request')).toMatchObject({ message: { firstName: 'Ada' } });

    const detailed = ['call', '--protoset', await setOf(folder), '-d', '{"firstName":"detail"}'];
    expect((await ttrpc([...detailed, folder.url('t.sock'), 'demo.v1.Greeter/SayHello'])).status).toBe(67);
    await tapped.shows('"status":"INVALID_ARGUMENT"');
    expect(tapped.lines().find(({ code }) => code === 3)?.details).toEqual([
      { '@type': 'type.googleapis.com/demo.v1.Friend', name: 'Bob' },
    ]);
  });

  test('a reader that is slow slows the sender: nothing is lost, and little is held', async () => {
    const frames = 192;
    const total = frames * (MIB + 10);
    const sink = createServer((socket) => {
      let count = 0;
      socket.on('data', (chunk: Buffer) => {
        count += chunk.length;
        if (count === total) socket.end('done');
        socket.pause();
        setTimeout(() => socket.resume(), 1);
      });
    });
    await new Promise<void>((resolve) => sink.listen(folder.file('s.sock'), resolve));
    try {
      tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), ['--no-reflection']);
      const before = peakMemory(tapped.program.child.pid);
      const client = createConnection({ path: folder.file('t.sock'), allowHalfOpen: true });
      await once(client, 'connect');
      // Data of 1 MiB, of a stream that is not open.
      const header = Buffer.from([0, 0x10, 0, 0, 0, 0, 0, 1, 3, 0]);
      const frame = Buffer.concat([header, Buffer.alloc(MIB)]);
      client.end(Buffer.concat(Array.from({ length: frames }, () => frame)));
      const [reply] = (await once(client, 'data')) as [Buffer];
      expect(reply.toString()).toBe('done');
      expect(peakMemory(tapped.program.child.pid) - before).toBeLessThan(96 * MIB);
      client.destroy();
      await tapped.shows('disconnected');
      expect(tapped.program.output().match(/1048576 bytes belongs to no open call/g)).toHaveLength(frames);
    } finally {
      sink.close();
    }
  });

  test('what is not ttrpc is passed on as it is, and named once', async () => {
    const http = createHttp2Server((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => http.listen(folder.file('s.sock'), resolve));
    try {
      tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), ['--no-reflection']);
      const { connect: connectHttp2 } = await import('node:http2');
      const session = connectHttp2('http://localhost', {
        createConnection: () => createConnection(folder.file('t.sock')),
      });
      const request = session.request({ ':path': '/' });
      const [text] = (await once(request, 'data')) as [Buffer];
      expect(text.toString()).toBe('hello');
      session.close();
      await tapped.shows('disconnected');
      expect(tapped.program.output()).toContain('→ this is HTTP/2 (gRPC?), not ttrpc: passed on as it is');
    } finally {
      http.close();
    }
  });

  test('a server that is reset resets the client', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(folder.file('s.sock'), resolve));
    try {
      tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), ['--no-reflection']);
      const client = await connect(folder.url('t.sock'));
      await expect(client.call('a.B', 'C', new Uint8Array())).rejects.toMatchObject({ code: 14 });
      client.close();
      await tapped.shows('has no status');
    } finally {
      server.close();
    }
  });

  const fails = async (args: string[]): Promise<string> => {
    const { stdout, stderr, status } = await ttrpc(args);
    expect({ stdout, status }).toEqual({ stdout: '', status: 1 });
    expect(stderr).toMatch(/^ttrpc: [^\n]*\n$/);
    return stderr.slice('ttrpc: '.length, -1);
  };

  test('what cannot be tapped is said in one line', async () => {
    const [from, to] = [folder.url('t.sock'), folder.url('s.sock')];
    expect(await fails(['tap', from, from])).toBe('both addresses are the same');
    expect(await fails(['tap', 'localhost:1', to])).toMatch(/tcp:\/\/localhost:1/);
    expect(await fails(['tap', '--save', folder.file('no/such/folder'), from, to])).toMatch(
      /^--save .*: there is no such file$/,
    );
    expect(await fails(['tap', '--format', 'xml', from, to])).toBe("--format: expected text, ndjson, got 'xml'");
    server = await serveReflecting(from);
    expect(await fails(['tap', from, to])).toMatch(/^cannot listen on .*another server listens there/);
  });

  test('what cannot be replayed is said in one line', async () => {
    const file = folder.file('r');
    const replay = (text: string): Promise<string> => {
      writeFileSync(file, text);
      return fails(['replay', file, folder.url('none.sock')]);
    };
    const head = '{"format":"ttrpc-recording","version":1,"begun":"2026-01-01T00:00:00Z","nri":false}';
    expect(await fails(['replay', folder.file('none'), folder.url()])).toMatch(/none: there is no such file$/);
    expect(await replay('')).toMatch(/is empty: expected a recording of ttrpc tap --save$/);
    expect(await replay('hello\n')).toMatch(/is no recording of ttrpc tap --save$/);
    expect(await replay(head.replace('1,', '9,'))).toMatch(/is a recording of version 9: this ttrpc reads version 1$/);
    expect(await replay(`${head}\n{"at":1,"conn\n{}`)).toMatch(/:2: not a line of a recording$/);
    expect(await replay(head)).toMatch(/has no frame of a client: there is nothing to replay$/);
    const frame = '{"at":1,"event":"frame","connection":1,"from":"client","stream":1,"type":1,"flags":0,"data":""}';
    expect(await replay(`${head}\n{"at":0,"event":"connected","connection":1}\n${frame}\n`)).toMatch(
      /there is no such socket/,
    );
  });

  test('what differs is named by its path, and --ignore lets fields differ, with a word where it can be misspelled', async () => {
    const file = folder.file('calls.ttrpc');
    server = await serveReflecting(folder.url('s.sock'));
    tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), ['--format', 'ndjson', '--save', file]);
    const args = ['call', '--protoset', await setOf(folder), '-H', 'run: one', '-d', '{"firstName":"Ada","count":1}'];
    expect(await ttrpc([...args, folder.url('t.sock'), 'demo.v1.Greeter/SayHello'])).toMatchObject({ status: 0 });
    await tapped.shows('"disconnected"');
    await tapped.stop();
    // The recorded response is that of another run: another number, and one word of metadata less.
    const response = Buffer.from('\u0012\u0016\u000a\u0009Hello Ada\u0010\u0007\u001a\u0007run=two', 'latin1');
    const lines = readFileSync(file, 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('"from":"server"') && line.includes('"type":2'));
    lines[at] = JSON.stringify({ ...(JSON.parse(lines[at] ?? '') as object), data: response.toString('base64') });
    writeFileSync(file, lines.join('\n'));

    const replay = (...flags: string[]): Promise<ProgramEnd> => ttrpc(['replay', ...flags, file, folder.url('s.sock')]);
    const found = await replay();
    expect(found.status).toBe(2);
    expect(found.stdout.split('\n')).toEqual([
      '1:1 demo.v1.Greeter/SayHello OK: different',
      '  message 1: number: recorded "7", got "1"',
      '  message 1: seen[0]: recorded "run=two", got "run=one"',
      '',
    ]);
    const some = await replay('--ignore', 'number');
    expect(some.status).toBe(2);
    expect(some.stdout).not.toContain('number:');
    expect(some.stdout).toContain('seen[0]: recorded');
    const all = await replay('--ignore', 'number', '--ignore', 'seen');
    expect(all).toMatchObject({ status: 0, stderr: '1 call: 1 as recorded, 0 different\n' });
    const misspelled = await replay('--ignore', 'nubmer');
    expect(misspelled.status).toBe(2);
    expect(misspelled.stderr).toContain(
      "ttrpc: --ignore nubmer: no message of the server has a field 'nubmer'. Did you mean 'number'?\n",
    );
    expect(await fails(['replay', '--ignore', 'a..b', file, folder.url('s.sock')])).toBe(
      "--ignore: expected the name of a field, such as pid or envelope.timestamp, got 'a..b'",
    );
  });

  test('a replay does not wait for ever', async () => {
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(folder.file('s.sock'), resolve));
    try {
      const file = folder.file('r');
      const frame = (from: string): object => ({ at: 1, event: 'frame', connection: 1, from, stream: 1, data: '' });
      writeFileSync(
        file,
        [
          { format: 'ttrpc-recording', version: 1, begun: '', nri: false },
          { at: 0, event: 'connected', connection: 1 },
          { ...frame('client'), type: 1, flags: 0 },
          { ...frame('server'), type: 2, flags: 0 },
        ]
          .map((line) => `${JSON.stringify(line)}\n`)
          .join(''),
      );
      const args = ['replay', '--no-reflection', '--max-time', '0.2', file, folder.url('s.sock')];
      expect(await ttrpc(args)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('has not sent a frame of stream 1 on connection 1 within 0.2 s'),
      });
    } finally {
      silent.close();
    }
  });
});

/** The most memory that a process has held so far, in bytes. */
function peakMemory(pid = 0): number {
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** A FileDescriptorSet of the greeter of serveReflecting. */
async function setOf(folder: TempFolder): Promise<string> {
  const file = folder.file('greeter.binpb');
  writeFileSync(file, (await import('./reflecting-server.js')).greeterSet());
  return file;
}
