import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import {
  connect,
  serve,
  TtrpcError,
  TtrpcStatus,
  type RawCallOptions,
  type RawClient,
  type RawServer,
  type RawStream,
} from '../../../src/protocol/index.js';
import { TempFolder } from '../../support/temp-folder.js';
import { turns } from '../../support/deferred.js';

const SERVICE = 'raw.v1.Raw';
const SHAPES = ['server-streaming', 'client-streaming', 'bidi'] as const;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

let folder: TempFolder;
let server: RawServer;
let client: RawClient;
/** Calls whose handlers have begun. */
let begun: string[];

beforeEach(async () => {
  folder = new TempFolder();
  begun = [];
  server = await serve(folder.url(), {
    [SERVICE]: {
      unary: (request, { method }) => {
        begun.push(method);
        return request;
      },
      'server-streaming': {
        shape: 'server-streaming',
        async *handle(request, { method }) {
          begun.push(method);
          yield await Promise.resolve(request);
        },
      },
      'client-streaming': {
        shape: 'client-streaming',
        async handle(messages, { method }) {
          begun.push(method);
          const all: string[] = [];
          for await (const message of messages) {
            all.push(text(message));
            if (all.at(-1) === 'enough') break;
          }
          return Buffer.from(all.join(' '));
        },
      },
      bidi: {
        shape: 'bidi',
        handle(messages, { method }) {
          begun.push(method);
          return messages;
        },
      },
    },
  });
  client = await connect(folder.url());
});

afterEach(async () => {
  client.close();
  await server.close();
  folder.remove();
});

/** What a call of `shape` with these options ends with, wherever that shows. */
async function errorOf(shape: 'unary' | (typeof SHAPES)[number], options: unknown): Promise<unknown> {
  try {
    if (shape === 'unary') await client.call(SERVICE, shape, Buffer.from('x'), options as RawCallOptions);
    else client.stream(SERVICE, shape, shape, options as RawCallOptions);
  } catch (error) {
    return error;
  }
  return undefined;
}

async function codeOf(failing: Promise<unknown>): Promise<{ code: TtrpcStatus; message: string }> {
  const error: unknown = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TtrpcError);
  return error as TtrpcError;
}

async function read(stream: RawStream): Promise<string[]> {
  const all: string[] = [];
  for await (const message of stream) all.push(text(message));
  return all;
}

describe.each(['unary', ...SHAPES] as const)('a %s call refuses, and sends nothing,', (shape) => {
  it.each([
    [-1, '-1'],
    [0, '0'],
    [NaN, 'NaN'],
    ['5', 'string "5"'],
  ])('a timeout of %p', async (timeoutMs, got) => {
    const error = await errorOf(shape, { timeoutMs });
    expect(error).toBeInstanceOf(TtrpcError);
    expect(error).toMatchObject({
      code: TtrpcStatus.INVALID_ARGUMENT,
      message: `timeoutMs: expected a number of milliseconds above 0, got ${got}`,
    });
    expect(begun).toEqual([]);
  });

  it('a signal that has aborted', async () => {
    const error = await errorOf(shape, { signal: AbortSignal.abort(new Error('too late')) });
    expect(error).toBeInstanceOf(TtrpcError);
    expect(error).toMatchObject({ code: TtrpcStatus.CANCELLED, message: 'the call was aborted: too late' });
    await client.call(SERVICE, 'unary', Buffer.from('a barrier'));
    expect(begun).toEqual(['unary']);
  });

  it.each([
    [{ signal: 'x' }, 'signal: expected an AbortSignal, got string "x"'],
    [{ metadata: { a: 1 } }, 'metadata "a": expected a string or an array of strings, got number'],
  ])('%p', async (options, message) => {
    expect(await errorOf(shape, options)).toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT, message });
    expect(begun).toEqual([]);
  });
});

