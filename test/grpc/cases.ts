import { Metadata } from '@grpc/grpc-js';
import {
  catchError,
  concat,
  defer,
  EMPTY,
  filter,
  firstValueFrom,
  from,
  lastValueFrom,
  NEVER,
  throwError,
  type Observable,
} from 'rxjs';
import type { HelloRequest, HelloResponse } from './hero-controllers.js';
import { events } from './lab-controller.js';

type Call<Request> = (request: Request, ...rest: unknown[]) => Observable<HelloResponse>;

export interface LabClient {
  ask: Call<HelloRequest>;
  count: Call<HelloRequest>;
  sum: Call<Observable<HelloRequest>>;
  chat: Call<Observable<HelloRequest>>;
  passChat: Call<Observable<HelloRequest>>;
  passSum: Call<Observable<HelloRequest>>;
  forget: Call<object>;
}

/** The same calls over both transports. */
export interface Case {
  readonly group: string;
  readonly name: string;
  readonly call: (lab: LabClient) => Observable<unknown>;
  /** Why the two give something else. */
  readonly differs?: string;
}

/** Why the two give something else, by group and name. */
const REASONS: Record<string, string> = {
  'unary: metadata': 'HTTP/2 joins the values of a key to one; ttrpc keeps them apart',
  'unary: clone of metadata': 'as above',
  'unary: a guard that refuses': 'TtrpcServer knows the refusal of a guard',
  'server-streaming: a guard that refuses': 'as above',
  'unary: undefined': 'the same code; the text names the handler',
  'unary: an empty Observable': "Nest's gRPC never ends the call: here its deadline does",
  'unary: two values': "Nest's gRPC never ends the call: here its deadline does",
  'unary: a value of another type': 'protobufjs converts it; this library refuses what a field cannot hold',
  'server-streaming: an async generator': "Nest's gRPC sends one empty message for it",
  'client-streaming: no message': "a field with its default value is not sent: read `?? ''`, or set `loader.defaults`",
};

const ask = (name: string, ...rest: unknown[]): Case => ({
  group: 'unary',
  name,
  call: (lab) => lab.ask({ greeting: name }, ...rest),
});
const count = (name: string, ...rest: unknown[]): Case => ({
  group: 'server-streaming',
  name,
  call: (lab) => lab.count({ greeting: name }, ...rest),
});

function metadata(): Metadata {
  const made = new Metadata();
  made.add('one', 'a');
  made.add('One', 'b');
  made.set('two', 'c');
  made.set('trace-bin', Buffer.from([0, 255, 7]));
  return made;
}

function pairs(values: Record<string, string>): Metadata {
  const made = new Metadata();
  for (const [key, value] of Object.entries(values)) made.set(key, value);
  return made;
}

const messages = (...texts: string[]): Observable<HelloRequest> => from(texts.map((greeting) => ({ greeting })));
const inMs = (ms: number): { deadline: Date } => ({ deadline: new Date(Date.now() + ms) });

/** The first value of `call`, which ends it, then what the handler has noticed of that. */
function left(call: Observable<unknown>, event: string): Observable<unknown> {
  return defer(async () => {
    const heard = firstValueFrom(events.pipe(filter((each) => each === event)));
    const first = await firstValueFrom(call);
    return { first, handler: await heard };
  });
}

/** How `call` ends, then what the handler has noticed of that. */
function ended(call: Observable<unknown>, event: string): Observable<unknown> {
  return defer(async () => {
    const heard = firstValueFrom(events.pipe(filter((each) => each === event)));
    const end = await lastValueFrom(call).then(
      () => 'no error',
      ({ code }: { code: number }) => code,
    );
    return { end, handler: await heard };
  });
}

