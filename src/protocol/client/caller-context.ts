import { AsyncResource } from 'node:async_hooks';

/**
 * The asynchronous context in which a call began. What happens to the call later (a response, a lost connection, an
 * abort) happens in the context of the socket, or of what caused it; `runInAsyncScope` runs the caller's own code
 * with its own AsyncLocalStorage all the same. Only calls that run such code have one: continuations of promises keep
 * their context by themselves.
 */
export class CallerContext extends AsyncResource {
  /** Captures the current context. */
  constructor() {
    // Nothing to destroy: without this Node registers each one with the garbage collector.
    super('TTRPC_CALL', { requireManualDestroy: true });
  }
}
