import { isThenable } from './thenable.js';

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

/** `addEventListener` and `removeEventListener`, as they are here: Node refuses what is not a listener. */
type Register = (this: AbortSignal, type: string, listener: unknown, options?: unknown) => void;

/**
 * An AbortController whose signal does not let its listeners end the process. Node makes an uncaught exception of what a
 * listener of an EventTarget throws, or rejects with, and no `catch` around `abort()` sees it. `onFailed` gets it instead.
 * Listeners that are added in other ways than `addEventListener` and `onabort` (those of `AbortSignal.any()`) are not ours.
 */
export function guardedAbortController(onFailed: (error: unknown) => void): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  const guarded = new WeakMap<object, (event: Event) => void>();
  const guard = (listener: Listener): ((event: Event) => void) => {
    let wrapper = guarded.get(listener);
    if (!wrapper) {
      wrapper = (event) => {
        try {
          const result: unknown =
            typeof listener === 'function' ? listener.call(signal, event) : listener.handleEvent(event);
          if (isThenable(result)) result.then(undefined, onFailed);
        } catch (error) {
          onFailed(error);
        }
      };
      guarded.set(listener, wrapper);
    }
    return wrapper;
  };
  const { addEventListener, removeEventListener } = AbortSignal.prototype as unknown as {
    addEventListener: Register;
    removeEventListener: Register;
  };
  let onabort: Listener | null = null;
  Object.defineProperties(signal, {
    addEventListener: {
      value: (type: string, listener: unknown, options?: unknown) =>
        addEventListener.call(signal, type, isListener(listener) ? guard(listener) : listener, options),
    },
    removeEventListener: {
      value: (type: string, listener: unknown, options?: unknown) =>
        removeEventListener.call(signal, type, (isListener(listener) && guarded.get(listener)) || listener, options),
    },
    onabort: {
      get: () => onabort,
      set: (listener: unknown) => {
        if (onabort) removeEventListener.call(signal, 'abort', guard(onabort));
        onabort = typeof listener === 'function' ? (listener as Listener) : null;
        if (onabort) addEventListener.call(signal, 'abort', guard(onabort));
      },
    },
  });
  return controller;
}

function isListener(value: unknown): value is Listener {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}
