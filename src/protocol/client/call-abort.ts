import { describeOption } from '../core/describe.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import { offAbort, onAbort } from './signal-listeners.js';
import { TtrpcStatus } from '../core/status.js';

/** What an abort ends: a call, as a rule. */
export interface Cancellable {
  readonly open: boolean;
  cancel(error: TtrpcError): void;
}

/** Ties a call to the AbortSignals of its caller, until the call is over. */
export class CallAbort {
  #call: Cancellable | undefined;

  /** Without a signal it does nothing. Raises a TypeError for what is no signal. */
  constructor(
    private readonly signal: AbortSignal | undefined,
    private readonly parentSignal?: AbortSignal,
  ) {
    checkSignal(signal, 'signal');
    checkSignal(parentSignal, 'parent.signal');
  }

  /** True once a signal has aborted. */
  get aborted(): boolean {
    return this.signal?.aborted === true || this.parentSignal?.aborted === true;
  }

  /** Raises CANCELLED when a signal has aborted already. */
  check(): void {
    if (this.aborted) throw this.#error();
  }

  /** Cancels `call` when a signal aborts. */
  watch(call: Cancellable): void {
    if (!call.open) return;
    this.#call = call;
    if (this.signal) onAbort(this.signal, this.#onAbort);
    if (this.parentSignal) onAbort(this.parentSignal, this.#onAbort);
  }

  /** The call is over. */
  clear(): void {
    if (!this.#call) return;
    this.#call = undefined;
    if (this.signal) offAbort(this.signal, this.#onAbort);
    if (this.parentSignal) offAbort(this.parentSignal, this.#onAbort);
  }

  readonly #onAbort = (): void => this.#call?.cancel(this.#error());

  #error(): TtrpcError {
    const reason: unknown = (this.signal?.aborted ? this.signal : this.parentSignal)?.reason;
    if (reason instanceof TtrpcError) return reason;
    return new TtrpcError(TtrpcStatus.CANCELLED, `the call was aborted: ${messageOf(reason)}`, { cause: reason });
  }
}

function checkSignal(signal: unknown, name: string): void {
  if (signal === undefined) return;
  const isSignal = typeof signal === 'object' && signal !== null && 'addEventListener' in signal;
  if (isSignal) return;
  throw new TypeError(`${name}: expected an AbortSignal, got ${describeOption(signal)}`);
}
