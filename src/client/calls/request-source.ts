import { from, isObservable, type Observable, type ObservableInput } from 'rxjs';
import { isIterable } from '../../protocol/connection/pump.js';

/** What is made of a request stream, by its kind. */
export interface RequestReaders<Result> {
  iterable(source: AsyncIterable<unknown> | Iterable<unknown>): Result;
  observable(source: Observable<unknown>): Result;
}

/**
 * Reads the stream argument of a call. What is both an Observable and an AsyncIterable (a TtrpcStream) is read by demand.
 * Undefined for what is not a stream.
 */
export function readRequests<Result>(source: unknown, readers: RequestReaders<Result>): Result | undefined {
  if (isIterable(source) && (Symbol.asyncIterator in source || !isSubscribable(source))) {
    return readers.iterable(source);
  }
  if (!isSubscribable(source)) return undefined;
  // Of another library or another copy of RxJS: `from` knows the interop symbol.
  return readers.observable(isObservable(source) ? source : from(source as unknown as ObservableInput<unknown>));
}

interface Subscribable {
  subscribe(...args: never[]): unknown;
}

function isSubscribable(value: unknown): value is Subscribable {
  return typeof value === 'object' && value !== null && typeof (value as Subscribable).subscribe === 'function';
}
