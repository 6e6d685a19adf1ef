/** The callbacks that wait for each signal, behind the one listener that it has for all of them. */
const waiting = new WeakMap<AbortSignal, SignalListener>();

class SignalListener {
  readonly callbacks = new Set<() => void>();

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener('abort', this.#onAbort);
  }

  remove(): void {
    this.signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => {
    // A copy: a call that ends takes its callback out, and may begin another one.
    for (const callback of [...this.callbacks]) callback();
  };
}

/**
 * Calls `callback` when `signal` aborts. A signal gets one listener however many callbacks it has: with one for each
 * call, the eleventh call with the same signal would warn of a leak (MaxListenersExceededWarning).
 */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  let listener = waiting.get(signal);
  if (!listener) waiting.set(signal, (listener = new SignalListener(signal)));
  listener.callbacks.add(callback);
}

/** Takes `callback` out; the last one takes the signal's listener with it. */
export function offAbort(signal: AbortSignal, callback: () => void): void {
  const listener = waiting.get(signal);
  if (!listener?.callbacks.delete(callback) || listener.callbacks.size > 0) return;
  waiting.delete(signal);
  listener.remove();
}
