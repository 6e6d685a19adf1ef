import type { Duplex } from 'node:stream';
import { describe } from '../core/describe.js';
import { TtrpcMetadata } from '../core/metadata.js';
import { sendsRequestStream, sendsResponseStream, type MethodShape } from '../core/method-shape.js';
import { warnOfOptions } from '../core/option-names.js';
import { checkTimeoutMs } from '../core/timer.js';
import { parseAddress } from '../socket/address.js';
import { isDuplex } from '../socket/duplex.js';
import { bytesCodec } from '../wire/message-codec.js';
import { methodRef } from '../wire/method-ref.js';
import type { MethodDescriptor, ServiceDescriptor } from '../wire/service-descriptor.js';
import { isIterable } from '../connection/pump.js';
import { requestError } from './call-errors.js';
import type { CallMethod, CallRuntime, RequestFeed } from './call-runtime.js';
import { sampleStreams } from './call-sample.js';
import { Channel, type ChannelStatus, type ClientStats } from './channel.js';
import type { CallStart } from './client-call.js';
import type { ConnectionSource } from './dialer.js';
import { IterableFeed } from './iterable-feed.js';
import { CONNECT_OPTIONS, rawCallOptionNames, type RawCallOptions, type RawClientOptions } from './raw-options.js';
import { SentStream, type RawStream } from './raw-stream.js';
import { RuntimeCalls } from './runtime-calls.js';
import { serviceClient, type ServiceClient } from './service-client.js';

export type { RawCallOptions, RawClientOptions } from './raw-options.js';

/** A client that speaks ttrpc with bytes as messages. */
export interface RawClient {
  readonly status: ChannelStatus;
  /** What is open and waits; with the option `callStats` also calls by method and status. */
  readonly stats: ClientStats;
  /** A unary call. Rejects with a TtrpcError. */
  call(service: string, method: string, request: Uint8Array, options?: RawCallOptions): Promise<Uint8Array>;
  /**
   * A streaming call, begun at once. A server-streaming one gets its single request by the first `send`, a
   * client-streaming one gives its response as the only message.
   * @throws TtrpcError: CANCELLED when the signal has aborted already, INVALID_ARGUMENT for invalid options
   */
  stream(service: string, method: string, shape: Exclude<MethodShape, 'unary'>, options?: RawCallOptions): RawStream;
  /**
   * Typed functions for the rpcs of a service: `await client.service(Task).state({ id })`. Promises, and AsyncIterables where
   * the server streams; a stream of requests is an AsyncIterable or Iterable. They reject with a TtrpcError.
   */
  service<All extends Record<string, MethodDescriptor>>(
    service: ServiceDescriptor<All>,
  ): ServiceClient<All, RawCallOptions>;
  /** The same with an interface of yours for a service whose messages have no types: `client.service<TaskClient>(Task)`. */
  service<T extends object>(service: ServiceDescriptor): T;
  /** Closes all connections; calls in flight end with UNAVAILABLE. */
  close(): void;
}

/** Gives one Duplex for each connection that is wanted. `signal` aborts when the client closes. */
export type ConnectFunction = (signal: AbortSignal) => Promise<Duplex>;

/**
 * Connects to an address (see `parseAddress`), by a function that makes connections (see `acceptConnections`), or speaks on
 * a Duplex that is connected. Rejects with a TtrpcError when the address is invalid or no server listens there. The connection
 * is made again when it is lost and a call needs it, except on a Duplex.
 */
export async function connect(
  target: string | Duplex | ConnectFunction,
  options: RawClientOptions = {},
): Promise<RawClient> {
  if (options.timeoutMs !== undefined) checkTimeoutMs(options.timeoutMs, 'timeoutMs');
  warnOfOptions('connect', options, CONNECT_OPTIONS);
  const channel = new Channel(sourceOf(target), options);
  try {
    await channel.connect();
  } catch (error) {
    channel.close();
    throw error;
  }
  return new Client(channel, options);
}

