import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { propagation, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node';
import type { INestMicroservice } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  TtrpcClient,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
  TtrpcException,
  type TtrpcContext,
} from '../../../src/index.js';
import { TtrpcInstrumentation } from '../../../src/opentelemetry/index.js';
import { hasGo } from '../../support/go-module.js';
import { TempFolder } from '../../support/temp-folder.js';

const PROTO = fileURLToPath(new URL('chain.proto', import.meta.url));
const run = promisify(execFile);

/** A span of either language. */
interface Span {
  name: string;
  kind: string;
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  status: string;
  attributes: Record<string, unknown>;
}

interface Text {
  value?: string;
}

interface Chain {
  relay(request: Text, options?: { parent?: TtrpcContext; metadata?: Record<string, string> }): Promise<Text>;
}

let folder: TempFolder;
let app: INestMicroservice;
let toNest: TtrpcClient;
let toGo: TtrpcClient;
const gos: ChildProcess[] = [];
let goSpans: Span[];
let onGoSpan: () => void = () => undefined;

const exporter = new InMemorySpanExporter();
const tracers = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
const meters = new MeterProvider({ readers: [reader] });
let unregister: () => void;

@TtrpcService('chain.v1.Chain')
class ChainController {
  @TtrpcMethod()
  async relay({ value }: Text, context: TtrpcContext): Promise<Text> {
    if (value === 'fail') throw new TtrpcException(TtrpcStatus.NOT_FOUND, 'not here');
    if (value === 'end') return { value: 'end' };
    const chain = toNest.getAsyncService<Chain>('chain.v1.Chain');
    const { value: rest } = await chain.relay({ value: 'end' }, { parent: context });
    return { value: `nest ${rest}` };
  }
}

const isThere = await hasGo();
if (!isThere) process.stderr.write("no Go: traces that go through Go's otelttrpc are not tested\n");
const withGo = isThere ? it : it.skip;

beforeAll(async () => {
  folder = new TempFolder();
  tracers.register();
  unregister = registerInstrumentations({
    instrumentations: [new TtrpcInstrumentation()],
    tracerProvider: tracers,
    meterProvider: meters,
  });
  await run('go', ['build', '-o', folder.file('link'), '.'], { cwd: fileURLToPath(new URL('go', import.meta.url)) });
}, 240_000);

afterAll(async () => {
  unregister();
  await meters.shutdown();
  await tracers.shutdown();
  folder.remove();
});

beforeEach(async () => {
  exporter.reset();
  goSpans = [];
  const module = await Test.createTestingModule({ controllers: [ChainController] }).compile();
  const strategy = new TtrpcServer({ url: folder.url('nest.sock'), protoPath: PROTO });
  app = module.createNestMicroservice<MicroserviceOptions>({ strategy, logger: false } as never);
  await app.listen();
  toNest = new TtrpcClient({ url: folder.url('nest.sock'), protoPath: PROTO });
  toGo = new TtrpcClient({ url: folder.url('go.sock'), protoPath: PROTO });
});

afterEach(async () => {
  await toGo.close();
  await toNest.close();
  await app.close();
  for (const go of gos.splice(0)) {
    if (go.exitCode !== null || go.signalCode !== null) continue;
    const gone = new Promise((resolve) => go.once('exit', resolve));
    go.kill();
    await gone;
  }
  // A Go server that is killed leaves its file.
  rmSync(folder.file('go.sock'), { force: true });
});

/** Starts the Go program; resolves with its first line. */
function startGo(args: string[]): Promise<string> {
  const child = spawn(folder.file('link'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  gos.push(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`the Go program has ended with ${code} and printed nothing`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('"spanId"')) goSpans.push(JSON.parse(line) as Span);
      onGoSpan();
      resolve(line);
    });
  });
}

async function goSpansEnded(count: number): Promise<void> {
  while (goSpans.length < count) await new Promise<void>((resolve) => (onGoSpan = resolve));
}

