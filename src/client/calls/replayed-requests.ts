import { Observable, type Subscriber } from 'rxjs';
import { iteratorOf, leave } from '../../protocol/connection/pump.js';
import { GuardedSubscriber } from './guarded-subscriber.js';
import { readRequests } from './request-source.js';

/**
 * The request stream of a call that may be made again: each attempt reads it from its beginning. What the source has
 * given is kept until an attempt is sent; after that there is no other attempt.
 */
export interface ReplayedRequests {
  /** The stream for one attempt. `sent` tells whether that has been given to a connection. */
  attempt(sent: () => boolean): unknown;
  /** The call is over: the source is let go of. */
  end(): void;
}

/** The requests that `source` gives the rpc `fullName`; undefined for what is not a stream: the call itself complains of it. */
export function replayedRequests(source: unknown, fullName: string): ReplayedRequests | undefined {
  return readRequests<ReplayedRequests>(source, {
    iterable: (iterable) => new ReplayedIterable(iterable),
    observable: (observable) => new ReplayedObservable(observable, fullName),
  });
}

type Result = IteratorResult<unknown> | Promise<IteratorResult<unknown>>;

/** Pulls no more than an attempt asks for. */
class ReplayedIterable implements ReplayedRequests {
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  #kept: Result[] = [];
  #keeps = true;
  #ended = false;

  constructor(private readonly source: AsyncIterable<unknown> | Iterable<unknown>) {}

  attempt(sent: () => boolean): AsyncIterable<unknown> {
    // Not sooner, and not here: what the source throws when it has no iterator (a locked stream) is the attempt's error.
    return { [Symbol.asyncIterator]: () => this.#reader((this.#iterator ??= iteratorOf(this.source)), sent) };
  }

  #reader(iterator: AsyncIterator<unknown> | Iterator<unknown>, sent: () => boolean): AsyncIterator<unknown> {
    let at = 0;
    return {
      next: async () => {
        const kept = this.#kept[at++];
        if (kept !== undefined) return kept;
        const result = iterator.next();
        if (this.#keeps && sent()) {
          this.#keeps = false;
          this.#kept = [];
        }
        if (this.#keeps) this.#kept.push(result);
        const done = (await result).done === true;
        this.#ended ||= done;
        return result;
      },
    };
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#iterator) leave(this.#iterator);
  }
}

/** Subscribes once, so that nothing of a hot source is lost. */
class ReplayedObservable implements ReplayedRequests {
  #reader: Subscriber<unknown> | undefined;
  #kept: unknown[] = [];
  #keeps = true;
  /** How the source has ended. */
  #end: ((subscriber: Subscriber<unknown>) => void) | undefined;
  #current: { readonly subscriber: Subscriber<unknown>; readonly sent: () => boolean } | undefined;

  constructor(
    private readonly source: Observable<unknown>,
    private readonly fullName: string,
  ) {}

  attempt(sent: () => boolean): Observable<unknown> {
    return new Observable((subscriber) => {
      for (const value of this.#kept) subscriber.next(value);
      this.#end?.(subscriber);
      this.#current = { subscriber, sent };
      if (this.#reader) return;
      // A Subscriber of its own, since a synchronous source must be stopped before `subscribe` returns.
      this.#reader = new GuardedSubscriber(this.fullName, {
        next: (value) => this.#next(value),
        error: (error: unknown) => this.#finish((each) => each.error(error)),
        complete: () => this.#finish((each) => each.complete()),
      });
      this.source.subscribe(this.#reader);
    });
  }

  end(): void {
    this.#reader?.unsubscribe();
  }

  #next(value: unknown): void {
    if (this.#keeps && this.#current?.sent() === true) {
      this.#keeps = false;
      this.#kept = [];
    }
    if (this.#keeps) this.#kept.push(value);
    this.#current?.subscriber.next(value);
  }

  #finish(end: (subscriber: Subscriber<unknown>) => void): void {
    this.#end = end;
    if (this.#current) end(this.#current.subscriber);
  }
}