describe('a raw stream', () => {
  it('has a shape', () => {
    for (const [shape, got] of [
      ['unary', 'string "unary"'],
      ['duplex', 'string "duplex"'],
      [undefined, 'undefined'],
    ]) {
      expect(() => client.stream(SERVICE, 'bidi', shape as 'bidi')).toThrow(
        `shape: expected 'server-streaming', 'client-streaming' or 'bidi', got ${got}`,
      );
    }
  });

  it.each(SHAPES)('has one reader: %s', async (shape) => {
    const stream = client.stream(SERVICE, shape, shape);
    await stream.send(Buffer.from('a'));
    if (shape !== 'server-streaming') stream.closeSend();
    expect(await read(stream)).toEqual(['a']);
    expect(await codeOf(read(stream))).toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: `${SERVICE}/${shape}: its messages have a reader already: they can be read once`,
    });
  });

  it.each(SHAPES)('sends bytes: %s', async (shape) => {
    const stream = client.stream(SERVICE, shape, shape);
    expect(await codeOf(stream.send('text' as never))).toMatchObject({
      code: TtrpcStatus.INVALID_ARGUMENT,
      message: 'expected a Uint8Array, got string',
    });
    stream.cancel();
  });

  it('takes nothing behind closeSend', async () => {
    const stream = client.stream(SERVICE, 'client-streaming', 'client-streaming');
    await stream.send(Buffer.from('one'));
    stream.closeSend();
    stream.closeSend();
    expect(await codeOf(stream.send(Buffer.from('two')))).toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: `${SERVICE}/client-streaming: its sending side is closed`,
    });
    expect(await read(stream)).toEqual(['one']);
  });

  it('whose server ends it well drops what is still sent, and does not starve the event loop', async () => {
    const stream = client.stream(SERVICE, 'client-streaming', 'client-streaming');
    await stream.send(Buffer.from('enough'));
    let over = false;
    const reading = read(stream).finally(() => (over = true));
    while (!over) await stream.send(Buffer.from('more'));
    expect(await reading).toEqual(['enough']);
  });

  it('with one request takes one', async () => {
    const stream = client.stream(SERVICE, 'server-streaming', 'server-streaming');
    await stream.send(Buffer.from('one'));
    expect(await codeOf(stream.send(Buffer.from('two')))).toMatchObject({ code: TtrpcStatus.FAILED_PRECONDITION });
    expect(await read(stream)).toEqual(['one']);
  });

  it('that waits for its one request ends by closeSend, cancel, signal and deadline all the same', async () => {
    const open = (options: RawCallOptions = {}): RawStream =>
      client.stream(SERVICE, 'server-streaming', 'server-streaming', options);
    const closed = open();
    closed.closeSend();
    expect(await codeOf(read(closed))).toMatchObject({ code: TtrpcStatus.FAILED_PRECONDITION });
    const cancelled = open();
    cancelled.cancel();
    expect(await codeOf(read(cancelled))).toMatchObject({ code: TtrpcStatus.CANCELLED });
    expect(await codeOf(cancelled.send(Buffer.from('x')))).toMatchObject({ code: TtrpcStatus.CANCELLED });
    expect(await codeOf(read(open({ timeoutMs: 10 })))).toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    const controller = new AbortController();
    const aborted = codeOf(read(open({ signal: controller.signal })));
    controller.abort();
    expect(await aborted).toMatchObject({ code: TtrpcStatus.CANCELLED });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    await turns(2);
    expect(begun).toEqual([]);
  });
});

describe('a raw client and a raw server', () => {
  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'number 5'],
    [{}, 'an object'],
  ])('are not made of %p', async (target, got) => {
    await expect(connect(target as never)).rejects.toThrow(
      `expected an address, a Duplex, or a function that gives a Duplex, to connect to; got ${got}`,
    );
    await expect(serve(target as never, {})).rejects.toThrow(`expected an address or a Duplex to serve, got ${got}`);
  });

  it('no limit is as good as none', async () => {
    const options = { timeoutMs: Infinity };
    expect(text(await client.call(SERVICE, 'unary', Buffer.from('x'), options))).toBe('x');
  });

  it.each([
    [-1, '-1'],
    [NaN, 'NaN'],
    ['5', 'string "5"'],
  ])('a grace period of %p is none', async (gracePeriodMs, got) => {
    await expect(server.close({ gracePeriodMs: gracePeriodMs as number })).rejects.toThrow(
      `gracePeriodMs: expected a number of milliseconds, 0 or more, got ${got}`,
    );
    expect(text(await client.call(SERVICE, 'unary', Buffer.from('still there')))).toBe('still there');
  });
});