function ours(): Span[] {
  return exporter.getFinishedSpans().map((span: ReadableSpan) => ({
    name: span.name,
    kind: SpanKind[span.kind].toLowerCase(),
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    parentId: span.parentSpanContext?.spanId,
    status: SpanStatusCode[span.status.code],
    attributes: span.attributes,
  }));
}

/** The one trace, from its root on: each span has at most one child. */
function chainOf(spans: Span[]): Span[] {
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const roots = spans.filter(({ parentId }) => parentId === undefined || !ids.has(parentId));
  expect(roots).toHaveLength(1);
  const chain = [...roots];
  for (;;) {
    const children = spans.filter(({ parentId }) => parentId === chain.at(-1)?.spanId);
    if (children.length === 0) break;
    expect(children).toHaveLength(1);
    chain.push(children[0] as Span);
  }
  expect(chain).toHaveLength(spans.length);
  return chain;
}

const NAME = 'chain.v1.Chain/Relay';
const OURS = { 'rpc.system.name': 'ttrpc', 'rpc.method': NAME, 'rpc.status_code': 'OK' };
const GOS = {
  'rpc.system': 'ttrpc',
  'rpc.service': 'chain.v1.Chain',
  'rpc.method': 'Relay',
  'rpc.ttrpc.status_code': 0,
};

/** What the spans of a chain must be, from its root on. */
function expectChain(spans: Span[], expected: { kind: string; attributes: object; status?: string }[]): void {
  expect(spans.map(({ name }) => name)).toEqual(expected.map(() => NAME));
  expect(spans.map(({ kind }) => kind)).toEqual(expected.map(({ kind }) => kind));
  spans.forEach((span, index) => expect(span.attributes).toMatchObject(expected[index]?.attributes as object));
  expect(spans.map(({ status }) => status.toUpperCase())).toEqual(expected.map(({ status }) => status ?? 'UNSET'));
}

withGo(
  'joins one trace: a Nest client, a Go server and client with otelttrpc, a Nest server, and a Nest client behind it',
  async () => {
    await startGo(['-listen', folder.file('go.sock'), '-next', folder.file('nest.sock')]);
    const chain = toGo.getAsyncService<Chain>('chain.v1.Chain');
    expect(await chain.relay({ value: 'begin' })).toEqual({ value: 'go nest end' });
    await goSpansEnded(2);
    const toGoSocket = { ...OURS, 'server.address': folder.file('go.sock') };
    const toNestSocket = { ...OURS, 'server.address': folder.file('nest.sock') };
    expectChain(chainOf([...ours(), ...goSpans]), [
      { kind: 'client', attributes: toGoSocket },
      { kind: 'server', attributes: GOS },
      { kind: 'client', attributes: GOS },
      { kind: 'server', attributes: toNestSocket },
      { kind: 'client', attributes: toNestSocket },
      { kind: 'server', attributes: toNestSocket },
    ]);
  },
);

withGo(
  'joins a trace that Go starts: a Go client, a Go server, a Nest server, and a Nest client behind it',
  async () => {
    await startGo(['-listen', folder.file('go.sock'), '-next', folder.file('nest.sock')]);
    await startGo(['-call', 'begin', '-next', folder.file('go.sock')]);
    await goSpansEnded(3);
    const toNestSocket = { ...OURS, 'server.address': folder.file('nest.sock') };
    const spans = chainOf([...ours(), ...goSpans]);
    expectChain(spans, [
      { kind: 'client', attributes: GOS },
      { kind: 'server', attributes: GOS },
      { kind: 'client', attributes: GOS },
      { kind: 'server', attributes: toNestSocket },
      { kind: 'client', attributes: toNestSocket },
      { kind: 'server', attributes: toNestSocket },
    ]);
    expect(spans[0]?.parentId).toMatch(/^0*$/);
  },
);

