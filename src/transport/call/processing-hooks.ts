import { isThenable } from '../../protocol/core/thenable.js';

/** Nest's hooks around the processing of a call, as a server has them. */
export interface ProcessingHooks {
  /** Calls `done` to begin with the call. */
  start(done: () => Promise<void>): unknown;
  /** The call is over. */
  end(): unknown;
}

/** What becomes of a call between its hooks. */
export interface HookedCall {
  /** Runs the handler; `onDone` is called once, when the call is over. */
  run(onDone: () => void): void;
  /** A hook has thrown or rejected. When the handler does not run for that, the call has to end. */
  onHookFailed(hook: 'start' | 'end', error: unknown, began: boolean): void;
}

/** Runs a call between hooks of which each may throw or reject. */
export function runBetweenHooks(hooks: ProcessingHooks, call: HookedCall): void {
  let began = false;
  const begin = (): Promise<void> => {
    // A hook that calls twice begins one call.
    if (began) return Promise.resolve();
    began = true;
    return new Promise<void>((resolve) => call.run(resolve)).then(() =>
      guard(
        () => hooks.end(),
        (error) => call.onHookFailed('end', error, true),
      ),
    );
  };
  guard(
    () => hooks.start(begin),
    (error) => call.onHookFailed('start', error, began),
  );
}

/** Runs `hook` to its end; `onFailed` gets what it throws or rejects with. */
function guard(hook: () => unknown, onFailed: (error: unknown) => void): void {
  try {
    const result = hook();
    if (isThenable(result)) result.then(undefined, onFailed);
  } catch (error) {
    onFailed(error);
  }
}
