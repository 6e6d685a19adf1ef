import type { Duplex } from 'node:stream';
import { parseAddress } from './address.js';
import { CallAbort } from './call-abort.js';
import {
  Channel,
  type ChannelOptions,
  type ChannelStatus,
  type ConnectionSource,
  type RouteOptions,
} from './channel.js';
import type { CallObserver, ClientCall, CallStart } from './client-call.js';
import { TtrpcError } from './errors.js';
import { Inbox } from './inbox.js';
import { bytesCodec } from './message-codec.js';
import { TtrpcMetadata, type MetadataInit } from './metadata.js';
import { sendsRequestStream, type MethodShape } from './method-shape.js';
import { methodRef, type MethodRef } from './method-table.js';
import { TtrpcStatus } from './status.js';
import { checkTimeoutMs } from './timer.js';
import { copyBytes, EMPTY } from './wire.js';

/** Options of one call of the raw client. */
export interface RawCallOptions extends RouteOptions {
  /** How long the call may take, in ms, connecting and waiting included. Default: the client's `timeoutMs`. */
  timeoutMs?: number | undefined;
  /** Sent with the request; copied when the call begins. */
  metadata?: MetadataInit | undefined;
  /** Ends the call with CANCELLED when it aborts. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link connect}. */
export interface RawClientOptions extends ChannelOptions {
  /** Default of each call's `timeoutMs`; without it calls have no deadline. */
  timeoutMs?: number | undefined;
}

/** A stream of the raw client. As an AsyncIterable it has one reader; leaving its loop early cancels the call. */
export interface RawStream extends AsyncIterable<Uint8Array> {
  /**
   * Sends one message; resolves when the next one may be sent. Rejects with the call's error once it has failed, and
   * with FAILED_PRECONDITION on a stream whose client sends nothing.
   */
  send(message: Uint8Array): Promise<void>;
  /** Nothing more will be sent. */
  closeSend(): void;
  /** Gives the call up; its reader gets CANCELLED. */
  cancel(): void;
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined>;
}

/** A client that speaks ttrpc with bytes as messages. */
export interface RawClient {
  readonly status: ChannelStatus;
  /** A unary call. Rejects with a TtrpcError. */
  call(service: string, method: string, request: Uint8Array, options?: RawCallOptions): Promise<Uint8Array>;
  /**
   * A streaming call, begun at once. A server-streaming one gets its single request by the first `send`, a
   * client-streaming one gives its answer as the only message.
   */
  stream(service: string, method: string, shape: Exclude<MethodShape, 'unary'>, options?: RawCallOptions): RawStream;
  /** Closes all connections; calls in flight end with UNAVAILABLE. */
  close(): void;
}

/**
 * Connects to an address (see `parseAddress`) or speaks on a Duplex that is connected. Rejects with a TtrpcError when
 * the address is none or nobody listens there. The connection is made again when it is lost and a call needs it.
 */
export async function connect(target: string | Duplex, options: RawClientOptions = {}): Promise<RawClient> {
  if (options.timeoutMs !== undefined) checkTimeoutMs(options.timeoutMs, 'timeoutMs');
  const source: ConnectionSource =
    typeof target === 'string'
      ? { kind: 'address', address: parseAddress(target) }
      : { kind: 'duplex', duplex: target };
  const channel = new Channel(source, options);
  try {
    await channel.connect();
  } catch (error) {
    channel.close();
    throw error;
  }
  return new Client(channel, options);
}

class Client implements RawClient {
  readonly #methods = new Map<string, MethodRef>();

  constructor(
    private readonly channel: Channel,
    private readonly options: RawClientOptions,
  ) {}

  get status(): ChannelStatus {
    return this.channel.status;
  }

  call(service: string, method: string, request: Uint8Array, options: RawCallOptions = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const ref = this.#method(service, method, 'unary');
      const abort = new CallAbort(options.signal);
      let answer = EMPTY;
      const observer: CallObserver = {
        onMessage: (buf, start, end) => (answer = copyBytes(buf, start, end)),
        onEnd: () => {
          abort.clear();
          resolve(answer);
        },
        onError: (error) => {
          abort.clear();
          reject(error);
        },
      };
      abort.check();
      abort.watch(this.channel.request(ref, bytesCodec, request, this.#start(options), options, observer));
    });
  }

  stream(
    service: string,
    method: string,
    shape: Exclude<MethodShape, 'unary'>,
    options: RawCallOptions = {},
  ): RawStream {
    const abort = new CallAbort(options.signal);
    abort.check();
    const start = this.#start(options);
    const ref = this.#method(service, method, shape);
    return new Stream(this.channel, ref, start, options, abort);
  }

  close(): void {
    this.channel.close();
  }

  #start(options: RawCallOptions): CallStart {
    const timeoutMs = options.timeoutMs ?? this.options.timeoutMs;
    return {
      deadline: timeoutMs === undefined ? undefined : Date.now() + checkTimeoutMs(timeoutMs, 'timeoutMs'),
      metadata: options.metadata === undefined ? undefined : new TtrpcMetadata(options.metadata),
    };
  }

  #method(service: string, method: string, shape: MethodShape): MethodRef {
    const key = `${shape} ${service}/${method}`;
    let ref = this.#methods.get(key);
    if (!ref) this.#methods.set(key, (ref = methodRef(service, method, shape)));
    return ref;
  }
}

class Stream implements RawStream {
  #call: ClientCall | undefined;
  #error: TtrpcError | undefined;
  #wake: (() => void) | undefined;
  readonly #inbox: Inbox<Uint8Array>;

  constructor(
    private readonly channel: Channel,
    private readonly method: MethodRef,
    private readonly start: CallStart,
    private readonly route: RouteOptions,
    private readonly abort: CallAbort,
  ) {
    this.#inbox = new Inbox(
      { holdInput: () => this.#call?.holdInput(), releaseInput: () => this.#call?.releaseInput() },
      () => this.cancel(),
    );
    if (sendsRequestStream(method.shape)) this.#begin(channel.openStream(method, start, route, this.#observer));
  }

  async send(message: Uint8Array): Promise<void> {
    if (this.#error) throw this.#error;
    if (!sendsRequestStream(this.method.shape)) {
      if (this.#call) {
        throw new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, `${this.method.method} takes one request message`);
      }
      const { channel, method, start, route } = this;
      this.#begin(channel.request(method, bytesCodec, message, start, route, this.#observer));
      return;
    }
    const call = this.#call as ClientCall;
    call.send(bytesCodec, message);
    if (call.open && !call.writable) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        call.onWritable(() => this.#wakeUp());
      });
    }
    // A cast, since the wait may have changed it: the compiler thinks that it is still undefined.
    const error = this.#error as TtrpcError | undefined;
    if (error) throw error;
  }

  closeSend(): void {
    this.#call?.closeSend();
  }

  cancel(): void {
    this.#call?.cancel(new TtrpcError(TtrpcStatus.CANCELLED, 'the call was cancelled by its caller'));
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this.#inbox;
  }

  #begin(call: ClientCall): void {
    this.#call = call;
    this.abort.watch(call);
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  readonly #observer: CallObserver = {
    onMessage: (buf, start, end) => this.#inbox.push(bytesCodec.decodeFrom?.(buf, start, end) ?? EMPTY, end - start),
    onEnd: () => {
      this.abort.clear();
      this.#inbox.end();
      this.#wakeUp();
    },
    onError: (error) => {
      this.abort.clear();
      this.#error = error;
      this.#inbox.fail(error);
      this.#wakeUp();
    },
  };
}
