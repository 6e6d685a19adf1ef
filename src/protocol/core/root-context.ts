import { AsyncResource } from 'node:async_hooks';

/**
 * The asynchronous context in which this module was loaded, usually outside of any request. It lives as long as the
 * process, so it is never destroyed.
 */
const root = new AsyncResource('TTRPC', { requireManualDestroy: true });

/**
 * Runs `make` outside of the caller's AsyncLocalStorage. Use it for what outlives a call, such as a socket or a timer: Node
 * would keep the caller's store alive and run the callbacks with it, although they serve other callers as well.
 */
export function inRootContext<T>(make: () => T): T {
  return root.runInAsyncScope(make);
}
