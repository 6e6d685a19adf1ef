import { Timer } from '../core/timer.js';
import { ServerCall, type ServerCallHost, type ServerMethod } from './server-call.js';

/** A time that does not matter: the timer is cleared at once. */
const ANY_MS = 1000;

/** The objects of one call. They never begin. */
export interface CallSample {
  readonly call: ServerCall;
  /** That of a deadline; cleared. */
  readonly timer: Timer;
  /** Its handler, and the queue of a request stream. */
  readonly parts: readonly object[];
}

/**
 * An example of what a call consists of, for an idle server to keep. V8 drops a hidden class when a full collection finds
 * no object of it, and with it all code that was compiled for it. It makes such a collection when a server becomes idle,
 * and an idle server has no call: its next thousands of calls would run uncompiled, at several times the CPU.
 */
export function sampleCall(host: ServerCallHost, method: ServerMethod | undefined): CallSample | undefined {
  if (method?.sample === undefined) return undefined;
  const call = new ServerCall(host, 0, method, undefined);
  const timer = new Timer(ANY_MS, ignore);
  timer.clear();
  return { call, timer, parts: method.sample(call) };
}

function ignore(): void {
  // It was cleared.
}
