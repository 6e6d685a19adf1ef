import { from, isObservable, Observable, Subscriber, type ObservableInput } from 'rxjs';
import { isIterable } from '../../protocol/connection/pump.js';

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

/** The requests that `source` gives; undefined for what is no stream: the call itself complains of it. */
export function replayedRequests(source: unknown): ReplayedRequests | undefined {
  if (isIterable(source) && (Symbol.asyncIterator in source || !isSubscribable(source))) {
    return new ReplayedIterable(source);
  }
  return isSubscribable(source) ? new ReplayedObservable(source) : undefined;
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
    // A source may fail while it cleans up; nobody is left to hear of it.
    try {
      Promise.resolve(this.#iterator?.return?.()).catch(() => undefined);
    } catch {
      // As above, for a synchronous iterator.
    }
  }
}

/** Subscribes once, so that nothing of a hot source is lost. */
class ReplayedObservable implements ReplayedRequests {
  readonly #source: Observable<unknown>;
  #reader: Subscriber<unknown> | undefined;
  #kept: unknown[] = [];
  #keeps = true;
  /** How the source has ended. */
  #end: ((subscriber: Subscriber<unknown>) => void) | undefined;
  #current: { readonly subscriber: Subscriber<unknown>; readonly sent: () => boolean } | undefined;

  constructor(source: Subscribable) {
    // Of another library or another copy of RxJS: `from` knows the interop symbol.
    this.#source = isObservable(source) ? source : from(source as unknown as ObservableInput<unknown>);
  }

  attempt(sent: () => boolean): Observable<unknown> {
    return new Observable((subscriber) => {
      for (const value of this.#kept) subscriber.next(value);
      this.#end?.(subscriber);
      this.#current = { subscriber, sent };
      if (this.#reader) return;
      // A Subscriber of its own, since a synchronous source must be stopped before `subscribe` returns.
      this.#reader = new Subscriber<unknown>({
        next: (value) => this.#next(value),
        error: (error: unknown) => this.#finish((each) => each.error(error)),
        complete: () => this.#finish((each) => each.complete()),
      });
      this.#source.subscribe(this.#reader);
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

function iteratorOf(source: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterator<unknown> | Iterator<unknown> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

interface Subscribable {
  subscribe(...args: never[]): unknown;
}

function isSubscribable(value: unknown): value is Subscribable {
  return typeof value === 'object' && value !== null && typeof (value as Subscribable).subscribe === 'function';
}
