import type { Observable, Subscriber } from 'rxjs';
import { requestError } from '../../protocol/client/call-errors.js';
import type { CallMethod, FeedOwner, RequestFeed } from '../../protocol/client/call-runtime.js';
import { CallerContext } from '../../protocol/client/caller-context.js';
import type { ClientCall } from '../../protocol/client/client-call.js';
import { IterableFeed } from '../../protocol/client/iterable-feed.js';
import { badCall, describe } from './caller-error.js';
import { logCallbackError } from './client-log.js';
import { cleanUp, GuardedSubscriber } from './guarded-subscriber.js';
import { readRequests } from './request-source.js';

/** The feed for the stream argument of a call. @throws INVALID_ARGUMENT that names the rpc for what is not a stream */
export function requestFeed(source: unknown, method: CallMethod): RequestFeed {
  const feed = readRequests<RequestFeed>(source, {
    iterable: (iterable) => new IterableFeed(iterable, method.request),
    observable: (observable) => new ObservableFeed(observable, method),
  });
  if (feed) return feed;
  throw badCall(
    `${method.fullName} takes a stream: expected an Observable or an AsyncIterable of ${method.request.typeName}, ` +
      `got ${describe(source)}`,
  );
}

/** Pushes what an Observable gives; it is subscribed at once, so that nothing of a hot one is lost. */
class ObservableFeed implements RequestFeed {
  readonly #context = new CallerContext();
  #subscriber: Subscriber<unknown> | undefined;

  constructor(
    private readonly source: Observable<unknown>,
    private readonly method: CallMethod,
  ) {}

  start(call: ClientCall, owner: FeedOwner): void {
    // A Subscriber of its own, since a synchronous source must be stopped before `subscribe` returns.
    const subscriber = (this.#subscriber = new GuardedSubscriber(this.method.fullName, {
      next: (value) => {
        try {
          call.send(this.method.request, value);
        } catch (error) {
          call.fail(requestError(error));
        }
      },
      error: (error: unknown) => owner.onSourceFailed(error),
      complete: () => call.closeSend(),
    }));
    try {
      this.source.subscribe(subscriber);
    } catch (error) {
      // A source that has ended by now, and failed while it cleaned up; any other has not begun.
      if (subscriber.closed) logCallbackError(cleanUp(this.method.fullName), error);
      else owner.onSourceFailed(error);
    }
  }

  stop(): void {
    const subscriber = this.#subscriber;
    if (subscriber && !subscriber.closed) this.#context.runInAsyncScope(unsubscribe, subscriber);
  }

  pause(): void {
    // An Observable cannot wait: what it is ahead of the server is held, up to `maxBufferedBytes`.
  }

  resume(): void {
    // As above.
  }
}

function unsubscribe(this: Subscriber<unknown>): void {
  this.unsubscribe();
}
