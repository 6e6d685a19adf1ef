import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'nestjs-ttrpc/protocol';
import { EventPublisher, receiveEvents, type ContainerdEvent, type EventReceiver } from 'nestjs-ttrpc/containerd';
import { from, lastValueFrom, take, toArray } from 'rxjs';
import { once } from 'node:events';
import { TempFolder } from '../support/temp-folder.js';
import { Containerd, hasContainerd } from './containerd.js';

const topicOf = (next: IteratorResult<ContainerdEvent, undefined>): string | undefined => next.value?.topic;
const withContainerd = hasContainerd ? describe : describe.skip;

describe('events', () => {
  let folder: TempFolder;
  let receiver: EventReceiver;
  let publisher: EventPublisher;

  beforeEach(async () => {
    folder = new TempFolder();
    receiver = await receiveEvents(folder.url());
    publisher = new EventPublisher({ address: folder.url(), namespace: 'default' });
  });

  afterEach(async () => {
    await publisher.close();
    await receiver.close();
    folder.remove();
  });

  it('come in order, decoded by their types', async () => {
    void publisher.publish('/tasks/start', 'containerd.events.TaskStart', { containerId: 'c1', pid: 5 });
    const exitedAt = new Date(1_700_000_000_123);
    void publisher.publish('/tasks/exit', 'containerd.events.TaskExit', { containerId: 'c1', exitStatus: 3, exitedAt });
    const events = await lastValueFrom(from(receiver).pipe(take(2), toArray()));
    expect(events[0]).toMatchObject({
      topic: '/tasks/start',
      namespace: 'default',
      type: 'containerd.events.TaskStart',
      event: { containerId: 'c1', pid: 5 },
    });
    expect(events[1]).toMatchObject({
      type: 'containerd.events.TaskExit',
      event: { exitStatus: 3, exitedAt: { seconds: 1_700_000_000n, nanos: 123_000_000 } },
    });
    expect(Math.abs((events[0] as ContainerdEvent).timestamp.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('of unknown types come as bytes', async () => {
    const client = await connect(folder.url());
    const envelope = Buffer.from('\n\x0d\x1a\x02/x"\x07\n\x03a.B\x12\x00', 'latin1');
    await client.call('containerd.services.events.ttrpc.v1.Events', 'Forward', envelope);
    const next = await receiver[Symbol.asyncIterator]().next();
    expect(next.value).toMatchObject({ topic: '/x', type: 'a.B', event: undefined });
    client.close();
  });

  it('are tried again by their publisher when the receiver is full', async () => {
    await receiver.close();
    receiver = await receiveEvents(folder.url(), { maxQueued: 1 });
    const lost: string[] = [];
    await publisher.close();
    publisher = new EventPublisher({ address: folder.url(), namespace: 'n', onLost: (topic) => lost.push(topic) });
    await publisher.publish('/a', 'containerd.events.TaskOOM', { containerId: 'a' });
    const second = publisher.publish('/b', 'containerd.events.TaskOOM', { containerId: 'b' });
    const events = receiver[Symbol.asyncIterator]();
    expect(topicOf(await events.next())).toBe('/a');
    await second;
    expect(topicOf(await events.next())).toBe('/b');
    expect(lost).toEqual([]);
  });

  it('that are wrong are refused where they are published', () => {
    expect(() => publisher.publish('/x', 'containerd.events.TaskStrat', {})).toThrow(
      "message type 'containerd.events.TaskStrat' is not in the schema",
    );
    expect(() => publisher.publish('/x', 'containerd.events.TaskStart', { pidd: 5 })).toThrow('pidd');
    expect(() => new EventPublisher({ address: folder.url(), namespace: '' })).toThrow('namespace: expected');
  });
});

withContainerd('events for the real containerd', () => {
  it('arrive there, in their namespace', async () => {
    const folder = new TempFolder();
    const containerd = await Containerd.start(folder.path);
    const ctr = containerd.startCtr('events');
    let seen = '';
    // ctr says nothing when it has subscribed: events are sent until it shows one.
    const shown = new Promise<void>((resolve) => {
      ctr.stdout?.on('data', (text: Buffer) => {
        seen += text.toString();
        if (seen.includes('\n')) resolve();
      });
    });
    let isShown = false;
    void shown.then(() => (isShown = true));
    const publisher = new EventPublisher({ address: containerd.ttrpcSocket, namespace: 'default' });
    for (let pid = 1; !isShown; pid++) {
      await publisher.publish('/tasks/start', 'containerd.events.TaskStart', { containerId: 'c1', pid });
    }
    expect(seen).toMatch(/ default \/tasks\/start \{"container_id":"c1","pid":\d+\}/);
    await publisher.close();
    const closed = once(ctr, 'close');
    ctr.kill();
    await closed;
    await containerd.stop();
    folder.remove();
  });
});
