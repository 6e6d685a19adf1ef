import type { Observer } from 'rxjs';

/** Where a reader's failures go. */
export interface ReaderFailures {
  /** The reader has thrown. */
  onReaderFailed(error: unknown): void;
  /** The stream has failed, and the reader has no error handler. */
  onUnheardError(error: unknown): void;
}

/** The observer for what is given to `subscribe`, such that nothing that it throws, and no error that it does not take, leaves it. */
export function guardedReader<T>(
  reader: Partial<Observer<T>> | ((value: T) => void) | null | undefined,
  onError: ((error: unknown) => void) | null | undefined,
  onComplete: (() => void) | null | undefined,
  failures: ReaderFailures,
): Observer<T> {
  const observer: Partial<Observer<T>> =
    typeof reader === 'function' || !reader
      ? { next: reader ?? undefined, error: onError ?? undefined, complete: onComplete ?? undefined }
      : reader;
  const guard = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      failures.onReaderFailed(error);
    }
  };
  return {
    next: (value) => {
      try {
        observer.next?.(value);
      } catch (error) {
        failures.onReaderFailed(error);
      }
    },
    error: (error: unknown) => {
      if (typeof observer.error === 'function') guard(() => observer.error?.(error));
      else failures.onUnheardError(error);
    },
    complete: () => guard(() => observer.complete?.()),
  };
}
