import { config } from 'rxjs';

// A handler that subscribes to its request stream without an error handler, directly or behind operators, would make an
// uncaught exception of the end of each call that its client cancels: RxJS throws what no error handler takes. Only
// RxJS's own hook sees that, whatever operators are between, so it is extended to know the errors of request streams.

/** Errors of request streams, with what is done about those that no reader gets. */
const watched = new WeakMap<object, () => void>();

let hook: typeof config.onUnhandledError = null;

/** Calls `onUnheard` instead of throwing when no reader has an error handler for `error`. */
export function watchError(error: object, onUnheard: () => void): void {
  watched.set(error, onUnheard);
  if (hook && config.onUnhandledError === hook) return;
  const others = config.onUnhandledError;
  config.onUnhandledError = hook = (unhandled: unknown) => {
    const report = typeof unhandled === 'object' && unhandled !== null ? watched.get(unhandled) : undefined;
    if (report) report();
    else if (others) others(unhandled);
    // As RxJS does without a hook.
    else throw unhandled;
  };
}
