import type { Observable } from 'rxjs';

/**
 * A stream of messages that can be read as an Observable or by `for await`, by one reader and once: a second one gets
 * FAILED_PRECONDITION. It is cold and queued from its first message on, so that nothing is lost behind guards,
 * interceptors and pipes that take their time. Read by `for await` it is taken by demand.
 *
 * An interface, so that pipes see no class to transform.
 */
export interface TtrpcStream<T> extends Observable<T>, AsyncIterable<T> {
  [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
}
