import { afterEach, describe, expect, it } from '@jest/globals';
import { finalize, map, Observable, range } from 'rxjs';
import { TtrpcMethod, TtrpcService, TtrpcStatus, type TtrpcStream } from '../../src/index.js';
import type { RawStream } from '../../src/protocol/index.js';
import { deferred, turns, type Deferred } from '../support/deferred.js';
import { startLab, type Lab, type Message } from '../support/nest-lab.js';

const KIB = 'x'.repeat(1024);

let lab: Lab;
let given = 0;
let unsubscribed: Deferred<void>;

@TtrpcService('lab.v1.Lab')
class FlowController {
  @TtrpcMethod()
  count(): Observable<Message> {
    return range(0, 1_000_000_000).pipe(
      map((number) => {
        given++;
        return { text: KIB, number };
      }),
      finalize(() => unsubscribed.resolve()),
    );
  }

  @TtrpcMethod()
  chat(lines: TtrpcStream<Message>): Observable<Message> {
    return lines.pipe(
      map(({ number }) => {
        given++;
        return { text: KIB, number };
      }),
    );
  }
}

async function start(maxBufferedBytes?: number): Promise<void> {
  given = 0;
  unsubscribed = deferred();
  lab = await startLab({ controllers: [FlowController], server: { maxBufferedBytes } });
}

afterEach(() => lab.close());

/** Waits until `value` stays the same for a while; gives it. */
async function settled(value: () => number): Promise<number> {
  for (let last = -1; ;) {
    await turns(200);
    if (value() === last) return last;
    last = value();
  }
}

async function readAll(stream: RawStream): Promise<{ messages: number; error?: unknown }> {
  let messages = 0;
  try {
    for await (const _message of stream) messages++;
  } catch (error) {
    return { messages, error };
  }
  return { messages };
}

describe('a handler whose Observable outruns the client', () => {
  it('ends with RESOURCE_EXHAUSTED and is unsubscribed, at once', async () => {
    await start(1 << 20);
    const stream = lab.client.stream('lab.v1.Lab', 'Count', 'server-streaming');
    await stream.send(new Uint8Array(0));
    const { messages, error } = await readAll(stream);
    expect(error).toMatchObject({
      code: TtrpcStatus.RESOURCE_EXHAUSTED,
      message: expect.stringMatching(/more exceed the limit of 1048576 bytes/),
    });
    await unsubscribed.promise;
    // The limit's 1,024 messages, and what the sockets and their queues took.
    expect(given).toBeLessThan(1024 + 700);
    expect(messages).toBeLessThanOrEqual(given);
    expect(lab.server.stats).toMatchObject({ bufferedBytes: 0, refused: { maxBufferedBytes: 1 } });
  });
});

describe('lines.pipe(map(…)) over a TtrpcStream', () => {
  it('is held back by the answers that its client has not read', async () => {
    await start();
    const stream = lab.client.stream('lab.v1.Lab', 'Chat', 'bidi');
    // A Question whose text has 100 letters.
    const line = Buffer.concat([Buffer.from([0x0a, 100]), Buffer.alloc(100, 'x')]);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 20_000; sent++) await stream.send(line);
      stream.closeSend();
    })();
    const answered = await settled(() => given);
    // The client's queue, the sockets and the server's 64 KiB: about 640 answers of 1 KiB.
    expect(answered).toBeGreaterThan(300);
    expect(answered).toBeLessThan(800);
    // And the lines wait, too: in the server's queue and in its socket.
    expect(await settled(() => sent)).toBeLessThan(10_000);
    // What is held are these lines, and no answers beside the 64 KiB.
    expect(lab.server.stats.bufferedBytes).toBeLessThan(256 * 1024);
    expect(await readAll(stream)).toEqual({ messages: 20_000 });
    await sending;
  });
});