function sourceOf(target: string | Duplex | ConnectFunction): ConnectionSource {
  if (typeof target === 'string') return { kind: 'address', address: parseAddress(target) };
  if (isDuplex(target)) return { kind: 'duplex', duplex: target };
  if (typeof target === 'function') return { kind: 'connect', connect: target };
  throw new TypeError(
    `expected an address, a Duplex, or a function that gives a Duplex, to connect to; got ${describe(target)}`,
  );
}

/** What calls of the engine have in common: errors stay TtrpcErrors, and requests are streamed from iterables. */
class EngineRuntime implements CallRuntime<RawCallOptions> {
  constructor(
    readonly channel: Channel,
    private readonly timeoutMs: number | undefined,
  ) {}

  start(_method: CallMethod, _request: unknown, options: RawCallOptions = {}): CallStart {
    rawCallOptionNames.check(options);
    const timeoutMs = checkTimeoutMs(options.timeoutMs ?? this.timeoutMs ?? Infinity, 'timeoutMs');
    return {
      deadline: timeoutMs === Infinity ? undefined : performance.now() + timeoutMs,
      metadata: options.metadata === undefined ? undefined : new TtrpcMetadata(options.metadata),
      signal: options.signal,
    };
  }

  feed(request: unknown, { shape, fullName, request: codec }: CallMethod): RequestFeed | undefined {
    if (!sendsRequestStream(shape)) return undefined;
    if (isIterable(request)) return new IterableFeed(request, codec);
    throw new TypeError(
      `${fullName} takes a stream: expected an AsyncIterable or Iterable of ${codec.typeName}, got ${describe(request)}`,
    );
  }

  errorOf(error: unknown): unknown {
    return requestError(error);
  }
}

const NO_OPTIONS: RawCallOptions = Object.freeze({});

class Client implements RawClient {
  readonly #services = new Map<ServiceDescriptor, object>();
  readonly #methods = new Map<string, CallMethod>();
  readonly #runtime: EngineRuntime;
  readonly #calls: RuntimeCalls<RawCallOptions>;
  /** Kept for V8 from the first stream on, see {@link sampleStreams}. */
  protected sample: readonly object[] | undefined;

  constructor(channel: Channel, { timeoutMs }: RawClientOptions) {
    this.#runtime = new EngineRuntime(channel, timeoutMs);
    this.#calls = new RuntimeCalls(this.#runtime);
  }

  get status(): ChannelStatus {
    return this.#runtime.channel.status;
  }

  get stats(): ClientStats {
    return this.#runtime.channel.clientStats;
  }

  call(service: string, method: string, request: Uint8Array, options?: RawCallOptions): Promise<Uint8Array> {
    return this.#calls.promise(this.#method(service, method, 'unary'), request, options) as Promise<Uint8Array>;
  }

  stream(
    service: string,
    method: string,
    shape: Exclude<MethodShape, 'unary'>,
    options: RawCallOptions = {},
  ): RawStream {
    try {
      if (!sendsRequestStream(shape) && !sendsResponseStream(shape)) {
        throw new TypeError(`shape: expected 'server-streaming', 'client-streaming' or 'bidi', got ${describe(shape)}`);
      }
      const found = this.#method(service, method, shape);
      this.sample ??= sampleStreams(this.#runtime, found, NO_OPTIONS);
      return new SentStream(this.#runtime, found, options).run();
    } catch (error) {
      throw requestError(error);
    }
  }

  service(service: ServiceDescriptor): never {
    let found = this.#services.get(service);
    if (!found) this.#services.set(service, (found = serviceClient(service, this.#calls)));
    // What it is, the overloads of RawClient say.
    return found as never;
  }

  close(): void {
    this.#runtime.channel.close();
  }

  #method(service: string, method: string, shape: MethodShape): CallMethod {
    const key = `${shape} ${service}/${method}`;
    let found = this.#methods.get(key);
    if (!found) {
      const ref = methodRef(service, method, shape);
      found = {
        ref,
        shape,
        request: bytesCodec,
        response: bytesCodec,
        fullName: `${service}/${method}`,
      };
      this.#methods.set(key, found);
    }
    return found;
  }
}
