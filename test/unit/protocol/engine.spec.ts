import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connect,
  serve,
  TtrpcError,
  TtrpcStatus,
  type RawClient,
  type RawServer,
} from '../../../src/protocol/index.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array): string => Buffer.from(value).toString();

describe('the raw engine', () => {
  let folder: string;
  let server: RawServer;
  let client: RawClient;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ttrpc-'));
    server = await serve(`unix://${folder}/s.sock`, {
      'demo.Raw': {
        Echo: (request) => request,
        Count: {
          shape: 'server-streaming',
          async *handle(request) {
            for (let i = 0; i < Number(text(request)); i++) yield bytes(String(i));
          },
        },
        Sum: {
          shape: 'client-streaming',
          async handle(parts) {
            let sum = 0;
            for await (const part of parts) sum += Number(text(part));
            return bytes(String(sum));
          },
        },
        Shout: {
          shape: 'bidi',
          async *handle(lines) {
            for await (const line of lines) yield bytes(text(line).toUpperCase());
          },
        },
        Fail: () => {
          throw new TtrpcError(TtrpcStatus.NOT_FOUND, 'nothing here', {
            details: [{ typeUrl: 'type.googleapis.com/x.Y', value: bytes('abc') }],
          });
        },
        Wait: (_request, context) =>
          new Promise((_resolve, reject) => {
            context.signal.addEventListener('abort', () => reject(context.signal.reason as Error));
          }),
      },
    });
    client = await connect(`unix://${folder}/s.sock`);
  });

  afterEach(async () => {
    client.close();
    await server.close();
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('answers unary calls of all sizes', async () => {
    for (const size of [0, 1, 100, 127, 128, 16383, 16384, 65536, 1 << 20]) {
      const answer = await client.call('demo.Raw', 'Echo', Buffer.alloc(size, 7));
      expect(answer.length).toBe(size);
      expect(answer.every((byte) => byte === 7)).toBe(true);
    }
  });

  it('answers many calls at once', async () => {
    const sent = Array.from({ length: 500 }, (_, i) => `call ${i} ${'x'.repeat((i * 37) % 3000)}`);
    const answers = await Promise.all(sent.map((each) => client.call('demo.Raw', 'Echo', bytes(each))));
    expect(answers.map(text)).toEqual(sent);
  });

  it('streams from the server', async () => {
    const stream = client.stream('demo.Raw', 'Count', 'server-streaming');
    await stream.send(bytes('20000'));
    let next = 0;
    for await (const message of stream) expect(text(message)).toBe(String(next++));
    expect(next).toBe(20000);
  });

  it('streams from the client', async () => {
    const stream = client.stream('demo.Raw', 'Sum', 'client-streaming');
    for (let i = 0; i < 20000; i++) await stream.send(bytes(String(i)));
    stream.closeSend();
    const answers: string[] = [];
    for await (const message of stream) answers.push(text(message));
    expect(answers).toEqual([String((20000 * 19999) / 2)]);
  });

  it('streams both ways', async () => {
    const stream = client.stream('demo.Raw', 'Shout', 'bidi');
    const answers: string[] = [];
    const reading = (async () => {
      for await (const message of stream) answers.push(text(message));
    })();
    for (const word of ['one', 'two', 'three']) await stream.send(bytes(word));
    stream.closeSend();
    await reading;
    expect(answers).toEqual(['ONE', 'TWO', 'THREE']);
  });

  it('hands on errors with their details', async () => {
    await expect(client.call('demo.Raw', 'Fail', bytes(''))).rejects.toMatchObject({
      code: TtrpcStatus.NOT_FOUND,
      message: 'nothing here',
      details: [{ typeUrl: 'type.googleapis.com/x.Y', value: new Uint8Array(bytes('abc')) }],
    });
  });

  it('names what a server does not serve', async () => {
    await expect(client.call('demo.Raw', 'Nope', bytes(''))).rejects.toMatchObject({
      code: TtrpcStatus.UNIMPLEMENTED,
      message: 'method Nope',
    });
    await expect(client.call('demo.Nope', 'Echo', bytes(''))).rejects.toMatchObject({
      code: TtrpcStatus.UNIMPLEMENTED,
      message: 'service demo.Nope',
    });
  });

  it('ends a call at its deadline', async () => {
    await expect(client.call('demo.Raw', 'Wait', bytes(''), { timeoutMs: 20 })).rejects.toMatchObject({
      code: TtrpcStatus.DEADLINE_EXCEEDED,
    });
  });

  it('refuses messages above the limit with both sizes, and goes on', async () => {
    await expect(client.call('demo.Raw', 'Echo', Buffer.alloc(4 << 20))).rejects.toMatchObject({
      code: TtrpcStatus.RESOURCE_EXHAUSTED,
      message: expect.stringMatching(/^message length 41943\d\d exceeds the maximum of 4194304 bytes$/),
    });
    expect(text(await client.call('demo.Raw', 'Echo', bytes('still here')))).toBe('still here');
  });
});
