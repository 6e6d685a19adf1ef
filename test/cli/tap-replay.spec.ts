import { once } from 'node:events';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import protobuf from 'protobufjs';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { builtCommand, startTtrpc, ttrpc } from '../support/built-command.js';
import type { ProgramEnd } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { frameOf, requestData, responseData, statusData } from './tap-frames.js';

jest.setTimeout(30_000);

beforeAll(() => builtCommand(), 120_000);

/** What the replay knows; the server's messages have more fields. */
const KNOWN = `syntax = "proto3";
package demo.v1;
import "google/protobuf/any.proto";
service Demo { rpc Get(Item) returns (Item); }
message Item {
  string name = 1;
  Item inner = 4;
  repeated Item list = 5;
  map<string, Item> by_name = 6;
  map<string, string> words = 7;
  google.protobuf.Any any = 8;
}`;

const { root } = protobuf.parse(
  KNOWN.replace('import "google/protobuf/any.proto";', '')
    .replace('google.protobuf.Any', 'Packed')
    .replace('string name = 1;', 'string name = 1; int64 count = 2; Item more = 3;')
    .concat('message Packed { string url = 1; bytes value = 2; }'),
);
const Item = root.lookupType('demo.v1.Item');
const encoded = (item: object): Uint8Array => Item.encode(Item.fromObject(item)).finish();

