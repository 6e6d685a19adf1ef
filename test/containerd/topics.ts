import type { ContainerdEvent } from 'nestjs-ttrpc/containerd';

/** The topics of the next `count` events. */
export async function nextTopics(events: AsyncIterable<ContainerdEvent>, count: number): Promise<string[]> {
  const seen: string[] = [];
  const iterator = events[Symbol.asyncIterator]();
  while (seen.length < count) {
    const next: IteratorResult<ContainerdEvent, undefined> = await iterator.next();
    seen.push(next.value?.topic ?? '');
  }
  return seen;
}
