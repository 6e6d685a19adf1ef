import type { ClientCall } from './client-call.js';
import { messageOf, TtrpcError } from './errors.js';
import { TtrpcStatus } from './status.js';

/** Ties a call to the AbortSignal of its caller: one listener, gone when the call is over. */
export class CallAbort {
  #call: ClientCall | undefined;

  /** Without a signal it does nothing. Raises a TypeError for what is no signal. */
  constructor(private readonly signal: AbortSignal | undefined) {
    if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== 'function') {
      throw new TypeError(`signal: expected an AbortSignal, got ${signal === null ? 'null' : typeof signal}`);
    }
  }

  /** Raises CANCELLED when the signal has aborted already. */
  check(): void {
    if (this.signal?.aborted) throw this.#error();
  }

  /** Cancels `call` when the signal aborts. */
  watch(call: ClientCall): void {
    if (!this.signal || !call.open) return;
    this.#call = call;
    this.signal.addEventListener('abort', this.#onAbort);
  }

  /** The call is over. */
  clear(): void {
    if (this.#call) this.signal?.removeEventListener('abort', this.#onAbort);
    this.#call = undefined;
  }

  readonly #onAbort = (): void => this.#call?.cancel(this.#error());

  #error(): TtrpcError {
    const reason: unknown = this.signal?.reason;
    if (reason instanceof TtrpcError) return reason;
    return new TtrpcError(TtrpcStatus.CANCELLED, `the call was aborted: ${messageOf(reason)}`, { cause: reason });
  }
}
