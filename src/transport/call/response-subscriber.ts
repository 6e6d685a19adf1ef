import { Subscriber, Subscription, type Observer, type TeardownLogic } from 'rxjs';

/**
 * Observes the response of a handler. A teardown or `finalize()` of the handler's or an interceptor's may throw. RxJS hands
 * that to what ended the stream, be it a timer, a promise or the connection that has closed, and an operator between
 * (the `mergeAll()` of Nest's interceptors) is torn from its end: the response would never complete. So each teardown of
 * the whole chain is guarded as it is added: what it throws is reported, and the end takes its course.
 */
export class ResponseSubscriber extends Subscriber<unknown> {
  /** `onTeardownFailed` gets what a teardown throws. */
  constructor(
    observer: Observer<unknown>,
    private readonly onTeardownFailed: (error: unknown) => void,
  ) {
    super(observer);
  }

  /** As Subscription's; guards `teardown` and, where it is an operator's subscriber, all that is added to that. */
  override add(teardown: TeardownLogic): void {
    super.add(guarded(teardown, this.onTeardownFailed));
  }

  /** As Subscription's; never throws. */
  override unsubscribe(): void {
    try {
      super.unsubscribe();
    } catch (error) {
      this.onTeardownFailed(error);
    }
  }
}

function guarded(teardown: TeardownLogic, onFailed: (error: unknown) => void): TeardownLogic {
  if (teardown instanceof Subscription) {
    guardWhatIsAdded(teardown, onFailed);
    return teardown;
  }
  if (!teardown) return teardown;
  return () => {
    try {
      if (typeof teardown === 'function') teardown();
      else teardown.unsubscribe();
    } catch (error) {
      onFailed(error);
    }
  };
}

/** An operator's subscriber adds itself to the one behind it before anything is added to it. */
function guardWhatIsAdded(subscription: Subscription, onFailed: (error: unknown) => void): void {
  if (Object.hasOwn(subscription, 'add')) return;
  subscription.add = function (this: Subscription, teardown: TeardownLogic): void {
    Subscription.prototype.add.call(this, guarded(teardown, onFailed));
  };
}
