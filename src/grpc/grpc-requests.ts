import { Observable, Subscriber, type Observer, type Subscription } from 'rxjs';
import { TtrpcException } from '../common/ttrpc-exception.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import type { RequestStream } from '../transport/call/request-stream.js';

const ENDS_OF_A_CALL: readonly TtrpcStatus[] = [
  TtrpcStatus.CANCELLED,
  TtrpcStatus.DEADLINE_EXCEEDED,
  TtrpcStatus.UNAVAILABLE,
];

/**
 * The request stream as a handler of `@GrpcStreamMethod` gets it: as in Nest's gRPC it completes, without an error, when
 * the call ends early.
 */
export class GrpcRequests<T> extends Observable<T> {
  /** `requests` has one reader. */
  constructor(private readonly requests: RequestStream<T>) {
    super((subscriber) => requests.subscribe(new EarlyEnd(subscriber)));
  }

  /** As Observable's. */
  override subscribe(observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null): Subscription;
  override subscribe(
    next?: ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription;
  override subscribe(
    reader?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // The handler is what subscribes.
    this.requests.handlerBegins();
    // An operator's.
    if (reader instanceof Subscriber) return super.subscribe(reader as Observer<T>);
    const observer: Partial<Observer<T>> =
      typeof reader === 'function' || !reader
        ? { next: reader ?? undefined, error: error ?? undefined, complete: complete ?? undefined }
        : reader;
    return this.requests.subscribe({
      next: (value) => observer.next?.(value),
      error: (reason: unknown) => {
        if (!isEarlyEnd(reason)) observer.error?.(reason);
        else observer.complete?.();
      },
      complete: () => observer.complete?.(),
    });
  }

  /** `@GrpcStreamMethod` calls it when the handler has returned. */
  drainBuffer(): void {
    this.requests.handlerReturned();
  }
}

class EarlyEnd<T> extends Subscriber<T> {
  override error(reason: unknown): void {
    if (isEarlyEnd(reason)) this.complete();
    else super.error(reason);
  }
}

function isEarlyEnd(error: unknown): boolean {
  return error instanceof TtrpcException && ENDS_OF_A_CALL.includes(error.code);
}
