import { describe, expect, it } from '@jest/globals';
import { Backoff } from '../../../src/protocol/client/backoff.js';
import { Budget } from '../../../src/protocol/core/budget.js';
import { TtrpcError } from '../../../src/protocol/core/errors.js';
import { ReceiveQueue } from '../../../src/protocol/connection/receive-queue.js';
import { TtrpcMetadata } from '../../../src/protocol/core/metadata.js';
import { MethodTable } from '../../../src/protocol/server/method-table.js';
import { Pump } from '../../../src/protocol/connection/pump.js';
import { TtrpcStatus } from '../../../src/protocol/core/status.js';
import { BoundedSet, UsedIds } from '../../../src/protocol/server/used-ids.js';
import { checkTimeoutMs, timeoutNanoUntil } from '../../../src/protocol/core/timer.js';

describe('TtrpcMetadata', () => {
  it('has lower-case keys on the way in and on look-up, and several values', () => {
    const metadata = new TtrpcMetadata({ 'X-A': ['1', '2'], b: '3' }).append('x-a', '4').set('B', '5');
    expect(metadata.get('X-a')).toBe('1');
    expect(metadata.getAll('x-A')).toEqual(['1', '2', '4']);
    expect([...metadata]).toEqual([
      ['x-a', '1'],
      ['x-a', '2'],
      ['x-a', '4'],
      ['b', '5'],
    ]);
    expect(metadata.delete('X-A')).toBe(true);
    expect(metadata.has('x-a')).toBe(false);
    expect(metadata.size).toBe(1);
  });

  it("names of Object's members are keys like others", () => {
    const metadata = new TtrpcMetadata([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
    expect(metadata.get('__proto__')).toBe('1');
    expect(metadata.get('toString')).toBeUndefined();
    expect(Object.getPrototypeOf(metadata.toJSON())).toBeNull();
    expect(new TtrpcMetadata(metadata)).toEqual(metadata);
  });

  it('refuses what is no string', () => {
    expect(() => new TtrpcMetadata({ a: 1 as never })).toThrow(
      'metadata "a": expected a string or an array of strings, got number',
    );
    expect(() => new TtrpcMetadata({ a: [1 as never] })).toThrow('metadata "a"');
    expect(() => new TtrpcMetadata({ '': 'x' })).toThrow('metadata key ""');
  });
});

describe('stream ids', () => {
  it('each is used once; those that were passed over may come late', () => {
    const used = new UsedIds();
    expect([1, 1, 7, 5, 5, 3, 7, 9].map((id) => used.use(id))).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('a jump to the end of the id space costs bounded memory and time', () => {
    const used = new UsedIds();
    expect(used.use(1)).toBe(true);
    expect(used.use(0xffff_ffff)).toBe(true);
    expect(used.use(0xffff_fffd)).toBe(true);
    expect([3, 0xffff_ff01, 0xffff_ff01].map((id) => used.use(id))).toEqual([false, true, false]);
    // The oldest of too many gaps is forgotten: its ids count as used.
    const jumping = new UsedIds();
    for (let jump = 0; jump < 100_000; jump++) expect(jumping.use(1 + 40_000 * jump)).toBe(true);
    expect([3, 40_000 * 99_990 - 1].map((id) => jumping.use(id))).toEqual([false, true]);
  });

  it('a bounded set forgets its oldest', () => {
    const set = new BoundedSet();
    for (let id = 0; id < 2000; id++) set.add(id);
    expect(set.has(0)).toBe(false);
    expect(set.has(1999)).toBe(true);
  });
});

describe('ReceiveQueue', () => {
  const flow = { held: 0, pauseInput: () => void flow.held++, resumeInput: () => void flow.held-- };

  it('holds its source back while the reader is behind, and lets it go on', async () => {
    flow.held = 0;
    const queue = new ReceiveQueue<number>(flow, () => undefined);
    for (let i = 0; i < 511; i++) queue.push(i, 10);
    expect(flow.held).toBe(0);
    queue.push(511, 10);
    expect(flow.held).toBe(1);
    const read: number[] = [];
    queue.end();
    for await (const value of queue) {
      read.push(value);
      if (read.length === 383) expect(flow.held).toBe(1);
    }
    expect(flow.held).toBe(0);
    expect(read).toEqual(Array.from({ length: 512 }, (_, i) => i));
  });

  it('delivers what is queued before the error, and the error once', async () => {
    const queue = new ReceiveQueue<number>(flow, () => undefined);
    queue.push(1, 1);
    queue.fail(new Error('broken'));
    queue.push(2, 1);
    expect(await queue.next()).toEqual({ value: 1, done: false });
    await expect(queue.next()).rejects.toThrow('broken');
    expect(await queue.next()).toEqual({ value: undefined, done: true });
  });

  it('tells when the reader leaves early, and only then', async () => {
    let left = 0;
    const queue = new ReceiveQueue<number>(flow, () => left++);
    queue.push(1, 1);
    for await (const _value of queue) break;
    expect(left).toBe(1);
    const ended = new ReceiveQueue<number>(flow, () => left++);
    ended.end();
    for await (const _value of ended) break;
    expect(left).toBe(1);
  });

  it('serves readers that wait, in their order', async () => {
    const queue = new ReceiveQueue<number>(flow, () => undefined);
    const reads = [queue.next(), queue.next(), queue.next()];
    queue.push(1, 1);
    queue.push(2, 1);
    queue.end();
    expect((await Promise.all(reads)).map(({ value }) => value)).toEqual([1, 2, undefined]);
  });
});

describe('Pump', () => {
  it('pulls only while its target takes more', async () => {
    let pulled = 0;
    const source = (function* () {
      for (;;) yield pulled++;
    })();
    const sent: number[] = [];
    let wake: (() => void) | undefined;
    const pump = new Pump(source, {
      get writable() {
        return sent.length % 5 !== 0;
      },
      onWritable: (callback) => (wake = callback),
      send: (value) => sent.push(value),
    });
    const running = pump.run();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBe(5);
    wake?.();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBe(10);
    pump.stop();
    expect(await running).toBe(false);
    expect(source.next().done).toBe(true);
  });

  it('lets other work run although its source never waits', async () => {
    let others = 0;
    let count = 0;
    const pump = new Pump(
      (function* () {
        while (others < 3) yield count++;
      })(),
      { writable: true, onWritable: () => undefined, send: () => undefined },
    );
    const other = (): void => {
      if (++others < 3) setImmediate(other);
    };
    setImmediate(other);
    expect(await pump.run()).toBe(true);
  });

  it('lets the source clean up when a message cannot be sent', async () => {
    let cleaned = false;
    const pump = new Pump(
      (async function* () {
        try {
          yield await Promise.resolve(1);
        } finally {
          cleaned = true;
        }
      })(),
      {
        writable: true,
        onWritable: () => undefined,
        send: () => {
          throw new Error('too large');
        },
      },
    );
    await expect(pump.run()).rejects.toThrow('too large');
    expect(cleaned).toBe(true);
  });
});

describe('small parts', () => {
  it('Budget: a share of a larger one', () => {
    const server = new Budget(10);
    const one = new Budget(8, server);
    const two = new Budget(8, server);
    expect(one.take(8)).toBeUndefined();
    expect(two.take(3)).toBe(10);
    expect(one.take(1)).toBe(8);
    one.give(8);
    expect(two.take(8)).toBeUndefined();
    expect(server.used).toBe(8);
  });

  it('Backoff grows to its bound and begins again', () => {
    const backoff = new Backoff({ initialMs: 10, factor: 2, maxMs: 40, jitter: 0 });
    expect([1, 2, 3, 4].map(() => backoff.next())).toEqual([10, 20, 40, 40]);
    backoff.reset();
    expect(backoff.next()).toBe(10);
    expect(() => new Backoff({ jitter: 2 })).toThrow('reconnect.jitter: expected a number from 0 to 1, got 2');
  });

  it('MethodTable finds by bytes, also in the middle of others, and refuses a second one', () => {
    const table = new MethodTable<{ service: string; method: string; shape: 'unary' }>();
    const hello = { service: 'a.B', method: 'Hello', shape: 'unary' } as const;
    table.add(hello);
    expect(() => table.add({ ...hello })).toThrow('method a.B/Hello is registered twice');
    const buf = Buffer.from('xa.BHellox');
    expect(table.find(buf, 1, 4, buf, 4, 9)).toBe(hello);
    expect(table.find(buf, 1, 4, buf, 4, 8)).toBeUndefined();
    expect(table.hasService('a.B')).toBe(true);
  });

  it('timeouts: at least one nanosecond, at most what a double holds', () => {
    expect(timeoutNanoUntil(100, 100)).toBe(1);
    expect(timeoutNanoUntil(101, 100)).toBe(1_000_000);
    expect(timeoutNanoUntil(1e15, 0)).toBe(Number.MAX_SAFE_INTEGER);
    for (const bad of [0, -1, NaN, '5']) expect(() => checkTimeoutMs(bad, 'timeoutMs')).toThrow(/^timeoutMs: expected/);
  });

  it('TtrpcError: instanceof holds across copies, codes out of range are UNKNOWN', () => {
    const error = new TtrpcError(99, 'x');
    expect(error.code).toBe(TtrpcStatus.UNKNOWN);
    const fromAnotherCopy = Object.assign(new Error('x'), { [Symbol.for('nestjs-ttrpc.error')]: true });
    expect(fromAnotherCopy instanceof TtrpcError).toBe(true);
    expect(new Error('x') instanceof TtrpcError).toBe(false);
    expect(String(new TtrpcError(5, 'gone'))).toBe('TtrpcError: NOT_FOUND: gone');
  });
});
