import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { from, Observable, of, throwError } from 'rxjs';
import {
  TtrpcClient,
  TtrpcException,
  TtrpcMethod,
  TtrpcService,
  TtrpcStatus,
  type TtrpcCallOptions,
  type TtrpcClientOptions,
  type TtrpcContext,
  type TtrpcStream,
} from '../../src/index.js';
import { CallRecorder } from '../support/call-recorder.js';
import { LAB_PROTO, startLab, type Lab, type Message } from '../support/nest-lab.js';
import { turn } from '../support/deferred.js';

const METHODS = { ask: 'unary', count: 'server-streaming', sum: 'client-streaming', chat: 'bidi' } as const;
type Method = keyof typeof METHODS;

class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getContext<TtrpcContext>().metadata.get('guest') !== 'yes';
  }
}

@TtrpcService('lab.v1.Lab')
@UseGuards(Guard)
class LabController {
  @TtrpcMethod()
  ask(request: Message, context: TtrpcContext): Observable<Message> {
    return outcome(request, context);
  }

  @TtrpcMethod()
  count(request: Message, context: TtrpcContext): Observable<Message> {
    return outcome(request, context);
  }

  @TtrpcMethod()
  async sum(requests: TtrpcStream<Message>, context: TtrpcContext): Promise<Observable<Message>> {
    for await (const request of requests) return outcome(request, context);
    return of({});
  }

  @TtrpcMethod()
  async chat(requests: TtrpcStream<Message>, context: TtrpcContext): Promise<Observable<Message>> {
    for await (const request of requests) return outcome(request, context);
    return of({});
  }
}

function outcome({ text }: Message, _context: TtrpcContext): Observable<Message> {
  if (text === 'error') return throwError(() => new TtrpcException(TtrpcStatus.NOT_FOUND, 'not here'));
  return text === 'hang' ? new Observable() : of({ text: 'answer' });
}

type Proxy = Record<Method, (request: unknown, options?: TtrpcCallOptions) => Observable<Message>>;

let lab: Lab;
let recorder: CallRecorder;
let hooks: Map<unknown, string[]>;
let dispatched: unknown[];
const clients: TtrpcClient[] = [];

beforeEach(async () => {
  recorder = new CallRecorder();
  hooks = new Map();
  dispatched = [];
  const note = (context: unknown, hook: string): void => void hooks.set(context, [...(hooks.get(context) ?? []), hook]);
  lab = await startLab({
    controllers: [LabController],
    server: { gracePeriodMs: 1 },
  });
  lab.server.setOnProcessingStartHook((_id, context, done) => {
    note(context, 'start');
    return done() as never;
  });
  lab.server.setOnProcessingEndHook((_id, context) => note(context, 'end'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await lab.close();
  recorder.close();
});

function proxy(options: Partial<TtrpcClientOptions> = {}): { client: TtrpcClient; service: Proxy } {
  const client = new TtrpcClient({ url: lab.folder.url(), protoPath: LAB_PROTO, ...options });
  clients.push(client);
  client.setOnDispatchHook((packet) => void dispatched.push(packet.pattern));
  return { client, service: client.getService<Proxy>('lab.v1.Lab') };
}

const ENDS = {
  'ends well': { client: TtrpcStatus.OK, server: TtrpcStatus.OK },
  fails: { client: TtrpcStatus.NOT_FOUND, server: TtrpcStatus.NOT_FOUND },
  'is rejected by a guard': { client: TtrpcStatus.PERMISSION_DENIED, server: TtrpcStatus.PERMISSION_DENIED },
  'is unsubscribed': { client: TtrpcStatus.CANCELLED, server: TtrpcStatus.CANCELLED },
  'ends by its deadline': { client: TtrpcStatus.DEADLINE_EXCEEDED, server: TtrpcStatus.DEADLINE_EXCEEDED },
  'loses its connection': { client: TtrpcStatus.UNAVAILABLE, server: TtrpcStatus.CANCELLED },
  'meets the end of its server': { client: TtrpcStatus.UNAVAILABLE, server: TtrpcStatus.UNAVAILABLE },
};
type End = keyof typeof ENDS;

async function runTo(end: End, method: Method): Promise<void> {
  const { client, service } = proxy(end === 'ends by its deadline' ? { streams: 'shared' } : {});
  await client.connect();
  const text = { 'ends well': 'ok', fails: 'error', 'is rejected by a guard': 'ok' }[end as string] ?? 'hang';
  const options: TtrpcCallOptions = {
    dedicated: true,
    ...(end === 'is rejected by a guard' ? { metadata: { guest: 'yes' } } : {}),
    ...(end === 'ends by its deadline' ? { timeoutMs: 400, dedicated: false } : {}),
  };
  const request = method === 'sum' || method === 'chat' ? from([{ text }]) : { text };
  let onSettled!: () => void;
  const settled = new Promise<void>((resolve) => (onSettled = resolve));
  const subscription = service[method](request, options).subscribe({ error: onSettled, complete: onSettled });
  if (end === 'is unsubscribed' || end === 'loses its connection' || end === 'meets the end of its server') {
    await recorder.begun('server');
    if (end === 'is unsubscribed') subscription.unsubscribe();
    else if (end === 'loses its connection') await client.close();
    else await lab.server.close();
    if (end === 'is unsubscribed') return;
  }
  await settled;
}

describe.each(Object.keys(METHODS) as Method[])('%s', (method) => {
  it.each(Object.keys(ENDS) as End[])(
    'that %s begins and ends once, in the tracing channels and in the processing hooks',
    async (end) => {
      await runTo(end, method);
      await recorder.ended('client');
      await recorder.ended('server');
      // The hook at the end runs a microtask after the call's end.
      await turn();
      expect(recorder.calls.size).toBe(2);
      for (const { trace, events } of recorder.calls.values()) {
        const failed = ENDS[end][trace.side] !== TtrpcStatus.OK;
        const expected = ['start', 'end', 'asyncStart', 'asyncEnd', ...(failed ? ['error'] : [])];
        expect([...events].sort()).toEqual(expected.sort());
        expect({ [trace.side]: trace.statusName }).toEqual({ [trace.side]: TtrpcStatus[ENDS[end][trace.side]] });
        expect(trace).toMatchObject({ service: 'lab.v1.Lab', shape: METHODS[method] });
      }
      expect([...hooks.values()]).toEqual([['start', 'end']]);
      const rpc = method.charAt(0).toUpperCase() + method.slice(1);
      expect(dispatched).toEqual([`/lab.v1.Lab/${rpc}`]);
    },
  );
});
