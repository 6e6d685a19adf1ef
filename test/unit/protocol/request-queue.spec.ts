import { describe, expect, it } from '@jest/globals';
import { Budget } from '../../../src/protocol/core/budget.js';
import type { ClientCall } from '../../../src/protocol/client/client-call.js';
import type { FrameWriter } from '../../../src/protocol/wire/frame-writer.js';
import { RequestQueue } from '../../../src/protocol/client/request-queue.js';
import type { TtrpcError } from '../../../src/protocol/core/errors.js';

class FakeCall {
  queue: RequestQueue | undefined;
  error: TtrpcError | undefined;
  constructor(
    readonly name: number,
    readonly requestBytes = 100,
  ) {}
  fail(error: TtrpcError): void {
    this.error = error;
    this.queue?.delete(this as unknown as ClientCall);
  }
}

function setUp(limit = 1_000_000) {
  const writer = { writable: false };
  const budget = new Budget(limit);
  const begun: number[] = [];
  let onBegin = (_call: FakeCall): void => undefined;
  const sender = {
    writer: writer as FrameWriter,
    budget,
    awaitDrain: () => undefined,
    forget: () => undefined,
  };
  const queue = new RequestQueue(sender, (call) => {
    begun.push((call as unknown as FakeCall).name);
    onBegin(call as unknown as FakeCall);
  });
  const add = (name: number, bytes?: number): FakeCall => {
    const call = new FakeCall(name, bytes);
    queue.add(call as unknown as ClientCall);
    return call;
  };
  return { writer, budget, begun, queue, add, whenBegun: (action: typeof onBegin) => (onBegin = action) };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('RequestQueue', () => {
  it('lets calls begin in their order while the server takes them', () => {
    const { writer, budget, begun, queue, add, whenBegun } = setUp();
    for (const name of range(0, 100)) add(name);
    expect(queue.onDrain()).toBe(false);
    expect(budget.used).toBe(10_000);
    whenBegun(({ name }) => (writer.writable = name !== 9));
    writer.writable = true;
    expect(queue.onDrain()).toBe(false);
    expect(begun).toEqual(range(0, 10));
    expect([queue.size, budget.used]).toEqual([90, 9000]);
    writer.writable = true;
    expect(queue.onDrain()).toBe(true);
    expect(begun).toEqual(range(0, 100));
    expect([queue.size, budget.used]).toEqual([0, 0]);
  });

  it('never begins a call that has ended while it waited', () => {
    const { writer, budget, begun, queue, add } = setUp();
    const calls = range(0, 200).map((name) => add(name));
    for (const call of calls) if (call.name % 10 !== 3) queue.delete(call as unknown as ClientCall);
    queue.delete(calls[0] as unknown as ClientCall);
    add(200);
    expect([queue.size, budget.used]).toEqual([21, 2100]);
    writer.writable = true;
    queue.onDrain();
    expect(begun).toEqual([...range(0, 20).map((ten) => 10 * ten + 3), 200]);
  });

  it('takes what callers do to it while a call begins', () => {
    const { writer, begun, queue, add, whenBegun } = setUp();
    const calls = range(0, 200).map((name) => add(name));
    whenBegun(({ name }) => {
      if (name === 50) for (const call of calls.slice(0, 190)) queue.delete(call as unknown as ClientCall);
      if (name === 192) add(200);
    });
    writer.writable = true;
    expect(queue.onDrain()).toBe(true);
    expect(begun).toEqual([...range(0, 51), ...range(190, 201)]);
  });

  it('gives all calls back at once, and refuses what is too much', () => {
    const { budget, queue, add } = setUp(250);
    const kept = [add(0), add(1)];
    const refused = add(2);
    expect(refused.error?.message).toBe(
      'the server has not taken 200 bytes of requests; 100 more exceed the limit of 250 bytes',
    );
    expect(queue.takeAll()).toEqual(kept);
    expect(kept.map((call) => call.queue)).toEqual([undefined, undefined]);
    expect([queue.size, budget.used]).toEqual([0, 0]);
  });
});
