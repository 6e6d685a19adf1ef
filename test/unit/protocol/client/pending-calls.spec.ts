import { describe, expect, it } from '@jest/globals';
import { Budget } from '../../../../src/protocol/core/budget.js';
import type { ClientCall } from '../../../../src/protocol/client/client-call.js';
import { PendingCalls } from '../../../../src/protocol/client/pending-calls.js';
import { TtrpcError } from '../../../../src/protocol/core/errors.js';
import { TtrpcStatus } from '../../../../src/protocol/core/status.js';

class FakeCall {
  place: PendingCalls | undefined;
  connectError: TtrpcError | undefined;
  error: TtrpcError | undefined;
  constructor(
    readonly name: number,
    readonly requestBytes = 100,
    readonly waitForReady = false,
  ) {}
  fail(error: TtrpcError): void {
    this.error = error;
    this.place?.leave(this as unknown as ClientCall);
  }
}

function setUp(limit = 1_000_000) {
  const budget = new Budget(limit);
  const pending = new PendingCalls(budget);
  const add = (name: number, bytes?: number, waitForReady?: boolean): FakeCall => {
    const call = new FakeCall(name, bytes, waitForReady);
    pending.add(call as unknown as ClientCall);
    return call;
  };
  const shift = (): number | undefined => (pending.shift() as unknown as FakeCall | undefined)?.name;
  const leave = (call: FakeCall | undefined): void => pending.leave(call as unknown as ClientCall);
  return { budget, pending, add, shift, leave };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Takes out all calls, one by one. */
function drain(shift: () => number | undefined): number[] {
  const names: number[] = [];
  for (let name = shift(); name !== undefined; name = shift()) names.push(name);
  return names;
}

describe('PendingCalls', () => {
  it('gives calls out in their order, and their bytes back', () => {
    const { budget, pending, add, shift } = setUp();
    for (const name of range(0, 100)) add(name);
    expect([pending.size, budget.used]).toEqual([100, 10_000]);
    expect(range(0, 10).map(shift)).toEqual(range(0, 10));
    expect([pending.size, budget.used]).toEqual([90, 9000]);
    add(100);
    expect(drain(shift)).toEqual(range(10, 101));
    expect([pending.size, budget.used]).toEqual([0, 0]);
  });

  it('never gives out a call that has left', () => {
    const { budget, pending, add, shift, leave } = setUp();
    const calls = range(0, 200).map((name) => add(name));
    for (const call of calls) if (call.name % 10 !== 3) leave(call);
    leave(calls[0]);
    add(200);
    expect([pending.size, budget.used]).toEqual([21, 2100]);
    expect(drain(shift)).toEqual([...range(0, 20).map((ten) => 10 * ten + 3), 200]);
  });

  it('takes what callers do to it while it gives calls out', () => {
    const { add, shift, leave } = setUp();
    const calls = range(0, 200).map((name) => add(name));
    const begun: number[] = [];
    for (let name = shift(); name !== undefined; name = shift()) {
      begun.push(name);
      if (name === 50) for (const call of calls.slice(0, 190)) leave(call);
      if (name === 192) add(200);
    }
    expect(begun).toEqual([...range(0, 51), ...range(190, 201)]);
  });

  it('gives all calls out at once, and refuses what is too much', () => {
    const { budget, pending, add } = setUp(250);
    const kept = [add(0), add(1)];
    const refused = add(2);
    expect(refused.error?.message).toBe(
      'the server has not taken 200 bytes of requests; 100 more exceed the limit of 250 bytes',
    );
    expect(pending.takeAll()).toEqual(kept);
    expect(kept.map((call) => call.place)).toEqual([undefined, undefined]);
    expect([pending.size, budget.used]).toEqual([0, 0]);
  });

  it('fails as many calls as an attempt to connect stands for, but none that waits for the next one', () => {
    const { pending, add } = setUp();
    const patient = add(0, 100, true);
    const [first, second] = [add(1), add(2)];
    expect(pending.countImpatient()).toBe(2);
    const error = new TtrpcError(TtrpcStatus.UNAVAILABLE, 'nobody listens');
    pending.onConnectFailed(error, 1);
    expect([patient, first, second].map((call) => call.error)).toEqual([undefined, error, undefined]);
    expect(patient.connectError).toBe(error);
    pending.fail(error);
    expect([patient, first, second].map((call) => call.error)).toEqual([error, error, error]);
    expect(pending.size).toBe(0);
  });
});
