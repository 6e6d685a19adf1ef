import {
  concat,
  defer,
  firstValueFrom,
  from,
  lastValueFrom,
  map,
  of,
  reduce,
  ReplaySubject,
  Subject,
  toArray,
} from 'rxjs';
import type { Observable } from 'rxjs';
import { turns } from '../../support/deferred.js';

/** As in hello.proto. */
export interface HelloRequest {
  greeting: string;
}

/** As in hello.proto. */
export interface HelloResponse {
  reply: string;
}

/** The rpcs of hello.proto. */
export type Rpc = 'bidiHello' | 'lotsOfGreetings' | 'lotsOfReplies';

type Messages = Observable<HelloRequest>;

/** A way to write a streaming handler, as users of Nest's gRPC transport do. */
export interface Idiom {
  readonly name: string;
  readonly rpc: Rpc;
  /** Where it comes from. */
  readonly source: string;
  handle(messages: Messages & HelloRequest): unknown;
  /** What it answers to the greetings a, b and c, a unary request being a. */
  readonly answers: readonly string[];
  /** How Nest's gRPC transport departs from that, behind some enhancers at least; none if left out. */
  readonly grpc?: readonly Fault[];
}

/** What can be wrong with the responses of a stream. */
export type Fault = 'out of order' | 'lost' | 'no end';

const echo = ({ greeting }: HelloRequest): HelloResponse => ({ reply: `hello ${greeting}` });
const joined = (messages: readonly HelloRequest[]): HelloResponse => ({
  reply: messages.map(({ greeting }) => greeting).join(' '),
});

const DOCS = 'documentation';
const COMMON = 'common use';
const ALL = ['hello a', 'hello b', 'hello c'];

/** Makes of each message a response in `subject`, as Nest's documentation does. */
function feed(messages: Messages, subject: Subject<HelloResponse>): void {
  messages.subscribe({ next: (message) => subject.next(echo(message)), complete: () => subject.complete() });
}

/** What is compared with Nest's gRPC transport. */
export const IDIOMS: readonly Idiom[] = [
  {
    name: 'a Subject, fed by `subscribe({ next, complete })`',
    rpc: 'bidiHello',
    source: DOCS,
    handle(messages) {
      const subject = new Subject<HelloResponse>();
      feed(messages, subject);
      return subject.asObservable();
    },
    answers: ALL,
    grpc: ['out of order'],
  },
  {
    name: 'a ReplaySubject',
    rpc: 'bidiHello',
    source: COMMON,
    handle(messages) {
      const subject = new ReplaySubject<HelloResponse>();
      feed(messages, subject);
      return subject.asObservable();
    },
    answers: ALL,
    grpc: ['out of order'],
  },
  {
    name: '`messages.pipe(map(…))`',
    rpc: 'bidiHello',
    source: DOCS,
    handle: (messages) => messages.pipe(map(echo)),
    answers: ALL,
    grpc: ['out of order'],
  },
  {
    name: 'an async handler with a Subject',
    rpc: 'bidiHello',
    source: COMMON,

    async handle(messages) {
      const subject = new Subject<HelloResponse>();
      feed(messages, subject);
      return subject.asObservable();
    },
    answers: ALL,
    grpc: ['out of order'],
  },
  {
    name: 'a Subject that is returned after an `await`',
    rpc: 'bidiHello',
    source: COMMON,
    async handle(messages) {
      const subject = new Subject<HelloResponse>();
      feed(messages, subject);
      await turns(2);
      return subject.asObservable();
    },
    answers: ALL,
  },
  {
    name: '`messages` is subscribed to after an `await`',
    rpc: 'bidiHello',
    source: COMMON,
    async handle(messages) {
      await turns(2);
      const subject = new Subject<HelloResponse>();
      feed(messages, subject);
      return subject.asObservable();
    },
    answers: ALL,
  },
  {
    name: 'an Observable that subscribes later',
    rpc: 'bidiHello',
    source: COMMON,
    handle: (messages) =>
      concat(
        defer(() => from(turns(5).then(() => ({ reply: 'begin' })))),
        messages.pipe(map(echo)),
      ),
    answers: ['begin', ...ALL],
    grpc: ['lost'],
  },
  {
    name: '`await firstValueFrom(messages)`',
    rpc: 'bidiHello',
    source: COMMON,
    async handle(messages) {
      const { greeting } = await firstValueFrom(messages);
      return of({ reply: `first ${greeting}` });
    },
    answers: ['first a'],
    grpc: ['out of order', 'no end'],
  },
  {
    name: '`await lastValueFrom(messages.pipe(toArray()))`',
    rpc: 'bidiHello',
    source: COMMON,
    async handle(messages) {
      return from((await lastValueFrom(messages.pipe(toArray()))).map(echo));
    },
    answers: ALL,
    grpc: ['no end'],
  },
  {
    name: 'a Subject that is completed with one response',
    rpc: 'lotsOfGreetings',
    source: DOCS,
    handle(messages) {
      const subject = new Subject<HelloResponse>();
      const all: HelloRequest[] = [];
      messages.subscribe({
        next: (message) => all.push(message),
        complete: () => {
          subject.next(joined(all));
          subject.complete();
        },
      });
      return subject.asObservable();
    },
    answers: ['a b c'],
    grpc: ['out of order'],
  },
  {
    name: 'a Subject that is returned after an `await`',
    rpc: 'lotsOfGreetings',
    source: COMMON,
    async handle(messages) {
      const subject = new Subject<HelloResponse>();
      const all: HelloRequest[] = [];
      messages.subscribe({
        next: (message) => all.push(message),
        complete: () => {
          subject.next(joined(all));
          subject.complete();
        },
      });
      await turns(2);
      return subject.asObservable();
    },
    answers: ['a b c'],
    grpc: ['out of order'],
  },
  {
    name: '`messages.pipe(reduce(…))`',
    rpc: 'lotsOfGreetings',
    source: COMMON,
    handle: (messages) =>
      messages.pipe(
        reduce((all: HelloRequest[], message) => [...all, message], []),
        map(joined),
      ),
    answers: ['a b c'],
    grpc: ['out of order'],
  },
  {
    name: '`await lastValueFrom(messages.pipe(toArray()))`',
    rpc: 'lotsOfGreetings',
    source: COMMON,
    async handle(messages) {
      return joined(await lastValueFrom(messages.pipe(toArray())));
    },
    answers: ['a b c'],
    grpc: ['no end'],
  },
  {
    name: '`await firstValueFrom(messages)`',
    rpc: 'lotsOfGreetings',
    source: COMMON,
    async handle(messages) {
      return { reply: `first ${(await firstValueFrom(messages)).greeting}` };
    },
    answers: ['first a'],
    grpc: ['out of order', 'no end'],
  },
  {
    name: 'an Observable of several responses',
    rpc: 'lotsOfReplies',
    source: DOCS,
    handle: ({ greeting }) => from(['x', 'y'].map((name) => ({ reply: `${greeting} ${name}` }))),
    answers: ['a x', 'a y'],
  },
];
