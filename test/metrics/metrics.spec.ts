import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { channel } from 'node:diagnostics_channel';
import { firstValueFrom, from, lastValueFrom, NEVER, of, type Observable } from 'rxjs';
import {
  TtrpcClient,
  TtrpcException,
  TtrpcMethod,
  TtrpcService,
  TtrpcStatus,
  type TtrpcCallOptions,
  type TtrpcContext,
  type TtrpcStream,
} from '../../src/index.js';
import { percentile, TtrpcMetrics } from '../../src/metrics/index.js';
import { CallRecorder } from '../support/call-recorder.js';
import { LAB_PROTO, startLab, type Lab, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';
import {
  buildPrometheusParser,
  hasPrometheusParser,
  parsePrometheus,
  sampleOf,
  type PrometheusSample,
} from './parse-prometheus.js';

type Call = (request: unknown, options?: TtrpcCallOptions) => Observable<Message>;
type Proxy = Record<'ask' | 'count' | 'sum' | 'chat' | 'forget', Call>;

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  ask({ text }: Message): Observable<Message> {
    if (text === 'fail') throw new TtrpcException(TtrpcStatus.NOT_FOUND, 'not here');
    return text === 'hang' ? NEVER : of({ text });
  }

  @TtrpcMethod()
  count({ number = 0 }: Message): Observable<Message> {
    return from(Array.from({ length: number }, (_, index) => ({ number: index + 1 })));
  }

  @TtrpcMethod()
  async sum(parts: TtrpcStream<Message>): Promise<Message> {
    let sum = 0;
    for await (const { number = 0 } of parts) sum += number;
    return { number: sum };
  }

  @TtrpcMethod()
  async *chat(lines: TtrpcStream<Message>, _context: TtrpcContext): AsyncIterable<Message> {
    for await (const line of lines) yield line;
  }
}

const tools = new TempFolder();
const parser = tools.file('parse');
let lab: Lab;
let client: TtrpcClient;
let metrics: TtrpcMetrics;
let recorder: CallRecorder;

const withParser = hasPrometheusParser ? it : it.skip;

beforeAll(async () => {
  if (hasPrometheusParser) await buildPrometheusParser(parser);
}, 240_000);
afterAll(() => tools.remove());

beforeEach(async () => {
  recorder = new CallRecorder();
  lab = await startLab({ controllers: [LabController] });
  client = new TtrpcClient({ url: lab.folder.url(), protoPath: LAB_PROTO });
  metrics = new TtrpcMetrics({ servers: { lab: lab.server }, clients: { 'the "lab"\\\n': client } });
});

afterEach(async () => {
  metrics.close();
  await client.close();
  await lab.close();
  recorder.close();
});

/** A load of which each number is known. */
async function load(): Promise<void> {
  const service = client.getService<Proxy>('lab.v1.Lab');
  for (let call = 0; call < 8; call++) await firstValueFrom(service.ask({ text: 'x' }));
  for (let call = 0; call < 3; call++) await firstValueFrom(service.ask({ text: 'fail' })).catch(() => undefined);
  for (let call = 0; call < 2; call++) {
    await firstValueFrom(service.ask({ text: 'hang' }, { timeoutMs: 500 })).catch(() => undefined);
  }
  const begun = recorder.of('server').length;
  const cancelled = service.ask({ text: 'hang' }, { dedicated: true }).subscribe();
  await recorder.begun('server', begun + 1);
  cancelled.unsubscribe();
  await lastValueFrom(service.count({ number: 5 }));
  await firstValueFrom(service.sum(from([{ number: 1 }, { number: 2 }, { number: 3 }])));
  await lastValueFrom(service.chat(from([{ text: 'a' }, { text: 'b' }])));
  await lastValueFrom(service.forget({})).catch(() => undefined);
  await recorder.ended('server', begun + 5);
}

it('counts a scripted load exactly, by method and status, on both sides', async () => {
  await load();
  const { server, client: clients, servers } = metrics.snapshot();
  for (const [side, { methods }] of Object.entries({ server, client: clients })) {
    const of = (name: string) => methods.find(({ method }) => method === name);
    const codes = Object.entries(of('Ask')?.codes ?? {}).map(([code, { count }]) => [code, count]);
    expect(Object.fromEntries(codes)).toEqual({ OK: 8, NOT_FOUND: 3, DEADLINE_EXCEEDED: 2, CANCELLED: 1 });
    expect(of('Ask')).toMatchObject({ started: 14, inFlight: 0, timeouts: 2, cancels: 1, shape: 'unary' });
    const [one, other] =
      side === 'client' ? ['messagesSent', 'messagesReceived'] : ['messagesReceived', 'messagesSent'];
    expect(of('Ask')).toMatchObject({ [one]: 14, [other]: 8 });
    expect(of('Count')).toMatchObject({ [one]: 1, [other]: 5 });
    expect(of('Sum')).toMatchObject({ [one]: 3, [other]: 1 });
    expect(of('Chat')).toMatchObject({ [one]: 2, [other]: 2 });
    const slow = of('Ask')?.codes['DEADLINE_EXCEEDED'];
    expect(slow && percentile(slow, 0.999)).toBeGreaterThanOrEqual(19);
  }
  // An rpc without a handler is served by nobody: names that a peer chooses get no counters of their own.
  expect(server.methods.find(({ method }) => method === '_OTHER')).toMatchObject({ started: 1 });
  expect(servers['lab']).toMatchObject({ calls: 0 });
});