const CALLS: readonly Case[] = [
  ask('value'),
  ask('promise'),
  ask('observable'),
  ask('no fields'),
  ask('unknown field'),
  ask('metadata', metadata()),
  ask('binary', metadata()),
  ask('clone of metadata', metadata()),
  ask('call.metadata', metadata()),
  ask('call.request'),
  ask('call.cancelled'),
  ask('call.getPeer'),
  ask('call.getPath'),
  ask('no deadline'),
  { ...ask('a deadline'), call: (lab) => lab.ask({ greeting: 'a deadline' }, new Metadata(), inMs(60_000)) },
  { ...ask('a deadline without metadata'), call: (lab) => lab.ask({ greeting: 'a deadline' }, inMs(60_000)) },
  { ...ask('a deadline that passes'), call: (lab) => ended(lab.ask({ greeting: 'never' }, inMs(100)), 'cancelled') },
  {
    ...ask('a deadline as a number'),
    call: (lab) => ended(lab.ask({ greeting: 'never' }, { deadline: Date.now() + 100 }), 'cancelled'),
  },
  { ...ask('a deadline in the past'), call: (lab) => codeOnly(lab.ask({ greeting: 'value' }, inMs(-1000))) },
  { ...ask('a caller that leaves'), call: (lab) => unsubscribed(lab.ask({ greeting: 'never' }, { dedicated: true })) },
  ask('RpcException with code and message'),
  ask('RpcException with code and details'),
  ask('RpcException with a text'),
  ask('RpcException without code'),
  ask('an async RpcException'),
  ask('an error of the Observable'),
  ask('an Error'),
  ask('an HttpException'),
  { ...ask('a guard that lets pass'), call: (lab) => lab.ask({ greeting: 'value' }, pairs({ authorization: 'me' })) },
  { ...ask('a guard that refuses'), call: (lab) => lab.ask({ greeting: 'value' }, pairs({ authorization: 'nobody' })) },
  { ...ask('an interceptor'), call: (lab) => lab.ask({ greeting: 'value' }, pairs({ intercept: 'yes' })) },
  ask('undefined'),
  { ...ask('an empty Observable'), call: (lab) => codeOnly(lab.ask({ greeting: 'an empty Observable' }, inMs(500))) },
  { ...ask('two values'), call: (lab) => codeOnly(lab.ask({ greeting: 'two values' }, inMs(500))) },
  ask('a value of another type'),
  { group: 'unary', name: 'Empty', call: (lab) => lab.forget({}) },
  count('three'),
  count('none'),
  count('a promise of an Observable'),
  count('a value'),
  count('an error after one'),
  count('an error at once'),
  count('an async generator'),
  count('call.write'),
  count("call.emit('error')"),
  { ...count('an interceptor'), call: (lab) => lab.count({ greeting: 'three' }, pairs({ intercept: 'yes' })) },
  {
    ...count('a guard that refuses'),
    call: (lab) => lab.count({ greeting: 'three' }, pairs({ authorization: 'nobody' })),
  },
  {
    ...count('a deadline that passes'),
    call: (lab) => ended(lab.count({ greeting: 'endless' }, inMs(100)), 'torn down'),
  },
  { ...count('a caller that leaves'), call: (lab) => left(lab.count({ greeting: 'endless' }), 'cancelled') },
  { ...count('a teardown'), call: (lab) => left(lab.count({ greeting: 'endless' }), 'torn down') },
  { group: 'client-streaming', name: 'three messages', call: (lab) => lab.sum(messages('a', 'b', 'c')) },
  { group: 'client-streaming', name: 'no message', call: (lab) => lab.sum(EMPTY) },
  { group: 'client-streaming', name: 'an error', call: (lab) => lab.sum(messages('bad')) },
  {
    group: 'client-streaming',
    name: 'an interceptor',
    call: (lab) => lab.sum(messages('a', 'b'), pairs({ intercept: 'yes' })),
  },
  { group: 'bidi', name: 'three messages', call: (lab) => lab.chat(messages('a', 'b', 'c')) },
  { group: 'bidi', name: 'no message', call: (lab) => lab.chat(EMPTY) },
  { group: 'bidi', name: 'metadata', call: (lab) => lab.chat(messages('a'), pairs({ prefix: '>' })) },
  { group: 'bidi', name: 'an interceptor', call: (lab) => lab.chat(messages('a', 'b'), pairs({ intercept: 'yes' })) },
  { group: 'bidi', name: 'an error', call: (lab) => lab.chat(messages('a', 'bad', 'c')) },
  {
    group: 'bidi',
    name: 'a caller that leaves',
    call: (lab) => left(lab.chat(concat(messages('a'), NEVER)), 'torn down'),
  },
  {
    group: 'bidi',
    name: 'a source that fails',
    call: (lab) => codeOnly(lab.chat(defer(() => Promise.reject(new Error('source'))))),
  },
  { group: '@GrpcStreamCall, bidi', name: 'three messages', call: (lab) => lab.passChat(messages('a', 'b', 'c')) },
  {
    group: '@GrpcStreamCall, bidi',
    name: 'metadata',
    call: (lab) => lab.passChat(messages('a'), pairs({ prefix: '>' })),
  },
  { group: '@GrpcStreamCall, bidi', name: "emit('error')", call: (lab) => lab.passChat(messages('a', 'bad')) },
  {
    group: '@GrpcStreamCall, bidi',
    name: 'end() first',
    call: (lab) => lab.passChat(concat(messages('a', 'bye'), NEVER)),
  },
  {
    group: '@GrpcStreamCall, bidi',
    name: 'a caller that leaves',
    call: (lab) => left(lab.passChat(concat(messages('a'), NEVER)), 'cancelled'),
  },
  {
    group: '@GrpcStreamCall, client-streaming',
    name: 'three messages',
    call: (lab) => lab.passSum(messages('a', 'b', 'c')),
  },
  { group: '@GrpcStreamCall, client-streaming', name: 'a status', call: (lab) => lab.passSum(messages('bad')) },
  { group: '@GrpcStreamCall, client-streaming', name: 'an Error', call: (lab) => lab.passSum(messages('error')) },
];

export const CASES: readonly Case[] = CALLS.map((each) => {
  const reason = REASONS[`${each.group}: ${each.name}`];
  return reason === undefined ? each : { ...each, differs: reason };
});

/** Ends without a value, with the code of the error: the text is the library's own. */
function codeOnly(call: Observable<unknown>): Observable<unknown> {
  return call.pipe(catchError((error: { code?: number }) => throwError(() => ({ code: error.code, details: '…' }))));
}

/** Leaves the call when its handler runs; what the handler notices. */
function unsubscribed(call: Observable<unknown>): Observable<unknown> {
  return defer(async () => {
    const heard = firstValueFrom(events.pipe(filter((each) => each === 'cancelled')));
    const started = firstValueFrom(events.pipe(filter((each) => each === 'begun')));
    const subscription = call.subscribe();
    await started;
    subscription.unsubscribe();
    return heard;
  });
}
