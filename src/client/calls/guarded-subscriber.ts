import { Subscriber, type Observer } from 'rxjs';
import { logCallbackError } from './client-log.js';

/**
 * Reads an Observable that is the request stream of an rpc. What fails while the source cleans up is logged: the
 * unsubscriber could not handle it.
 */
export class GuardedSubscriber extends Subscriber<unknown> {
  constructor(
    private readonly fullName: string,
    observer: Observer<unknown>,
  ) {
    super(observer);
  }

  override unsubscribe(): void {
    try {
      super.unsubscribe();
    } catch (error) {
      logCallbackError(cleanUp(this.fullName), error);
    }
  }
}

/** Names the clean-up of an rpc's request stream in the log. */
export function cleanUp(fullName: string): string {
  return `the clean-up of the request stream of ${fullName}`;
}
