import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ContainerdEvents, ContainerdEventsModule, EventPublisher } from 'nestjs-ttrpc/containerd';
import { serve } from 'nestjs-ttrpc/protocol';
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import { TempFolder } from '../support/temp-folder.js';

let folder: TempFolder;
let app: INestApplicationContext | undefined;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(async () => {
  await app?.close();
  app = undefined;
  folder.close();
});

const start = async (...imports: object[]): Promise<INestApplicationContext> => {
  class AppModule {}
  Module({ imports: imports as never })(AppModule);
  app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  return app;
};

describe('ContainerdEventsModule', () => {
  it('gives events as Observables, all of them and by their types', async () => {
    const events = (await start(ContainerdEventsModule.forRoot({ address: folder.url() }))).get(ContainerdEvents);
    expect(events.addresses).toEqual([folder.url()]);
    const all = lastValueFrom(events.all.pipe(toArray()));
    const exit = firstValueFrom(events.of('containerd.events.TaskExit'));
    const publisher = new EventPublisher({ address: folder.url(), namespace: 'k8s.io' });
    void publisher.publish('/tasks/start', 'containerd.events.TaskStart', { containerId: 'c1', pid: 5 });
    void publisher.publish('/tasks/exit', 'containerd.events.TaskExit', { containerId: 'c1', exitStatus: 3 });
    const { event, namespace } = await exit;
    // The type is that of the event: no cast here.
    expect([namespace, event.containerId, event.exitStatus]).toEqual(['k8s.io', 'c1', 3]);
    await publisher.close();
    await app?.close();
    app = undefined;
    expect((await all).map(({ topic }) => topic)).toEqual(['/tasks/start', '/tasks/exit']);
  });

  it('takes its options from a factory', async () => {
    const module = ContainerdEventsModule.forRootAsync({ useFactory: async () => ({ address: folder.url() }) });
    expect((await start(module)).get(ContainerdEvents).addresses).toEqual([folder.url()]);
  });

  it('fails to start where it cannot listen', async () => {
    const module = ContainerdEventsModule.forRoot({ address: folder.url('no/such/folder.sock') });
    await expect(start(module)).rejects.toThrow('no/such/folder.sock');
  });

  it('knows which events there are', async () => {
    const events = (await start(ContainerdEventsModule.forRoot({ address: folder.url() }))).get(ContainerdEvents);
    expect(() => events.of('containerd.events.TaskEnd' as never)).toThrow(
      "containerd has no event type 'containerd.events.TaskEnd': expected a full name such as 'containerd.events.TaskExit'",
    );
  });

  it('publishes in its namespace, and delivers before it shuts down', async () => {
    const headers: (string | undefined)[] = [];
    const topics: string[] = [];
    const server = await serve(folder.url(), {
      'containerd.services.events.ttrpc.v1.Events': {
        Forward: (_bytes, { metadata }) => {
          headers.push(metadata.get('containerd-namespace-ttrpc'));
          return new Uint8Array();
        },
      },
    });
    const publisher = (
      await start(ContainerdEventsModule.forPublisher({ address: folder.url(), namespace: 'k8s.io' }))
    ).get(EventPublisher);
    for (const id of ['a', 'b', 'c']) {
      void publisher
        .publish('/tasks/oom', 'containerd.events.TaskOOM', { containerId: id })
        .then(() => topics.push(id));
    }
    await app?.close();
    app = undefined;
    expect(topics).toEqual(['a', 'b', 'c']);
    expect(headers).toEqual(['k8s.io', 'k8s.io', 'k8s.io']);
    await server.close();
  });

  it('forwards from one application to another, and to itself', async () => {
    const receive = ContainerdEventsModule.forRoot({ address: folder.url() });
    const publish = ContainerdEventsModule.forPublisherAsync({
      useFactory: () => ({ address: folder.url(), namespace: 'default' }),
    });
    const both = await start(receive, publish);
    const two = lastValueFrom(both.get(ContainerdEvents).of('containerd.events.TaskOOM').pipe(take(2), toArray()));
    const publisher = both.get(EventPublisher);
    await publisher.publish('/tasks/oom', 'containerd.events.TaskOOM', { containerId: 'a' });
    await publisher.publish('/tasks/oom', 'containerd.events.TaskOOM', { containerId: 'b' });
    expect((await two).map(({ event }) => event.containerId)).toEqual(['a', 'b']);
  });
});
