import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerDuplexStream, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import type { ServerWritableStream, ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { PROTO_PATH, newBody, type DownloadRequest, type Echo, type UploadReply } from '../messages.js';
import { serve } from '../serve.js';

const loaded = loadPackageDefinition(loadSync(PROTO_PATH)) as unknown as {
  bench: { v1: { Bench: ServiceClientConstructor } };
};

function echo<T>(call: ServerUnaryCall<T, T>, answer: sendUnaryData<T>): void {
  answer(null, call.request);
}

function download(call: ServerWritableStream<DownloadRequest, Echo>): void {
  const { count, bytes, first } = call.request;
  const body = newBody(bytes);
  let i = 0;
  const more = (): void => {
    while (i < count) if (!call.write({ value: (first + i++) >>> 0, body })) return;
    call.off('drain', more);
    call.end();
  };
  call.on('drain', more);
  more();
}

function upload(call: ServerReadableStream<Echo, UploadReply>, answer: sendUnaryData<UploadReply>): void {
  const reply = { count: 0, sum: 0, bytes: 0 };
  call.on('data', ({ value, body }: Echo) => {
    reply.count++;
    reply.sum = (reply.sum + value) >>> 0;
    reply.bytes = (reply.bytes + body.length) >>> 0;
  });
  call.on('end', () => answer(null, reply));
}

function chat(call: ServerDuplexStream<Echo, Echo>): void {
  call.on('data', (message: Echo) => {
    if (call.write(message)) return;
    call.pause();
    call.once('drain', () => call.resume());
  });
  call.on('end', () => call.end());
}

/** @grpc/grpc-js without Nest, default options. */
serve(
  (path) =>
    new Promise((resolve, reject) => {
      const server = new Server();
      server.addService(loaded.bench.v1.Bench.service, {
        Unary: echo,
        Guarded: echo,
        Place: echo,
        Download: download,
        Upload: upload,
        Chat: chat,
      });
      server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    }),
);
