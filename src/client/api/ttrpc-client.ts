import { AsyncResource } from 'node:async_hooks';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { defer, Subject, type Observable, type Subscription } from 'rxjs';
import { capitalised } from '../../common/method-name.js';
import { TtrpcException } from '../../common/ttrpc-exception.js';
import { Channel, type ChannelStatus, type ClientStats } from '../../protocol/client/channel.js';
import { TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus, type StatusDetail } from '../../protocol/core/status.js';
import type { PackedMessage, PackOptions } from '../../schema/any-value.js';
import { loadSchema } from '../../schema/sources/load-schema.js';
import type { Schema } from '../../schema/schema.js';
import type { MethodDescriptor, ServiceDescriptor } from '../../schema/service-descriptor.js';
import { didYouMean } from '../../protocol/core/suggest.js';
import type { TtrpcCallOptions } from './call-options.js';
import { Caller } from '../calls/caller.js';
import { badArgument, describe, exceptionOf } from '../calls/caller-error.js';
import type { Calls } from '../calls/calls.js';
import { logCallbackError } from '../calls/client-log.js';
import { DirectCalls } from '../calls/direct-calls.js';
import { ClientMethod } from './client-method.js';
import { connectionSource, misspelt, type TtrpcClientOptions } from './client-options.js';
import type { AsyncService, ObservableService } from './client-types.js';
import type { TtrpcChannel } from './ttrpc-channel.js';
import { InterceptedCalls } from '../calls/intercepted-calls.js';
import { asyncProxy, observableProxy } from './service-proxy.js';

/**
 * How the connection that the unary calls share stands: `disconnected` before the first call and after a loss,
 * `connecting` for the first time, `connected`, `reconnecting` after a loss, `closed` for good. The connections of
 * streams come and go without it.
 */
export type TtrpcClientStatus = ChannelStatus;

/** The events of {@link TtrpcClient.on}, one for each status, with what their listeners get. */
export interface TtrpcClientEvents {
  connecting: () => void;
  connected: () => void;
  /** `reason` is the loss, or the last attempt that failed. */
  reconnecting: (reason?: TtrpcException) => void;
  /** `reason` is the loss, or why connecting failed. */
  disconnected: (reason?: TtrpcException) => void;
  closed: () => void;
}

interface StatusChange {
  readonly status: TtrpcClientStatus;
  readonly reason: TtrpcException | undefined;
}

/** An rpc as `send` takes it. */
export interface TtrpcMethodPattern {
  /** Qualified name, or the short one where it is unique. */
  readonly service: string;
  /** The rpc's name, with a capital or a small first letter. */
  readonly method: string;
}

const EVENTS: readonly (keyof TtrpcClientEvents)[] = [
  'connecting',
  'connected',
  'reconnecting',
  'disconnected',
  'closed',
];

/**
 * A client of one ttrpc server: Nest's ClientProxy, with proxies of the server's services. Connections are made when a
 * call needs them, or by {@link connect}. What callers get for a call that fails is a TtrpcException.
 */
// The status has a type of its own in `status` only: with Nest's type parameter for it the class would not fit `customClass`.
export class TtrpcClient extends ClientProxy<TtrpcClientEvents> implements OnApplicationShutdown {
  readonly #schema: Schema;
  readonly #caller: Caller;
  readonly #calls: Calls;
  readonly #changes = new Subject<StatusChange>();
  readonly #observableProxies = new Map<ServiceDescriptor, object>();
  readonly #asyncProxies = new Map<ServiceDescriptor, object>();

