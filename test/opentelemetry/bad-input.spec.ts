import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { diag, DiagLogLevel, metrics, propagation, trace, type TextMapSetter } from '@opentelemetry/api';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, serve, type CallTrace, type RawClient, type RawServer } from '../../src/protocol/index.js';
import { Telemetry } from './telemetry.js';

let telemetry: Telemetry;
let server: RawServer;
let client: RawClient;
let reports: string[];
/** Metadata of the requests as the server has read it. */
let keys: string[];

const noteKeys = (call: unknown): void => void (keys = [...(call as CallTrace).metadata].map(([key]) => key));

beforeEach(async () => {
  reports = [];
  const report = (message: string): void => void reports.push(message);
  const quiet = (): void => undefined;
  diag.setLogger({ error: report, warn: quiet, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.ERROR);
  telemetry = new Telemetry();
  server = await serve('memory:bad-input', { 'raw.v1.Raw': { Echo: (request) => request } });
  client = await connect('memory:bad-input');
  subscribe('tracing:nestjs-ttrpc.server:start', noteKeys);
});

afterEach(async () => {
  unsubscribe('tracing:nestjs-ttrpc.server:start', noteKeys);
  client.close();
  await server.close();
  await telemetry.close();
  diag.disable();
});

async function call(): Promise<void> {
  expect(await client.call('raw.v1.Raw', 'Echo', Buffer.from('x'))).toEqual(Buffer.from('x'));
}

function propagator(inject: (carrier: object, setter: TextMapSetter) => void, extract?: () => never): void {
  propagation.disable();
  propagation.setGlobalPropagator({
    inject: (_context, carrier, setter) => inject(carrier as object, setter),
    extract: extract ?? ((context) => context),
    fields: () => [],
  });
}

/** As OpenTelemetry's own: it takes what is there. */
const READS = undefined;

function fail(): never {
  throw new Error('broken');
}

it('a propagator that writes upper case: the keys travel in lower case, and Go finds them', async () => {
  propagator((carrier, setter) => {
    setter.set(carrier, 'TraceParent', 'x');
    setter.set(carrier, 'BAGGAGE', 'y');
  });
  await call();
  expect(keys).toEqual(['traceparent', 'baggage']);
  expect(await telemetry.ended(2)).toHaveLength(2);
  expect(reports).toEqual([]);
});

it.each([
  ['throws', () => fail(), () => fail()],
  [
    'throws after it has written',
    (carrier: object, setter: TextMapSetter) => (setter.set(carrier, 'half', '1'), fail()),
    READS,
  ],
  ['writes a number', (carrier: object, setter: TextMapSetter) => setter.set(carrier, 'key', 1 as never), READS],
  ['writes an empty key', (carrier: object, setter: TextMapSetter) => setter.set(carrier, '', 'x'), READS],
] as const)(
  'a propagator that %s: the call goes on with its spans, and diag hears of it',
  async (_what, inject, extract) => {
    propagator(inject, extract);
    await call();
    const spans = await telemetry.ended(2);
    expect(spans.map(({ kind, status }) => `${kind} ${status}`).sort()).toEqual(['client UNSET', 'server UNSET']);
    expect(reports[0]).toBe('nestjs-ttrpc/opentelemetry: the propagator failed for a request of raw.v1.Raw/Echo');
  },
);

it.each([
  ['empty', ''],
  ['malformed', '00-zz-zz-01'],
  ['long', 'x'.repeat(10_000)],
])('a traceparent that is %s: the server begins a trace of its own', async (_what, text) => {
  // Behind the instrumentation, which has subscribed first.
  const spoil = (each: unknown): void => void (each as CallTrace).metadata.set('traceparent', text);
  subscribe('tracing:nestjs-ttrpc.client:start', spoil);
  await call();
  unsubscribe('tracing:nestjs-ttrpc.client:start', spoil);
  const spans = await telemetry.ended(2);
  expect(spans.map(({ parent }) => parent)).toEqual([undefined, undefined]);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(2);
});

it('a tracer or a meter that throws: the call goes on, and diag hears of it', async () => {
  telemetry.instrumentation.setTracerProvider({
    getTracer: () => ({ ...trace.getTracer('x'), startSpan: fail }),
  });
  await call();
  telemetry.instrumentation.setTracerProvider(trace);
  telemetry.instrumentation.setMeterProvider({ ...metrics, getMeter: () => fail() });
  await call();
  expect(new Set(reports)).toEqual(new Set(['nestjs-ttrpc/opentelemetry: a call was not observed']));
  expect(reports.length).toBeGreaterThan(3);
});
