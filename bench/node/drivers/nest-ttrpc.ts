import 'reflect-metadata';
import { ClientProxyFactory } from '@nestjs/microservices';
import { TtrpcClient, type TtrpcCallOptions } from 'nestjs-ttrpc';
import { METADATA } from '../load/bench-client.js';
import { drive } from '../load/drive.js';
import { observableClient, type ObservableBench } from '../load/observable-client.js';
import { PROTO_PATH, SERVICE, type Echo } from '../messages.js';

/** Our Nest client: cold Observables, default options. */
drive(async (path) => {
  const client = ClientProxyFactory.create({
    customClass: TtrpcClient,
    options: { url: `unix://${path}`, protoPath: PROTO_PATH },
  }) as TtrpcClient;
  await client.connect();
  return observableClient(client.getService(SERVICE) as unknown as ObservableBench<TtrpcCallOptions>, {
    options: ({ metadata, deadlineMs }) =>
      metadata || deadlineMs !== undefined
        ? { metadata: metadata ? METADATA : undefined, timeoutMs: deadlineMs }
        : undefined,
    feed: asyncIterable,
    close: () => client.close(),
  });
});

async function* asyncIterable(messages: Iterable<Echo>): AsyncIterable<Echo> {
  yield* messages;
}