withGo('joins a trace that fails at Go', async () => {
  await startGo(['-listen', folder.file('go.sock'), '-next', folder.file('nest.sock')]);
  const chain = toGo.getAsyncService<Chain>('chain.v1.Chain');
  await expect(chain.relay({ value: 'fail' })).rejects.toMatchObject({ code: TtrpcStatus.NOT_FOUND });
  await goSpansEnded(1);
  const failed = { 'rpc.status_code': 'NOT_FOUND', 'error.type': 'NOT_FOUND' };
  const [caller, served] = chainOf([...ours(), ...goSpans]);
  expect(caller).toMatchObject({ kind: 'client', status: 'ERROR', attributes: { ...OURS, ...failed } });
  expect(served).toMatchObject({ kind: 'server', attributes: { ...GOS, 'rpc.ttrpc.status_code': 5 } });
});

withGo('marks errors as the conventions say: each for the client, its own for the server', async () => {
  const chain = toNest.getAsyncService<Chain>('chain.v1.Chain');
  await expect(chain.relay({ value: 'fail' })).rejects.toMatchObject({ code: TtrpcStatus.NOT_FOUND });
  const [client, server] = chainOf(ours());
  expect(client).toMatchObject({
    status: 'ERROR',
    attributes: { 'error.type': 'NOT_FOUND', 'rpc.status_code': 'NOT_FOUND' },
  });
  expect(server).toMatchObject({ status: 'UNSET', attributes: { 'rpc.status_code': 'NOT_FOUND' } });
  expect(server?.attributes).not.toHaveProperty(['error.type']);
});

withGo('counts the calls of a scripted load exactly', async () => {
  const count = async (): Promise<Record<string, number>> => {
    metricExporter.reset();
    await reader.forceFlush();
    const counts: Record<string, number> = {};
    for (const { scopeMetrics } of metricExporter.getMetrics().slice(-1)) {
      for (const { metrics } of scopeMetrics) {
        for (const { descriptor, dataPoints } of metrics) {
          for (const { attributes, value } of dataPoints) {
            const key = [descriptor.name, attributes['rpc.status_code']].filter(Boolean).join(' ');
            counts[key] = (counts[key] ?? 0) + (typeof value === 'number' ? value : (value as { count: number }).count);
          }
        }
      }
    }
    return counts;
  };
  const chain = toNest.getAsyncService<Chain>('chain.v1.Chain');
  const before = await count();
  for (let call = 0; call < 7; call++) await chain.relay({ value: 'end' });
  for (let call = 0; call < 3; call++) await chain.relay({ value: 'fail' }).catch(() => undefined);
  const after = await count();
  const gained = (key: string): number => (after[key] ?? 0) - (before[key] ?? 0);
  for (const side of ['client', 'server']) {
    expect(gained(`rpc.${side}.call.duration OK`)).toBe(7);
    expect(gained(`rpc.${side}.call.duration NOT_FOUND`)).toBe(3);
    expect(after[`ttrpc.${side}.active_calls`]).toBe(0);
  }
  expect(gained('ttrpc.client.messages.sent')).toBe(10);
  expect(gained('ttrpc.client.messages.received')).toBe(7);
});

withGo.each([
  [
    'throws',
    () => {
      throw new Error('no propagator');
    },
  ],
  [
    'writes upper case',
    (_context: unknown, carrier: unknown, setter: { set(carrier: unknown, key: string, value: string): void }) =>
      setter.set(carrier, 'TRACEPARENT', 'x'),
  ],
] as const)('lets the call go on with a propagator that %s', async (_what, inject) => {
  propagation.disable();
  propagation.setGlobalPropagator({ inject: inject as never, extract: (context) => context, fields: () => [] });
  const chain = toNest.getAsyncService<Chain>('chain.v1.Chain');
  expect(await chain.relay({ value: 'end' })).toEqual({ value: 'end' });
  expect(
    ours()
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual(['client', 'server']);
});