describe('ttrpc replay compares all of a message', () => {
  let folder: TempFolder;
  let server: Server | undefined;

  beforeEach(() => {
    folder = new TempFolder();
    writeFileSync(folder.file('known.proto'), KNOWN);
  });
  afterEach(() => {
    server?.close();
    server = undefined;
    folder.remove();
  });

  const record = (...lines: object[]): string => {
    const file = folder.file('calls.ttrpc');
    const head = { format: 'ttrpc-recording', version: 1, begun: '2026-01-01T00:00:00Z', nri: false };
    writeFileSync(file, [head, ...lines].map((line) => `${JSON.stringify({ connection: 1, ...line })}\n`).join(''));
    return file;
  };
  const frame = (at: number, from: 'client' | 'server', type: number, data: Uint8Array): object => {
    return { at, event: 'frame', from, stream: 1, type, flags: 0, data: Buffer.from(data).toString('base64') };
  };
  const REQUEST = requestData('demo.v1.Demo', 'Get');
  const serve = async (onRequest: (socket: Socket) => void): Promise<void> => {
    server = createServer((socket) => socket.once('data', () => onRequest(socket)));
    await new Promise<void>((resolve) => server?.listen(folder.file('s.sock'), resolve));
  };

  /** Replays a call whose recorded response is `was` to a server whose response is `is`. */
  const replayed = async (was: Uint8Array, is: Uint8Array, ...flags: string[]): Promise<ProgramEnd> => {
    const file = record({ at: 0, event: 'connected' }, frame(1, 'client', 1, REQUEST), frame(2, 'server', 2, was));
    server?.close();
    await serve((socket) => socket.end(frameOf(1, 2, is)));
    return ttrpc(['replay', '--proto', folder.file('known.proto'), ...flags, file, folder.url('s.sock')]);
  };
  const differencesOf = async (was: object, is: object, ...flags: string[]): Promise<string[]> => {
    const end = await replayed(responseData(encoded(was)), responseData(encoded(is)), ...flags);
    const [first = '', ...found] = end.stdout.trimEnd().split('\n');
    expect(first).toBe(`1:1 demo.v1.Demo/Get OK: ${found.length === 0 ? 'same' : 'different'}`);
    expect(end.status).toBe(found.length === 0 ? 0 : 2);
    return found.map((line) => line.replace('  message 1: ', ''));
  };

  test('fields that the schema does not have, by their numbers, wherever they are', async () => {
    const packed = (count: number): object => {
      return { url: 'type.googleapis.com/demo.v1.Item', value: encoded({ name: 'a', count }) };
    };
    const item = (count: number): object => ({
      name: 'a',
      count,
      more: { count: 7, inner: { count } },
      inner: { name: 'b', count },
      list: [{ count: 5 }, { count }],
      byName: { key: { count } },
      any: packed(count),
    });
    expect(await differencesOf(item(1), item(2))).toEqual([
      '2: recorded 1, got 2',
      '3.4.2: recorded 1, got 2',
      'inner.2: recorded 1, got 2',
      'list[1].2: recorded 1, got 2',
      'byName.key.2: recorded 1, got 2',
      'any.2: recorded 1, got 2',
    ]);
    expect(await differencesOf({ inner: { count: 1 } }, { inner: {} })).toEqual(['inner.2: recorded 1, got nothing']);
  });

  test('fields and map entries in another order are the same message', async () => {
    const parts = [{ name: 'a' }, { count: 1 }, { more: { count: 2 } }, { words: { a: '1' } }, { words: { b: '2' } }];
    const bytes = parts.map(encoded);
    const end = await replayed(responseData(Buffer.concat(bytes)), responseData(Buffer.concat(bytes.reverse())));
    expect(end).toMatchObject({ status: 0, stdout: '1:1 demo.v1.Demo/Get OK: same\n' });
  });

  test('--ignore takes the number of a field that the schema does not have', async () => {
    const [was, is] = [
      { count: 1, inner: { count: 1 } },
      { count: 2, inner: { count: 2 } },
    ];
    expect(await differencesOf(was, is, '--ignore', 'inner.2')).toEqual(['2: recorded 1, got 2']);
    const [one, two] = [was, is].map((item) => responseData(encoded(item))) as [Uint8Array, Uint8Array];
    expect(await replayed(one, two, '--ignore', '2')).toMatchObject({
      status: 0,
      stderr: '1 call: 1 as recorded, 0 different\n',
    });
  });

  test('a map may have any key', async () => {
    const [was, is] = ['tenant', '__proto__'].map((key) => {
      // Entry by entry: protobufjs does not write such a key.
      const entry = protobuf.Writer.create().uint32(10).string(key).uint32(18).string('x').finish();
      return responseData(protobuf.Writer.create().uint32(58).bytes(entry).finish());
    }) as [Uint8Array, Uint8Array];
    expect((await replayed(was, is)).stdout.trimEnd().split('\n').slice(1)).toEqual([
      '  message 1: words.tenant: recorded "x", got nothing',
      '  message 1: words.__proto__: recorded nothing, got "x"',
    ]);
  });

  test('a key of a map is no field that --ignore names', async () => {
    const [was, is] = ['1', '2'].map((word) => ({ words: { 'example.com/"a".name': word } }));
    const path = String.raw`words["example.com/\"a\".name"]`;
    expect(await differencesOf(was as object, is as object, '--ignore', 'name')).toEqual([
      `${path}: recorded "1", got "2"`,
    ]);
    expect(await differencesOf(was as object, is as object, '--ignore', 'words')).toEqual([]);
  });

  test('the details of a status, and a text that forges no line', async () => {
    const status = (count: number): Uint8Array =>
      statusData(5, 'gone\nnot here', 'type.googleapis.com/demo.v1.Item', encoded({ name: 'a', count }));
    expect(await replayed(status(1), status(1))).toMatchObject({ status: 0 });
    const found = await replayed(status(1), status(2));
    expect(found).toMatchObject({ status: 2 });
    const detail = (count: number): string => `[{"@type":"type.googleapis.com/demo.v1.Item","name":"a","2":${count}}]`;
    const text = String.raw`NOT_FOUND: gone\nnot here`;
    // A key that is a number comes first in JavaScript.
    const shown = found.stdout.replace(/\{"2":(\d),(.*?)\}/g, '{$2,"2":$1}');
    expect(shown.split('\n')[1]).toBe(`  status: recorded ${text} ${detail(1)}, got ${text} ${detail(2)}`);
  });

  const CALL = [{ at: 0, event: 'connected' }, frame(1, 'client', 1, REQUEST)];
  const OK = frame(2, 'server', 2, responseData(encoded({ name: 'a' })));
  const replay = (file: string, ...flags: string[]): Promise<ProgramEnd> =>
    ttrpc(['replay', '--proto', folder.file('known.proto'), ...flags, file, folder.url('s.sock')]);

  test('a call that was in flight when its client left, or the tap ended, is compared as far as it was recorded', async () => {
    const message = frame(2, 'server', 3, encoded({ name: 'a' }));
    await serve((socket) => {
      const first = frameOf(1, 3, encoded({ name: 'a' }));
      socket.end(Buffer.concat([first, first, frameOf(1, 2, statusData(5, 'gone'))]));
    });
    const ended = { status: 0, stdout: '1:1 demo.v1.Demo/Get no status: same\n' };
    expect(await replay(record(...CALL, message))).toMatchObject(ended);
    expect(await replay(record(...CALL, message, { at: 3, event: 'end', from: 'client' }))).toMatchObject(ended);
    // What comes is not awaited: the end of the connection is.
    const ours = await replay(record(...CALL, message, message, message, { at: 3, event: 'end', from: 'server' }));
    expect(ours).toMatchObject({ status: 2, stdout: expect.stringContaining('status: recorded none, got NOT_FOUND') });
  });

  test('of long values a line shows where they differ, and NDJSON all', async () => {
    const [was, is] = ['b', 'c'].map((letter) =>
      responseData(encoded({ name: `${'a'.repeat(3000)}${letter}${'d'.repeat(3000)}` })),
    );
    const found = await replayed(was as Uint8Array, is as Uint8Array);
    const shown = (letter: string): string => `…${'a'.repeat(20)}${letter}${'d'.repeat(479)}… (6003 characters)`;
    expect(found.stdout.split('\n')[1]).toBe(`  message 1: name: recorded ${shown('b')}, got ${shown('c')}`);
    const json = await replayed(was as Uint8Array, is as Uint8Array, '--format', 'ndjson');
    expect(json.stdout.length).toBeGreaterThan(12_000);
  });

  test('a last line that is cut short is left out, with a word', async () => {
    const file = record(...CALL, OK);
    appendFileSync(file, JSON.stringify(frame(3, 'client', 1, REQUEST)).slice(0, 40));
    await serve((socket) => socket.end(frameOf(1, 2, responseData(encoded({ name: 'a' })))));
    expect(await replay(file)).toMatchObject({
      status: 0,
      stderr: `ttrpc: ${file}:5 is cut short and left out\n1 call: 1 as recorded, 0 different\n`,
    });
  });

  test('a last line that is whole and wrong is an error, and so is a file without line breaks', async () => {
    const file = record(...CALL);
    appendFileSync(file, '{"at":3,"conn\n');
    expect(await replay(file)).toMatchObject({ status: 1, stderr: `ttrpc: ${file}:4: not a line of a recording\n` });
    const zeros = record(...CALL);
    truncateSync(zeros, 700_000_000);
    expect(await replay(zeros)).toMatchObject({ status: 1, stderr: `ttrpc: ${file}:4: not a line of a recording\n` });
    writeFileSync(zeros, '');
    truncateSync(zeros, 700_000_000);
    expect(await replay(zeros)).toMatchObject({
      status: 1,
      stderr: `ttrpc: ${file} is no recording of ttrpc tap --save\n`,
    });
  });

  test.each([
    ['data that is no base64', { ...CALL[1], data: 'not base64' }],
    ['a stream below 0', { ...CALL[1], stream: -1 }],
    ['a type that is no byte', { ...CALL[1], type: 256 }],
    ['an end of nobody', { at: 1, event: 'end' }],
    ['no time', { ...CALL[1], at: 'now' }],
    ['something else', ['connected']],
  ])('a line with %s is an error with its place', async (_what, line) => {
    const file = record(CALL[0] as object, line, CALL[1] as object);
    expect(await replay(file)).toMatchObject({ status: 1, stderr: `ttrpc: ${file}:3: not a line of a recording\n` });
  });

  test('frames that nobody waits for do not put off the end of a replay', async () => {
    const sending = new Set<Socket>();
    const file = record(...CALL, OK);
    await serve((socket) => {
      sending.add(socket);
      const other = frameOf(99, 3, new Uint8Array());
      const send = (): void => void (sending.has(socket) && socket.write(other, () => setImmediate(send)));
      socket.on('error', () => undefined).on('close', () => sending.delete(socket));
      send();
    });
    expect(await replay(file, '--max-time', '0.3')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('has not sent a frame of stream 1 on connection 1 within 0.3 s'),
    });
  });

  test('a server that sends for ever what is not recorded ends the replay', async () => {
    const file = record(...CALL, OK);
    await serve((socket) => {
      const other = frameOf(99, 3, new Uint8Array(1 << 20));
      // Node calls back with the error before the socket counts as destroyed: sending again then would never end.
      const send = (error?: Error | null): void => void (error || socket.write(other, send));
      socket.on('error', () => undefined);
      send();
    });
    expect(await replay(file)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(
        'the replay stopped: the server sends without an end what is not recorded, of stream 99 on connection 1\n',
      ),
    });
  });

  test('a server that does not read is waited for, and not for ever', async () => {
    const large = frame(1, 'client', 3, new Uint8Array(1 << 20));
    const file = record(...CALL, large, large, large);
    server = createServer((socket) => socket.on('error', () => undefined).pause());
    await new Promise<void>((resolve) => server?.listen(folder.file('s.sock'), resolve));
    const open = new Promise<Socket>((resolve) => server?.once('connection', resolve));
    expect(await replay(file, '--max-time', '0.3')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the server has not read what was sent on connection 1 within 0.3 s'),
    });
    (await open).destroy();
  });

  test('Ctrl-C ends a replay that waits for the time of the next frame', async () => {
    const requests: Socket[] = [];
    await serve((socket) => requests.push(socket) && server?.emit('asked'));
    const file = record(
      { at: 0, event: 'connected' },
      frame(0, 'client', 1, REQUEST),
      frame(3_600_000, 'client', 1, REQUEST),
    );
    const args = ['replay', '--no-reflection', '--keep-time', file, folder.url('s.sock')];
    const program = await startTtrpc(args);
    try {
      if (requests.length === 0) await once(server as Server, 'asked');
      program.child.kill('SIGINT');
      expect(await program.ended).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('ttrpc: the replay stopped: interrupted\n'),
      });
    } finally {
      await program.kill();
    }
  });
});