  /**
   * Makes no connection.
   * @throws SchemaError for a schema that does not load; TypeError or RangeError that names an invalid option;
   * TtrpcException for an invalid address
   */
  constructor(options: TtrpcClientOptions) {
    super();
    if (typeof options !== 'object' || options === null) {
      throw new TypeError(`a ttrpc client takes options with url and protoPath; got ${describe(options)}`);
    }
    const warn = (line: string): void => new Logger('TtrpcClient').warn(line);
    // A class that extends this one may have options of its own.
    if (new.target === TtrpcClient) misspelt(options).forEach(warn);
    this.#schema = loadSchema(options, warn);
    const { interceptors = [] } = options;
    if (!Array.isArray(interceptors) || interceptors.some((each) => typeof each !== 'function')) {
      const got = Array.isArray(interceptors) ? 'an array with something else' : describe(interceptors);
      throw new TypeError(`interceptors: expected an array of functions, got ${got}`);
    }
    this._status$.next('disconnected');
    const source = connectionSource(options);
    const observer = { onStatus: (status: ChannelStatus, error?: TtrpcError) => this.#onStatus(status, error) };
    this.#caller = new Caller(options, () => new Channel(source, options, observer));
    const isDirect = interceptors.length === 0 && this.#caller.retry === undefined;
    this.#calls = isDirect ? new DirectCalls(this.#caller) : new InterceptedCalls(this.#caller, interceptors);
  }

  /**
   * A proxy whose functions give cold Observables, as Nest's gRPC client's do: each subscription is a call, and
   * unsubscribing cancels it. Each rpc has its name and that with a small first letter. A ServiceDescriptor brings the
   * types with it. The same proxy each time.
   * @throws SchemaError for an unknown service
   */
  getService<T extends object>(service: string): T;
  getService<All extends Record<string, MethodDescriptor>>(service: ServiceDescriptor<All>): ObservableService<All>;
  getService(service: string | ServiceDescriptor): object {
    return cached(this.#observableProxies, this.#resolve(service), (each) => observableProxy(each, this.#calls));
  }

  /**
   * As {@link getService}, with Promises (calls that begin at once) and, where the server streams, AsyncIterables (calls
   * that begin with the first `next()`; leaving the loop cancels them).
   */
  getAsyncService<T extends object>(service: string): T;
  getAsyncService<All extends Record<string, MethodDescriptor>>(service: ServiceDescriptor<All>): AsyncService<All>;
  getAsyncService(service: string | ServiceDescriptor): object {
    return cached(this.#asyncProxies, this.#resolve(service), (each) => asyncProxy(each, this.#calls));
  }

  /** The status now, then each change of it; ends with `closed`. */
  override get status(): Observable<TtrpcClientStatus> {
    return super.status as Observable<TtrpcClientStatus>;
  }

  /** What is open and waits; with the option `callStats` also calls by method and status. */
  get stats(): ClientStats {
    return this.#caller.channel.clientStats;
  }

  /** Connects now. Rejects with UNAVAILABLE naming the address and the reason, also when the client is closed. */
  async connect(): Promise<void> {
    try {
      await this.#caller.channel.connect();
    } catch (error) {
      throw exceptionOf(error);
    }
  }

  /** Closes all connections for good; calls in flight and later ones end with UNAVAILABLE. A second call is harmless. */
  close(): Promise<void> {
    this.#caller.channel.close();
    return Promise.resolve();
  }

  /** Nest calls it when the application has shut down: closes the client. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /**
   * Calls `callback` at each change of the status to `event`; what it throws is logged.
   * @throws Error for another name
   */
  override on<E extends keyof TtrpcClientEvents>(event: E, callback: TtrpcClientEvents[E]): void {
    if (!EVENTS.includes(event)) {
      throw new Error(`a ttrpc client has no event ${JSON.stringify(event)}; it has ${EVENTS.join(', ')}`);
    }
    const listener = AsyncResource.bind((reason: TtrpcException | undefined) => {
      try {
        callback(reason);
      } catch (error) {
        logCallbackError(`a listener of the event '${event}'`, error);
      }
    });
    this.#changes.subscribe(({ status, reason }) => {
      if (status === event) listener(reason);
    });
  }

  /** The client's connections: their status and figures; see {@link TtrpcChannel}. */
  override unwrap<T = TtrpcChannel>(): T {
    const channel: TtrpcChannel = this.#caller.channel;
    return channel as T;
  }

  /**
   * Calls an rpc by name: `send('/demo.v1.Greeter/SayHello', data)` or `send({ service, method }, data)`. A cold
   * Observable for all shapes; `data` is the message or the stream of requests.
   */
  override send<TResult = unknown, TInput = unknown>(
    pattern: string | TtrpcMethodPattern,
    data: TInput,
    options?: TtrpcCallOptions,
  ): Observable<TResult> {
    return defer(() => this.#calls.observe(this.#method(pattern), data, options)) as Observable<TResult>;
  }

  /** ttrpc has calls only, no events. @throws UNIMPLEMENTED */
  override emit(pattern: unknown): never {
    throw noEvents(pattern);
  }

  /**
   * Encodes a message of the schema as a detail of a status.
   * @throws SchemaError for an unknown type; EncodeError for a value that does not fit it
   */
  pack(typeName: string, value: object, options?: PackOptions): StatusDetail {
    return this.#schema.pack(typeName, value, options);
  }

  /**
   * Decodes a detail of a status or a google.protobuf.Any by the schema.
   * @throws SchemaError for an unknown type
   */
  unpack(packed: PackedMessage): unknown {
    return this.#schema.unpack(packed);
  }

  /** As Nest's (from version 12 on): the hook sees each call as a packet and may give it `metadata`. */
  override setOnDispatchHook(hook: (packet: ReadPacket) => void): void {
    this.#caller.onDispatch = hook;
  }

  /** As Nest's: a call with its responses as packets. */
  protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const subscription: Subscription = this.send(packet.pattern as string, packet.data as unknown).subscribe({
      next: (response) => callback({ response }),
      error: (err: unknown) => callback({ err }),
      complete: () => callback({ isDisposed: true }),
    });
    return () => subscription.unsubscribe();
  }

  /** As Nest's: there is no such thing here. */
  protected override dispatchEvent<T = unknown>(packet: ReadPacket): Promise<T> {
    return Promise.reject(noEvents(packet.pattern));
  }

  #resolve(service: string | ServiceDescriptor): ServiceDescriptor {
    if (typeof service === 'string') return this.#schema.resolve(service);
    if (typeof service?.name === 'string' && typeof service.methods === 'object') return service;
    throw badArgument(`a service is named by a string or a ServiceDescriptor; got ${describe(service)}`);
  }