withParser("is read by Prometheus' own parser, with names that its linter accepts, and the same numbers", async () => {
  await load();
  const samples = await parsePrometheus(parser, metrics.prometheus(), { lint: true });
  const ask = { service: 'lab.v1.Lab', method: 'Ask' };
  for (const side of ['client', 'server']) {
    const sample = (name: string, labels: Record<string, string> = ask): PrometheusSample =>
      sampleOf(samples, `ttrpc_${side}_${name}`, labels);
    expect(sample('calls_started_total')).toMatchObject({ type: 'COUNTER', value: 14 });
    expect(sample('calls_in_flight')).toMatchObject({ type: 'GAUGE', value: 0 });
    expect([sample('timeouts_total').value, sample('cancels_total').value]).toEqual([2, 1]);
    for (const [code, count] of Object.entries({ OK: 8, NOT_FOUND: 3, DEADLINE_EXCEEDED: 2, CANCELLED: 1 })) {
      const durations = sample('call_duration_seconds', { ...ask, code });
      expect(durations).toMatchObject({ type: 'HISTOGRAM', value: count });
      const upTo = Object.entries(durations.buckets ?? {});
      expect(upTo).toHaveLength(20);
      expect(durations.buckets?.['+Inf']).toBe(count);
      if (code !== 'DEADLINE_EXCEEDED') continue;
      // The server may be done 10 ms later than the client.
      expect([durations.buckets?.['0.01'], durations.buckets?.['10']]).toEqual([0, 2]);
      expect(durations.sum).toBeGreaterThan(0.038);
    }
    expect(sample('connections_opened_total', {}).value).toBeGreaterThan(1);
  }
  expect(sampleOf(samples, 'ttrpc_server_connections', { server: 'lab' }).value).toBeGreaterThan(0);
  expect(sampleOf(samples, 'ttrpc_server_refused_total', { server: 'lab', reason: 'maxConnections' }).value).toBe(0);
  expect(sampleOf(samples, 'ttrpc_client_waiting_calls').labels).toEqual({ client: 'the "lab"\\\n' });
});

it('reports a call while it is in flight, and nothing once it is closed', async () => {
  const service = client.getService<Proxy>('lab.v1.Lab');
  const hanging = service.ask({ text: 'hang' }, { dedicated: true }).subscribe();
  await recorder.begun('server');
  expect(metrics.snapshot().server.methods).toMatchObject([{ method: 'Ask', started: 1, inFlight: 1, codes: {} }]);
  metrics.close();
  hanging.unsubscribe();
  await firstValueFrom(service.ask({ text: 'x' }));
  expect(metrics.snapshot().server.methods).toMatchObject([{ started: 1, codes: {} }]);
  recorder.close();
  for (const name of ['tracing:nestjs-ttrpc.server:start', 'nestjs-ttrpc.connection.opened']) {
    expect(channel(name).hasSubscribers).toBe(false);
  }
});

withParser('writes what Prometheus reads before the first call, too', async () => {
  const empty = new TtrpcMetrics();
  empty.close();
  const samples = await parsePrometheus(parser, empty.prometheus());
  expect(samples.map(({ name, value }) => [name, value])).toContainEqual(['ttrpc_server_connections_opened_total', 0]);
});

it('gives the stats of one server and one client by their option', async () => {
  const counted = await startLab({ controllers: [LabController], server: { callStats: true } });
  const to = new TtrpcClient({ url: counted.folder.url(), protoPath: LAB_PROTO, callStats: true });
  await firstValueFrom(to.getService<Proxy>('lab.v1.Lab').ask({ text: 'x' }));
  for (const { methods } of [to.stats, counted.server.stats]) {
    expect(methods).toMatchObject([{ service: 'lab.v1.Lab', method: 'Ask', codes: { OK: { count: 1 } } }]);
  }
  await to.close();
  await counted.close();
});

it.each([null, {}, { stats: 1 }])('refuses %p as a server', (server) => {
  expect(() => new TtrpcMetrics({ servers: { a: server as never } })).toThrow(
    /^servers: expected something with stats as "a", got /,
  );
});
