/**
 * What comes next of `iterator`; undefined when `signal` aborts while nothing does. What is there already counts first.
 *
 * Not a `Promise.race` against one promise that stands for the signal: that would keep each result as long as it is
 * pending itself.
 */
export async function nextUntil<T>(
  iterator: AsyncIterator<T, undefined>,
  signal: AbortSignal,
): Promise<IteratorResult<T, undefined> | undefined> {
  let stopWaiting = (): void => undefined;
  try {
    return await new Promise<IteratorResult<T, undefined> | undefined>((resolve, reject) => {
      iterator.next().then(resolve, reject);
      stopWaiting = () => resolve(undefined);
      if (signal.aborted) setImmediate(stopWaiting);
      else signal.addEventListener('abort', stopWaiting, { once: true });
    });
  } finally {
    signal.removeEventListener('abort', stopWaiting);
  }
}