  /** The rpc of a pattern, made as often as it is called: who calls often has a proxy. */
  #method(pattern: unknown): ClientMethod {
    const { service, method } = parsePattern(pattern);
    const descriptor = this.#resolve(service);
    const found = [method, capitalised(method)].find((name) => Object.hasOwn(descriptor.methods, name));
    if (found === undefined) {
      const known = Object.keys(descriptor.methods);
      throw badArgument(
        `service ${descriptor.name} has no rpc '${method}'; it has ${known.join(', ')}.${didYouMean(method, known)}`,
      );
    }
    return new ClientMethod(descriptor, descriptor.methods[found] as MethodDescriptor);
  }

  #onStatus(status: TtrpcClientStatus, error: TtrpcError | undefined): void {
    this._status$.next(status);
    this.#changes.next({ status, reason: error && exceptionOf(error) });
    if (status === 'closed') {
      this.#caller.onClosed(exceptionOf(error ?? new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the client is closed')));
      this._status$.complete();
      this.#changes.complete();
    }
  }
}

function cached<K, V>(map: Map<K, V>, key: K, make: (key: K) => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make(key)));
  return value;
}

function parsePattern(pattern: unknown): TtrpcMethodPattern {
  if (typeof pattern === 'string') {
    const [, service, method] = /^\/?([^/]+)\/([^/]+)$/.exec(pattern) ?? [];
    if (service !== undefined && method !== undefined) return { service, method };
  } else if (typeof pattern === 'object' && pattern !== null) {
    const { service, method } = pattern as Partial<TtrpcMethodPattern>;
    if (typeof service === 'string' && typeof method === 'string') return { service, method };
  }
  throw badArgument(`pattern ${JSON.stringify(pattern)}: expected '/package.Service/Method' or { service, method }`);
}

function noEvents(pattern: unknown): TtrpcException {
  return new TtrpcException(
    TtrpcStatus.UNIMPLEMENTED,
    `cannot emit ${JSON.stringify(pattern)}: ttrpc has calls only, no events; use send() or a proxy`,
  );
}
