// One measurement of main.mjs, in its own process: node measured.mjs <mode> <calls>. Prints µs for each call as JSON. Both sides
// are in this process: the figures are those of client and server together.
import { Buffer } from 'node:buffer';
import { subscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const require = createRequire(import.meta.url);
const [mode = '', calls = ''] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'bench-observability-'));
const url = `unix://${join(folder, 'bench.sock')}`;
const REQUEST = Buffer.alloc(64, 1);
/** Spans that were exported, and a check that there are some. */
let exported = 0;
let checkSpans = async () => undefined;
/** Calls at a time. */
const CONCURRENT = 16;

if (mode.endsWith('otel')) await observe(mode === 'grpc-otel');
const { call, close } = await (mode.startsWith('grpc') ? grpc() : ttrpc());
if (mode === 'channels') {
  for (const side of ['client', 'server']) {
    for (const event of ['start', 'asyncEnd']) subscribe(`tracing:nestjs-ttrpc.${side}:${event}`, () => undefined);
  }
}
await load(Number(calls) / 2);
const cpu = process.cpuUsage();
const start = performance.now();
await load(Number(calls));
const wall = performance.now() - start;
const { user, system } = process.cpuUsage(cpu);
if (mode.endsWith('otel')) await checkSpans();
console.log(JSON.stringify({ cpu: (user + system) / Number(calls), wall: (wall * 1000) / Number(calls) }));
await close();
rmSync(folder, { recursive: true, force: true });
process.exit();

async function load(count) {
  let left = count;
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      while (left-- > 0) await call();
    }),
  );
}

async function ttrpc() {
  const { connect, serve } = await import('nestjs-ttrpc/protocol');
  if (mode === 'metrics') new (await import('nestjs-ttrpc/metrics')).TtrpcMetrics();
  const options = mode === 'stats' ? { callStats: true } : {};
  const server = await serve(url, { 'bench.v1.Bench': { Echo: (request) => request } }, options);
  const client = await connect(url, options);
  return {
    call: () => client.call('bench.v1.Bench', 'Echo', REQUEST),
    close: async () => {
      client.close();
      await server.close();
    },
  };
}

async function grpc() {
  // The instrumentation patches what `require` gives.
  const { Client, Server, ServerCredentials, credentials } = require('@grpc/grpc-js');
  const same = (bytes) => bytes;
  const method = {
    path: '/bench.v1.Bench/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  const { makeGenericClientConstructor } = require('@grpc/grpc-js');
  const server = new Server();
  server.addService({ Echo: method }, { Echo: ({ request }, callback) => callback(null, request) });
  await new Promise((resolve, reject) => {
    server.bindAsync(url, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  const client = new (makeGenericClientConstructor({ Echo: method }, 'bench.v1.Bench'))(
    url,
    credentials.createInsecure(),
  );
  return {
    call: () =>
      new Promise((resolve, reject) =>
        client.Echo(REQUEST, (error, response) => (error ? reject(error) : resolve(response))),
      ),
    close: () => {
      Client.prototype.close.call(client);
      return new Promise((resolve) => server.tryShutdown(resolve));
    },
  };
}

/** OpenTelemetry as in production, but for the export: spans in batches, metrics collected every minute. */
async function observe(isGrpc) {
  const { registerInstrumentations } = await import('@opentelemetry/instrumentation');
  const { BatchSpanProcessor, NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } =
    await import('@opentelemetry/sdk-metrics');
  const exporter = {
    export: (spans, done) => {
      exported += spans.length;
      done({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
    forceFlush: () => Promise.resolve(),
  };
  const tracerProvider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  tracerProvider.register();
  checkSpans = async () => {
    await tracerProvider.forceFlush();
    if (exported === 0) throw new Error(`${mode}: no span was exported`);
  };
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
  });
  const instrumentation = isGrpc
    ? new (await import('@opentelemetry/instrumentation-grpc')).GrpcInstrumentation()
    : new (await import('nestjs-ttrpc/opentelemetry')).TtrpcInstrumentation();
  registerInstrumentations({
    tracerProvider,
    meterProvider: new MeterProvider({ readers: [reader] }),
    instrumentations: [instrumentation],
  });
}
