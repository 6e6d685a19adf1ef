import { AsyncResource } from 'node:async_hooks';

/**
 * The asynchronous context in which this module was loaded: as a rule that of no request. It lives as long as the
 * process, so that it has nothing to destroy.
 */
const root = new AsyncResource('TTRPC', { requireManualDestroy: true });

/**
 * Runs `make` outside of the caller's AsyncLocalStorage. What outlives a call, a socket or a timer, is made here: Node
 * keeps the store of whoever makes it alive, and runs its callbacks with it, although they concern other callers, too.
 */
export function inRootContext<T>(make: () => T): T {
  return root.runInAsyncScope(make);
}
