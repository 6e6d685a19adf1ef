import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as conventions from '@opentelemetry/semantic-conventions';
import type { Histogram } from '@opentelemetry/sdk-metrics';
import { from, lastValueFrom, type Observable } from 'rxjs';
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
import { CallRecorder } from '../support/call-recorder.js';
import { LAB_PROTO, startLab, type Lab, type Message } from '../support/nest-lab.js';
import { Telemetry, type TestSpan } from './telemetry.js';

type Method = 'ask' | 'count' | 'sum' | 'chat';
type Proxy = Record<Method, (request: unknown, options?: TtrpcCallOptions) => Observable<Message>>;

let telemetry: Telemetry;
let lab: Lab;
let client: TtrpcClient;
let service: Proxy;

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  async ask({ text, number = 0 }: Message, context: TtrpcContext): Promise<Message> {
    if (number > 0) throw new TtrpcException(number, 'no');
    if (text === 'hang') await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    if (text === 'inside') return lastValueFrom(service.ask({ text: 'leaf' }));
    if (text === 'parent') return lastValueFrom(service.ask({ text: 'leaf' }, { parent: context }));
    if (text === 'lost') {
      // Runs in a context that has begun outside of every call.
      return new Promise((resolve) => outside(() => resolve(lastValueFrom(service.ask({}, { parent: context })))));
    }
    return { text };
  }

  @TtrpcMethod()
  *count(): Iterable<Message> {
    yield* [{ number: 1 }, { number: 2 }, { number: 3 }];
  }

  @TtrpcMethod()
  async sum(parts: TtrpcStream<Message>): Promise<Message> {
    let last: Message = {};
    for await (const part of parts) last = part;
    return last;
  }

  @TtrpcMethod()
  async *chat(lines: TtrpcStream<Message>): AsyncIterable<Message> {
    for await (const line of lines) {
      yield line;
      yield line;
    }
  }
}

let outside: (run: () => void) => void;
let stopOutside: () => void;

/** A loop that was started before the test: what it runs has its asynchronous context. */
function startOutside(): void {
  const waiting: (() => void)[] = [];
  let wake = (): void => undefined;
  let stopped = false;
  outside = (run) => void (waiting.push(run), wake());
  stopOutside = () => ((stopped = true), wake());
  void (async () => {
    while (!stopped) {
      await new Promise<void>((resolve) => (wake = resolve));
      for (const run of waiting.splice(0)) run();
    }
  })();
}

beforeEach(async () => {
  startOutside();
  telemetry = new Telemetry();
  lab = await startLab({ controllers: [LabController], server: { gracePeriodMs: 1 } });
  client = new TtrpcClient({ url: lab.folder.url(), protoPath: LAB_PROTO });
  service = client.getService<Proxy>('lab.v1.Lab');
});

afterEach(async () => {
  stopOutside();
  await client.close();
  await lab.close();
  await telemetry.close();
});

function pair(spans: TestSpan[]): [client: TestSpan, server: TestSpan] {
  const one = spans.filter(({ kind }) => kind === 'client');
  const other = spans.filter(({ kind }) => kind === 'server');
  expect([one.length, other.length]).toEqual([1, 1]);
  return [one[0] as TestSpan, other[0] as TestSpan];
}

