import 'reflect-metadata';
import { Metadata, type CallOptions } from '@grpc/grpc-js';
import { ClientProxyFactory, Transport, type ClientGrpc } from '@nestjs/microservices';
import { from } from 'rxjs';
import { METADATA } from '../load/bench-client.js';
import { drive } from '../load/drive.js';
import { observableClient, type ObservableBench } from '../load/observable-client.js';
import { PROTO_PATH, type Echo, type Order } from '../messages.js';

/** Nest's gRPC client takes metadata and options as two arguments; this makes one of them. */
interface GrpcExtras {
  metadata: Metadata;
  options: CallOptions;
}

/** Nest's gRPC client, default options. */
drive(async (path) => {
  const client = ClientProxyFactory.create({
    transport: Transport.GRPC,
    options: { url: `unix:${path}`, package: 'bench.v1', protoPath: PROTO_PATH },
  }) as unknown as ClientGrpc & { close(): void };
  const proxy = client.getService<{
    unary(...call: unknown[]): ReturnType<ObservableBench<GrpcExtras>['unary']>;
    guarded(...call: unknown[]): ReturnType<ObservableBench<GrpcExtras>['unary']>;
    place(...call: unknown[]): ReturnType<ObservableBench<GrpcExtras>['place']>;
  }>('Bench');
  const streams = proxy as unknown as ObservableBench<GrpcExtras>;
  const args = (message: Echo | Order, extras: GrpcExtras | undefined): unknown[] =>
    extras ? [message, extras.metadata, extras.options] : [message];
  return observableClient<GrpcExtras>(
    {
      unary: (message, extras) => proxy.unary(...args(message, extras)),
      guarded: (message, extras) => proxy.guarded(...args(message, extras)),
      place: (order, extras) => proxy.place(...args(order, extras)),
      download: (request) => streams.download(request),
      upload: (messages) => streams.upload(messages),
      chat: (messages) => streams.chat(messages),
    },
    {
      options({ metadata, deadlineMs }) {
        if (!metadata && deadlineMs === undefined) return undefined;
        const entries = new Metadata();
        if (metadata) for (const [key, value] of METADATA) entries.set(key, value);
        return {
          metadata: entries,
          options: deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
        };
      },
      feed: (messages) => from(messages),
      close: () => client.close(),
    },
  );
});
