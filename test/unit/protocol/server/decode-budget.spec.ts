import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, TtrpcStatus, type MessageCodec, type RawClient } from '../../../../src/protocol/index.js';
import { DecodeAccount, FREE_DECODED_BYTES } from '../../../../src/protocol/core/decode-budget.js';
import { ReceiveQueue } from '../../../../src/protocol/connection/receive-queue.js';
import { bytesCodec } from '../../../../src/protocol/wire/message-codec.js';
import type { CallHandler, ServerCall } from '../../../../src/protocol/server/server-call.js';
import { ServerCore } from '../../../../src/protocol/server/server.js';
import { TempFolder } from '../../../support/temp-folder.js';
import { turn } from '../../../support/deferred.js';

const KIB = 1024;
const SERVICE = 'test.v1.Test';

/** Its message is a number of KiB, which it pretends to make. */
const growing: MessageCodec<number> = {
  typeName: 'test.v1.Growing',
  encode: (kib) => Buffer.from(String(kib)),
  decode(bytes, budget) {
    const kib = Number(Buffer.from(bytes).toString());
    for (let made = 0; made < kib; made++) budget?.take(KIB);
    return kib;
  },
};

describe('DecodeAccount', () => {
  it('limits a message, and all that are kept; small ones are free', () => {
    const account = new DecodeAccount({ maxDecodedMessageBytes: 40 * KIB, maxDecodedBytesPerServer: 100 * KIB });
    account.begin();
    account.take(40 * KIB);
    expect(() => account.take(1)).toThrow('the decoded message takes more than the limit of 40960 bytes');
    const kept = [40, 40].map((kib) => account.keep(kib * KIB));
    expect(account.used).toBe(80 * KIB);
    account.begin();
    account.take(FREE_DECODED_BYTES);
    expect(account.keep(account.message)).toBe(0);
    expect(() => account.take(4 * KIB + 1)).toThrow(/81920 bytes are in flight; 20481 more exceed .* 102400/);
    for (const bytes of kept) account.give(bytes);
    expect(account.used).toBe(0);
    account.take(4 * KIB + 1);
  });
});

/** A handler that does nothing. */
const deaf: CallHandler = {
  onRequest: () => undefined,
  onMessage: () => undefined,
  onRequestEnd: () => undefined,
  onAbort: () => undefined,
  onClosing: () => undefined,
};

describe('a server whose codecs count', () => {
  let folder: TempFolder;
  let core: ServerCore;
  let client: RawClient;
  let calls: ServerCall[];
  let settle: (() => void)[];
  let queues: ReceiveQueue<number>[];

  beforeEach(async () => {
    folder = new TempFolder();
    calls = [];
    settle = [];
    queues = [];
    core = new ServerCore({ maxDecodedMessageBytes: 100 * KIB, maxDecodedBytesPerServer: 250 * KIB });
    core.methods.add({
      service: SERVICE,
      method: 'Wait',
      shape: 'unary',
      open(call) {
        return {
          ...deaf,
          onRequest(buf, start, end) {
            call.decodeRequest(growing, buf, start, end);
            calls.push(call);
          },
          onAbort: () => settle.push(call.outlives()),
        };
      },
    });
    core.methods.add({
      service: SERVICE,
      method: 'Take',
      shape: 'client-streaming',
      open(call) {
        const queue = new ReceiveQueue<number>(call, () => undefined);
        queues.push(queue);
        calls.push(call);
        return {
          ...deaf,
          onMessage(buf, start, end) {
            const value = call.decode(growing, buf, start, end);
            queue.push(value, Math.max(end - start, call.decodedBytes));
          },
          onRequestEnd: () => queue.end(),
          onAbort: (error) => queue.abort(error),
        };
      },
    });
    await core.listen([folder.url()]);
    client = await connect(folder.url());
  });

  afterEach(async () => {
    client.close();
    for (const each of settle) each();
    await core.close();
    expect(core.stats).toMatchObject({ decodedBytes: 0, bufferedBytes: 0 });
    folder.remove();
  });

  const wait = (kib: number, timeoutMs = 20_000): Promise<unknown> =>
    client.call(SERVICE, 'Wait', growing.encode(kib), { timeoutMs }).catch((error: unknown) => error);

  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await turn();
  };

  it('refuses a message above the limit and keeps nothing of it', async () => {
    expect(await wait(101)).toMatchObject({ code: TtrpcStatus.RESOURCE_EXHAUSTED });
    expect(core.stats).toMatchObject({ decodedBytes: 0, refused: { maxDecodedMessageBytes: 1 } });
  });

  it('counts requests until their calls are over, and serves small ones meanwhile', async () => {
    const first = [wait(100), wait(100)];
    await until(() => calls.length === 2);
    expect(core.stats.decodedBytes).toBe(200 * KIB);
    expect(await wait(51)).toMatchObject({ code: TtrpcStatus.RESOURCE_EXHAUSTED });
    expect(core.stats.refused.maxDecodedBytesPerServer).toBe(1);
    const small = wait(16);
    await until(() => calls.length === 3);
    for (const call of calls) call.respond(bytesCodec, Buffer.from('x'));
    expect(core.stats.decodedBytes).toBe(0);
    await Promise.all([...first, small]);
  });

  it('counts them until a handler is done that goes on after its call', async () => {
    expect(await wait(100, 200)).toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    await until(() => settle.length === 1);
    expect(core.stats).toMatchObject({ calls: 0, decodedBytes: 100 * KIB });
    settle.pop()?.();
    expect(core.stats.decodedBytes).toBe(0);
  });

  it('counts the messages of a stream while they wait', async () => {
    const stream = client.stream(SERVICE, 'Take', 'client-streaming');
    await stream.send(growing.encode(90));
    await stream.send(growing.encode(90));
    await until(() => queues[0]?.size === 2);
    expect(core.stats.decodedBytes).toBeGreaterThanOrEqual(180 * KIB);
    expect(queues[0]?.take()).toBe(90);
    expect(core.stats.decodedBytes).toBeLessThanOrEqual(91 * KIB);
    await stream.send(growing.encode(200)).catch(() => undefined);
    await until(() => core.stats.calls === 0);
    expect(core.stats).toMatchObject({ decodedBytes: 0, refused: { maxDecodedMessageBytes: 1 } });
    stream.cancel();
  });
});
