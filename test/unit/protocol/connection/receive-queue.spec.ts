import { describe, expect, it } from '@jest/globals';
import { ReceiveQueue } from '../../../../src/protocol/connection/receive-queue.js';

describe('ReceiveQueue', () => {
  const flow = { held: 0, pauseInput: () => void flow.held++, resumeInput: () => void flow.held-- };

  it('holds its source back while the reader is behind, and lets it go on', async () => {
    flow.held = 0;
    const queue = new ReceiveQueue<number>(flow, () => undefined);
    for (let i = 0; i < 511; i++) queue.push(i, 10);
    expect(flow.held).toBe(0);
    queue.push(511, 10);
    expect(flow.held).toBe(1);
    const read: number[] = [];
    queue.end();
    for await (const value of queue) {
      read.push(value);
      if (read.length === 383) expect(flow.held).toBe(1);
    }
    expect(flow.held).toBe(0);
    expect(read).toEqual(Array.from({ length: 512 }, (_, i) => i));
  });

  it('delivers what is queued before the error, and the error once', async () => {
    const queue = new ReceiveQueue<number>(flow, () => undefined);
    queue.push(1, 1);
    queue.fail(new Error('broken'));
    queue.push(2, 1);
    expect(await queue.next()).toEqual({ value: 1, done: false });
    await expect(queue.next()).rejects.toThrow('broken');
    expect(await queue.next()).toEqual({ value: undefined, done: true });
  });

  it('tells when the reader leaves early, and only then', async () => {
    let left = 0;
    const queue = new ReceiveQueue<number>(flow, () => left++);
    queue.push(1, 1);
    for await (const _value of queue) break;
    expect(left).toBe(1);
    const ended = new ReceiveQueue<number>(flow, () => left++);
    ended.end();
    for await (const _value of ended) break;
    expect(left).toBe(1);
  });

  it('serves readers that wait, in their order', async () => {
    const queue = new ReceiveQueue<number>(flow, () => undefined);
    const reads = [queue.next(), queue.next(), queue.next()];
    queue.push(1, 1);
    queue.push(2, 1);
    queue.end();
    expect((await Promise.all(reads)).map(({ value }) => value)).toEqual([1, 2, undefined]);
  });
});
