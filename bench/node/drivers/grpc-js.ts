import { once } from 'node:events';
import { credentials, loadPackageDefinition, Metadata, type CallOptions, type ClientDuplexStream } from '@grpc/grpc-js';
import type { ClientReadableStream, ClientWritableStream, ServiceClientConstructor, ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { METADATA, type CallExtras } from '../load/bench-client.js';
import { drive } from '../load/drive.js';
import { PROTO_PATH, type DownloadRequest, type Echo, type Order, type UploadReply } from '../messages.js';

type Answer<T> = (error: ServiceError | null, reply: T) => void;

/** The methods that @grpc/grpc-js makes of bench.proto. */
interface Stub {
  unary(message: Echo, metadata: Metadata, options: CallOptions, answer: Answer<Echo>): void;
  guarded(message: Echo, metadata: Metadata, options: CallOptions, answer: Answer<Echo>): void;
  place(order: Order, metadata: Metadata, options: CallOptions, answer: Answer<Order>): void;
  download(request: DownloadRequest): ClientReadableStream<Echo>;
  upload(answer: Answer<UploadReply>): ClientWritableStream<Echo>;
  chat(): ClientDuplexStream<Echo, Echo>;
  close(): void;
}

const loaded = loadPackageDefinition(loadSync(PROTO_PATH)) as unknown as {
  bench: { v1: { Bench: ServiceClientConstructor } };
};

/** @grpc/grpc-js without Nest, default options. */
drive(async (path) => {
  const stub = new loaded.bench.v1.Bench(`unix:${path}`, credentials.createInsecure()) as unknown as Stub;
  return {
    unary: (rpc, message, extras) =>
      new Promise((resolve, reject) => {
        const answer = settle(resolve, reject);
        if (rpc === 'Unary') stub.unary(message, metadata(extras), options(extras), answer);
        else stub.guarded(message, metadata(extras), options(extras), answer);
      }),
    place: (order, extras) =>
      new Promise((resolve, reject) => stub.place(order, metadata(extras), options(extras), settle(resolve, reject))),
    async download(request, onMessage) {
      const call = stub.download(request);
      call.on('data', onMessage);
      await once(call, 'end');
    },
    upload: (messages) =>
      new Promise((resolve, reject) => {
        const call = stub.upload(settle(resolve, reject));
        void feed(call, messages);
      }),
    chat(onMessage) {
      const call = stub.chat();
      call.on('data', onMessage);
      return {
        send: (message) => void call.write(message),
        end: () => call.end(),
        done: once(call, 'end').then(() => undefined),
      };
    },
    close: () => stub.close(),
  };
});

function settle<T>(resolve: (reply: T) => void, reject: (error: Error) => void): Answer<T> {
  return (error, reply) => (error ? reject(error) : resolve(reply));
}

async function feed(call: ClientWritableStream<Echo>, messages: Iterable<Echo>): Promise<void> {
  for (const message of messages) if (!call.write(message)) await once(call, 'drain');
  call.end();
}

function metadata(extras: CallExtras): Metadata {
  const entries = new Metadata();
  if (extras.metadata) for (const [key, value] of METADATA) entries.set(key, value);
  return entries;
}

function options({ deadlineMs }: CallExtras): CallOptions {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}