describe('spans', () => {
  it.each([
    ['ask', () => ({ text: 'x' })],
    ['count', () => ({})],
    ['sum', () => from([{ number: 1 }, { number: 2 }])],
    ['chat', () => from([{ text: 'a' }, { text: 'b' }])],
  ] as const)('of %s: one for the client, and a child of it for the server', async (method, request) => {
    await lastValueFrom(service[method](request()));
    const [caller, served] = pair(await telemetry.ended(2));
    const name = `lab.v1.Lab/${method.charAt(0).toUpperCase()}${method.slice(1)}`;
    const attributes = {
      [conventions.ATTR_RPC_SYSTEM_NAME]: 'ttrpc',
      [conventions.ATTR_RPC_METHOD]: name,
      [conventions.ATTR_RPC_STATUS_CODE]: 'OK',
      [conventions.ATTR_SERVER_ADDRESS]: lab.addresses[0]?.replace('unix://', ''),
      [conventions.ATTR_NETWORK_TRANSPORT]: conventions.NETWORK_TRANSPORT_VALUE_UNIX,
    };
    for (const span of [caller, served]) expect(span).toMatchObject({ name, status: 'UNSET', attributes });
    expect(Object.keys(caller.attributes).sort()).toEqual(Object.keys(attributes).sort());
    expect(served).toMatchObject({ parent: caller.id, traceId: caller.traceId });
    expect(caller.parent).toBeUndefined();
  });

  const serverErrors = ['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'];
  it.each(Array.from({ length: 16 }, (_, index) => [TtrpcStatus[index + 1] as string, index + 1] as const))(
    'of a call that ends with %s',
    async (code, number) => {
      await expect(lastValueFrom(service.ask({ number }))).rejects.toMatchObject({ code: number });
      const [caller, served] = pair(await telemetry.ended(2));
      const attributes = { [conventions.ATTR_RPC_STATUS_CODE]: code };
      const error = { status: 'ERROR', attributes: { ...attributes, [conventions.ATTR_ERROR_TYPE]: code } };
      expect(caller).toMatchObject(error);
      if (serverErrors.includes(code)) expect(served).toMatchObject(error);
      else {
        expect(served).toMatchObject({ status: 'UNSET', attributes });
        expect(served.attributes).not.toHaveProperty([conventions.ATTR_ERROR_TYPE]);
      }
    },
  );

  it('of a method that the server does not serve: _OTHER, with its name in rpc.method_original only', async () => {
    for (const name of ['one', 'two']) {
      await lab.client.call('made.up.Service', name, Buffer.alloc(0)).catch(() => undefined);
    }
    const served = (await telemetry.ended(4)).filter(({ kind }) => kind === 'server');
    expect(served.map(({ attributes }) => attributes[conventions.ATTR_RPC_METHOD_ORIGINAL])).toEqual([
      'made.up.Service/one',
      'made.up.Service/two',
    ]);
    for (const { name, attributes } of served) {
      expect({ name, ...attributes }).toMatchObject({
        name: '_OTHER',
        [conventions.ATTR_RPC_METHOD]: '_OTHER',
        [conventions.ATTR_RPC_STATUS_CODE]: 'UNIMPLEMENTED',
      });
    }
    // One time series for both.
    const points = (await telemetry.metrics()).get(conventions.METRIC_RPC_SERVER_CALL_DURATION)?.dataPoints;
    expect(points).toHaveLength(1);
    expect(points?.[0]?.attributes).not.toHaveProperty([conventions.ATTR_RPC_METHOD_ORIGINAL]);
    expect(points?.[0]?.value).toMatchObject({ count: 2 });
  });

  it.each(['inside', 'parent', 'lost'])(
    "of a handler's own call (%s) is a child of the handler's span",
    async (text) => {
      await lastValueFrom(service.ask({ text }));
      const spans = await telemetry.ended(4);
      const chain: TestSpan[] = spans.filter(({ parent }) => parent === undefined);
      for (let child; (child = spans.find(({ parent }) => parent === chain.at(-1)?.id));) chain.push(child);
      expect(chain.map(({ kind }) => kind)).toEqual(['client', 'server', 'client', 'server']);
      expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    },
  );

  it('with oldNames have the names of otelttrpc 0.1.0', async () => {
    telemetry.instrumentation.setConfig({ oldNames: true });
    await expect(lastValueFrom(service.ask({ number: 5 }))).rejects.toThrow();
    for (const { name, attributes } of pair(await telemetry.ended(2))) {
      expect(name).toBe('lab.v1.Lab/Ask');
      expect(attributes).toMatchObject({
        'rpc.system': 'ttrpc',
        'rpc.service': 'lab.v1.Lab',
        'rpc.method': 'Ask',
        'rpc.ttrpc.status_code': 5,
      });
      expect(Object.keys(attributes)).not.toContain(conventions.ATTR_RPC_SYSTEM_NAME);
    }
  });

  it('are not made once the instrumentation is disabled, and again once it is enabled', async () => {
    telemetry.instrumentation.disable();
    await lastValueFrom(service.ask({ text: 'x' }));
    telemetry.instrumentation.enable();
    await lastValueFrom(service.ask({ text: 'x' }));
    expect(await telemetry.ended(2)).toHaveLength(2);
  });
});

describe('metrics', () => {
  it('have the durations in seconds, in the buckets of the specification', async () => {
    await lastValueFrom(service.ask({ text: 'x' }));
    await telemetry.ended(2);
    const metrics = await telemetry.metrics();
    for (const name of [conventions.METRIC_RPC_CLIENT_CALL_DURATION, conventions.METRIC_RPC_SERVER_CALL_DURATION]) {
      const metric = metrics.get(name);
      expect(metric?.descriptor).toMatchObject({ unit: 's', type: 'HISTOGRAM' });
      const { buckets, count } = metric?.dataPoints[0]?.value as Histogram;
      expect(count).toBe(1);
      expect(buckets.boundaries).toEqual([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);
    }
  });

  it('count messages of streams, calls in flight and connections exactly, timeouts and cancels apart', async () => {
    const sum = async (name: string, where: Record<string, unknown> = {}): Promise<number> => {
      const points = (await telemetry.metrics()).get(name)?.dataPoints ?? [];
      return points
        .filter(({ attributes }) => Object.entries(where).every(([key, value]) => attributes[key] === value))
        .reduce((all, { value }) => all + (typeof value === 'number' ? value : (value as Histogram).count), 0);
    };
    const recorder = new CallRecorder();
    await lastValueFrom(service.chat(from([{ text: 'a' }, { text: 'b' }])));
    await lastValueFrom(service.count({}));
    expect([await sum('ttrpc.client.messages.sent'), await sum('ttrpc.client.messages.received')]).toEqual([3, 7]);
    expect([await sum('ttrpc.server.messages.sent'), await sum('ttrpc.server.messages.received')]).toEqual([7, 3]);
    const hanging = service.ask({ text: 'hang' }, { dedicated: true }).subscribe();
    await recorder.begun('server', 3);
    for (const side of ['client', 'server']) {
      const ask = { [conventions.ATTR_RPC_METHOD]: 'lab.v1.Lab/Ask' };
      expect(await sum(`ttrpc.${side}.active_calls`, ask)).toBe(1);
    }
    hanging.unsubscribe();
    await expect(lastValueFrom(service.ask({ text: 'hang' }, { timeoutMs: 500 }))).rejects.toThrow();
    await recorder.ended('server', 4);
    for (const side of ['client', 'server']) {
      expect(await sum(`ttrpc.${side}.active_calls`)).toBe(0);
      for (const [code, count] of Object.entries({ OK: 2, CANCELLED: 1, DEADLINE_EXCEEDED: 1 })) {
        expect(await sum(`rpc.${side}.call.duration`, { [conventions.ATTR_RPC_STATUS_CODE]: code })).toBe(count);
      }
    }
    expect(await sum('ttrpc.connections', { 'ttrpc.side': 'client' })).toBe(client.stats.connections + 1);
    expect(await sum('ttrpc.connections', { 'ttrpc.side': 'server' })).toBe(lab.server.stats.connections);
    recorder.close();
  });
});
