import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import type { TtrpcContext, TtrpcStream } from '../../src/index.js';
import { nextUntil } from '../../src/reflection/next-until.js';
import type { ReflectionRequest, ReflectionResponse } from '../../src/reflection/reflect.js';
import { ReflectionController } from '../../src/reflection/reflection.controllers.js';
import type { TtrpcReflection } from '../../src/reflection/ttrpc-reflection.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a stream of questions', () => {
  it('keeps none of them once it is answered', async () => {
    const asked: WeakRef<ReflectionRequest>[] = [];
    async function* requests(): AsyncGenerator<ReflectionRequest, undefined> {
      for (let at = 0; at < 100; at++) {
        const request = { list_services: `${at}` };
        asked.push(new WeakRef(request));
        yield request;
        await turn();
      }
      return undefined;
    }
    const { signal } = new AbortController();
    const controller = new ReflectionController({ of: () => ({ services: [] }) } as unknown as TtrpcReflection);
    const stream = requests() as AsyncIterable<ReflectionRequest> as TtrpcStream<ReflectionRequest>;
    const context = { server: {}, signal } as unknown as TtrpcContext;
    const responses = controller.serverReflectionInfo(stream, context) as AsyncIterable<ReflectionResponse>;
    let held = -1;
    for await (const response of responses) {
      if (response.original_request.list_services !== '99') continue;
      await turn();
      collect();
      held = asked.filter((each) => each.deref() !== undefined).length;
    }
    // The last one, and what the engine still has of those before it.
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(5);
  });
});

describe('nextUntil', () => {
  /** Gives these, and then nothing, without an end. */
  function source(...values: string[]): AsyncIterator<string, undefined> {
    return {
      next: () => {
        const value = values.shift();
        return value === undefined ? new Promise(() => undefined) : Promise.resolve({ value, done: false });
      },
    };
  }

  it('gives what comes, and leaves nothing at the signal', async () => {
    const { signal } = new AbortController();
    expect(await nextUntil(source('a'), signal)).toEqual({ value: 'a', done: false });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('gives undefined when the signal aborts', async () => {
    const controller = new AbortController();
    const next = nextUntil(source(), controller.signal);
    await turn();
    controller.abort();
    expect(await next).toBeUndefined();
    expect(await nextUntil(source(), controller.signal)).toBeUndefined();
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('gives what has come before the signal aborted', async () => {
    expect(await nextUntil(source('a'), AbortSignal.abort())).toEqual({ value: 'a', done: false });
  });

  it('fails as the iterator does', async () => {
    const failing = { next: () => Promise.reject(new Error('gone')) };
    await expect(nextUntil(failing, new AbortController().signal)).rejects.toThrow('gone');
  });
});
