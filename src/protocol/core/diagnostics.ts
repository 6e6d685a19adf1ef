import { channel, tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import { messageOf } from './describe-error.js';
import type { TtrpcError } from './errors.js';
import type { TtrpcMetadata } from './metadata.js';
import type { MethodShape } from './method-shape.js';
import { statusName, TtrpcStatus, type StatusObject } from './status.js';

/**
 * One call, as the subscribers of the tracing channels `nestjs-ttrpc.client` and `nestjs-ttrpc.server` see it: the same
 * object from `start` to `asyncEnd`. A subscriber may keep properties of its own in a WeakMap.
 */
export interface CallTrace {
  /** Which side of the call this is. */
  readonly side: 'client' | 'server';
  /** Qualified name of the service (`demo.v1.Greeter`). */
  readonly service: string;
  /** Name of the rpc (`SayHello`). */
  readonly method: string;
  /** Undefined where the server does not serve the method, and so does not know it. */
  readonly shape: MethodShape | undefined;
  /** The server's address: where the client connects to, or where the server accepted the call (`unix:///run/x.sock`). */
  readonly address: string;
  /** The request's metadata. A client's `start` subscriber may add to it before the request is written. */
  readonly metadata: TtrpcMetadata;
  /** When the call must be over, in ms since the epoch; undefined for no deadline. */
  readonly deadline: number | undefined;
  /** Of a client: the call that it serves meanwhile, by the option `parent`, where that is traced as well. */
  readonly parent: CallTrace | undefined;
  /** When the call began, in ms of `performance.now()`. */
  readonly startTime: number;
  /** The code with which the call has ended; undefined before. */
  readonly status: TtrpcStatus | undefined;
  /** The name of {@link status} (`NOT_FOUND`); undefined before the end. */
  readonly statusName: string | undefined;
  /** What went wrong; undefined for a call that has ended well. */
  readonly error: StatusObject | TtrpcError | undefined;
  /** Messages that this side has sent. */
  readonly messagesSent: number;
  /** Messages that this side has received. */
  readonly messagesReceived: number;
  /** Bytes of the messages that this side has sent, without their frames. */
  readonly bytesSent: number;
  /** Bytes of the messages that this side has received, without their frames. */
  readonly bytesReceived: number;
  /**
   * A `start` subscriber may set it to run the handler in an asynchronous context of its own; it must call `run` once and
   * return what that returns. One that finds another already set calls that inside.
   */
  runInContext: (<T>(run: () => T) => T) | undefined;
}

/** What `nestjs-ttrpc.message` publishes: one message of a call. */
export interface MessageEvent {
  readonly call: CallTrace;
  readonly direction: 'sent' | 'received';
  /** 1 for the first message in this direction. */
  readonly sequence: number;
  /** Bytes of the message, without its frame. */
  readonly bytes: number;
}

/** What the connection channels publish. */
export interface ConnectionEvent {
  readonly side: 'client' | 'server';
  /** The server's address. */
  readonly address: string;
  /** For `closed`: why it has ended. For `refused`: an error that names the limit. */
  readonly error?: unknown;
  /** For `refused`: the option or the rule that refused it. */
  readonly reason?: string;
}

const clientCalls: TracingChannel<string, CallTrace> = tracingChannel('nestjs-ttrpc.client');
const serverCalls: TracingChannel<string, CallTrace> = tracingChannel('nestjs-ttrpc.server');
const messages = channel('nestjs-ttrpc.message');
const connectionOpened = channel('nestjs-ttrpc.connection.opened');
const connectionClosed = channel('nestjs-ttrpc.connection.closed');
const connectionRefused = channel('nestjs-ttrpc.connection.refused');

/** True while there is a subscriber to calls of clients. */
export function tracesClients(): boolean {
  return clientCalls.hasSubscribers || messages.hasSubscribers;
}

/** True while there is a subscriber to calls of servers. */
export function tracesServers(): boolean {
  return serverCalls.hasSubscribers || messages.hasSubscribers;
}

/** A connection is there. */
export function publishOpened(side: ConnectionEvent['side'], address: string): void {
  if (connectionOpened.hasSubscribers) connectionOpened.publish({ side, address } satisfies ConnectionEvent);
}

/** A connection has ended. */
export function publishClosed(side: ConnectionEvent['side'], address: string, error: unknown): void {
  if (connectionClosed.hasSubscribers) connectionClosed.publish({ side, address, error } satisfies ConnectionEvent);
}

/** A connection, a call or a frame was refused by a limit or a rule of a server. */
export function publishRefused(address: string, reason: string, what: string): void {
  if (!connectionRefused.hasSubscribers) return;
  connectionRefused.publish({ side: 'server', address, reason, error: new Error(what) } satisfies ConnectionEvent);
}

/** Counts the calls of one server or client, whether somebody subscribes or not. */
export interface CallCounter {
  /** `call` begins. */
  begin(call: CallTrace): void;
  /** `call` has ended. */
  end(call: CallTrace): void;
}

/** The names, and what else is known when a call begins. */
export interface TraceStart {
  readonly service: string;
  readonly method: string;
  readonly shape: MethodShape | undefined;
  readonly address: string;
  readonly metadata: TtrpcMetadata;
  readonly deadline: number | undefined;
  readonly parent?: CallTrace | undefined;
  /** Counts the call. */
  readonly counter?: CallCounter | undefined;
}

/** A {@link CallTrace} for the engine, which publishes what happens to its call. Made only for subscribers and counters. */
export class TracedCall implements CallTrace {
  readonly service: string;
  readonly method: string;
  readonly shape: MethodShape | undefined;
  readonly address: string;
  readonly metadata: TtrpcMetadata;
  readonly deadline: number | undefined;
  readonly parent: CallTrace | undefined;
  readonly startTime = performance.now();
  status: TtrpcStatus | undefined;
  error: StatusObject | TtrpcError | undefined;
  messagesSent = 0;
  messagesReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  runInContext: CallTrace['runInContext'];
  readonly #counter: CallCounter | undefined;

  /** Publishes nothing yet. */
  constructor(
    readonly side: 'client' | 'server',
    start: TraceStart,
  ) {
    this.service = start.service;
    this.method = start.method;
    this.shape = start.shape;
    this.address = start.address;
    this.metadata = start.metadata;
    this.deadline = start.deadline;
    this.parent = start.parent;
    this.#counter = start.counter;
  }

  get statusName(): string | undefined {
    return this.status === undefined ? undefined : statusName(this.status);
  }

  /** Publishes `start`, runs the synchronous part of the call in its context, and publishes `end`. @throws what `run` throws */
  run(run: () => void): void {
    const calls = this.#calls;
    this.#counter?.begin(this);
    try {
      calls.start.runStores(this, () => (this.runInContext ? this.#runInside(this.runInContext, run) : run()));
    } finally {
      calls.end.publish(this);
    }
  }

  /** A message was sent. */
  sent(bytes: number): void {
    this.bytesSent += bytes;
    this.#publishMessage('sent', ++this.messagesSent, bytes);
  }

  /** A message has come. */
  received(bytes: number): void {
    this.bytesReceived += bytes;
    this.#publishMessage('received', ++this.messagesReceived, bytes);
  }

  /** The call is over; without an error it has ended well. What is reported after the first end is dropped. */
  finish(error?: StatusObject | TtrpcError): void {
    if (this.status !== undefined) return;
    this.status = error?.code ?? TtrpcStatus.OK;
    this.error = error;
    this.#counter?.end(this);
    const calls = this.#calls;
    if (error !== undefined) calls.error.publish(this);
    calls.asyncStart.publish(this);
    calls.asyncEnd.publish(this);
  }

  /** What a subscriber's function does wrong is a warning: the call runs, once. */
  #runInside(runInContext: NonNullable<CallTrace['runInContext']>, run: () => void): void {
    let ran = false;
    let thrown: { error: unknown } | undefined;
    const once = (): void => {
      if (ran) return;
      ran = true;
      try {
        run();
      } catch (error) {
        thrown = { error };
      }
    };
    try {
      runInContext(once);
    } catch (error) {
      process.emitWarning(`runInContext of ${this.service}/${this.method} failed: ${messageOf(error)}`, {
        code: 'NESTJS_TTRPC_SUBSCRIBER',
      });
    }
    once();
    if (thrown) throw thrown.error;
  }

  get #calls(): TracingChannel<string, CallTrace> {
    return this.side === 'client' ? clientCalls : serverCalls;
  }

  #publishMessage(direction: MessageEvent['direction'], sequence: number, bytes: number): void {
    if (messages.hasSubscribers) messages.publish({ call: this, direction, sequence, bytes } satisfies MessageEvent);
  }
}

const traces = new WeakMap<object, CallTrace>();

/** `context`, which a handler gets, belongs to `trace`: a call with the context as its parent is known as its child. */
export function traceContext(context: object, trace: CallTrace): void {
  traces.set(context, trace);
}

/** The traced call to which a handler's context belongs. */
export function traceOf(context: object): CallTrace | undefined {
  return traces.get(context);
}
