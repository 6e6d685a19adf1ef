import { describeOption } from '../core/describe.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';
import { Timer } from '../core/timer.js';
import { deadlineError } from './call-errors.js';
import { offAbort, onAbort } from './signal-listeners.js';

/** What ends a call before the server does. */
export interface Limits {
  /** When the call must be over, in ms of `performance.now()`, which is monotonic; undefined for no limit. */
  readonly deadline?: number | undefined;
  /** Ends the call with CANCELLED when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** The same for the signal of the call on whose behalf this one is made. */
  readonly parentSignal?: AbortSignal | undefined;
}

/** What {@link CallLimits} end: a call, as a rule. */
export interface Limited {
  /** Why the last attempt to connect failed, while it waits for the next one: part of the deadline's error. */
  readonly connectError?: TtrpcError | undefined;
  /** The deadline has passed, or a signal has aborted. */
  onLimit(error: TtrpcError): void;
}

/**
 * The deadline and the signals of one call: the only place with its timer and its listeners. Its maker clears it
 * when the call is over.
 */
export class CallLimits {
  readonly #timer: Timer | undefined;
  /** Only where there is a signal. */
  #listener: (() => void) | undefined;

  /** Starts the timer and listens; check the signals with {@link checkSignals} first. */
  constructor(
    target: Limited,
    private readonly limits: Limits,
  ) {
    const { deadline, signal, parentSignal } = limits;
    if (deadline !== undefined) {
      this.#timer = new Timer(Math.max(0, deadline - performance.now()), () =>
        target.onLimit(deadlineError(target.connectError)),
      );
    }
    if (signal === undefined && parentSignal === undefined) return;
    const listener = (this.#listener = (): void => target.onLimit(abortError(limits)));
    if (signal) onAbort(signal, listener);
    if (parentSignal) onAbort(parentSignal, listener);
  }

  /** The limits for `target`; undefined when there are none, as for most calls. */
  static of(target: Limited, limits: Limits): CallLimits | undefined {
    const { deadline, signal, parentSignal } = limits;
    const none = deadline === undefined && signal === undefined && parentSignal === undefined;
    return none ? undefined : new CallLimits(target, limits);
  }

  /** The call is over: stops the timer and the listeners. Harmless a second time. */
  clear(): void {
    this.#timer?.clear();
    const listener = this.#listener;
    if (listener === undefined) return;
    const { signal, parentSignal } = this.limits;
    if (signal) offAbort(signal, listener);
    if (parentSignal) offAbort(parentSignal, listener);
  }
}

/** @throws TypeError for what is not an AbortSignal; CANCELLED when a signal has aborted already. */
export function checkSignals(limits: Limits): void {
  const { signal, parentSignal } = limits;
  if (signal === undefined && parentSignal === undefined) return;
  checkSignal(signal, 'signal');
  checkSignal(parentSignal, 'parent.signal');
  if (signal?.aborted === true || parentSignal?.aborted === true) throw abortError(limits);
}

function abortError({ signal, parentSignal }: Limits): TtrpcError {
  const reason: unknown = (signal?.aborted ? signal : parentSignal)?.reason;
  if (reason instanceof TtrpcError) return reason;
  return new TtrpcError(TtrpcStatus.CANCELLED, `the call was aborted: ${messageOf(reason)}`, { cause: reason });
}

function checkSignal(signal: unknown, name: string): void {
  if (signal === undefined) return;
  const isSignal = typeof signal === 'object' && signal !== null && 'addEventListener' in signal;
  if (isSignal) return;
  throw new TypeError(`${name}: expected an AbortSignal, got ${describeOption(signal)}`);
}
