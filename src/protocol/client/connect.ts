import type { Duplex } from 'node:stream';
import { parseAddress } from '../socket/address.js';
import { CallAbort, type Cancellable } from './call-abort.js';
import {
  Channel,
  type ChannelOptions,
  type ChannelStatus,
  type ConnectionSource,
  type RouteOptions,
} from './channel.js';
import {
  cancelledError,
  deadlineError,
  requestError,
  type CallObserver,
  type CallStart,
  type ClientCall,
} from './client-call.js';
import { describe } from '../core/describe.js';
import { isDuplex } from '../socket/duplex.js';
import { TtrpcError } from '../core/errors.js';
import { ReceiveQueue } from '../connection/receive-queue.js';
import { bytesCodec } from '../wire/message-codec.js';
import { TtrpcMetadata, type MetadataInit } from '../core/metadata.js';
import { sendsRequestStream, sendsResponseStream, type MethodShape } from '../core/method-shape.js';
import { methodRef, type MethodRef } from '../wire/method-ref.js';
import { TtrpcStatus } from '../core/status.js';
import { checkTimeoutMs, Timer } from '../core/timer.js';
import { copyBytes, EMPTY } from '../wire/wire.js';

/** Options of one call of the raw client. */
export interface RawCallOptions extends RouteOptions {
  /** How long the call may take, in ms, connecting and waiting included; `Infinity` for no limit. Default: the client's `timeoutMs`. */
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

/**
 * A stream of the raw client. As an AsyncIterable it has one reader, a second one raises FAILED_PRECONDITION; leaving its
 * loop early cancels the call.
 */
export interface RawStream extends AsyncIterable<Uint8Array> {
  /**
   * Sends one message; resolves when the next one may be sent. Rejects with the call's error once it has failed, with
   * INVALID_ARGUMENT for what is no bytes, and with FAILED_PRECONDITION behind `closeSend` or for a second request of a
   * server-streaming call. When the server has ended the call well, what is still sent is dropped.
   */
  send(message: Uint8Array): Promise<void>;
  /** Nothing more will be sent. A server-streaming call without its request fails with FAILED_PRECONDITION. */
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
   * client-streaming one gives its answer as the only message. Raises a TtrpcError: CANCELLED when the signal has aborted
   * already, INVALID_ARGUMENT for options that are wrong.
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
  if (typeof target !== 'string' && !isDuplex(target)) {
    throw new TypeError(`expected an address or a Duplex to connect to, got ${describe(target)}`);
  }
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
      let abort: CallAbort;
      let start: CallStart;
      try {
        abort = new CallAbort(options.signal);
        abort.check();
        start = this.#start(options);
      } catch (error) {
        reject(requestError(error));
        return;
      }
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
      const ref = this.#method(service, method, 'unary');
      abort.watch(this.channel.request(ref, bytesCodec, request, start, options, observer));
    });
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
      const abort = new CallAbort(options.signal);
      abort.check();
      const start = this.#start(options);
      return new Stream(this.channel, this.#method(service, method, shape), start, options, abort);
    } catch (error) {
      throw requestError(error);
    }
  }

  close(): void {
    this.channel.close();
  }

  #start(options: RawCallOptions): CallStart {
    const timeoutMs = checkTimeoutMs(options.timeoutMs ?? this.options.timeoutMs ?? Infinity, 'timeoutMs');
    return {
      deadline: timeoutMs === Infinity ? undefined : performance.now() + timeoutMs,
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

class Stream implements RawStream, Cancellable {
  #call: ClientCall | undefined;
  #error: TtrpcError | undefined;
  #wake: (() => void) | undefined;
  #sendClosed = false;
  #read = false;
  /** Keeps the deadline of a server-streaming call whose request has not been sent. */
  #timer: Timer | undefined;
  readonly #queue: ReceiveQueue<Uint8Array>;

  constructor(
    private readonly channel: Channel,
    private readonly method: MethodRef,
    private readonly start: CallStart,
    private readonly route: RouteOptions,
    private readonly abort: CallAbort,
  ) {
    this.#queue = new ReceiveQueue(
      { pauseInput: () => this.#call?.pauseInput(), resumeInput: () => this.#call?.resumeInput() },
      () => this.#fail(cancelledError()),
    );
    if (sendsRequestStream(method.shape)) this.#call = channel.openStream(method, start, route, this.#observer);
    else if (start.deadline !== undefined) {
      this.#timer = new Timer(Math.max(0, start.deadline - performance.now()), () => this.#fail(deadlineError()));
    }
    abort.watch(this);
  }

  /** As {@link Cancellable.open}. */
  get open(): boolean {
    return this.#error === undefined && this.#call?.open !== false;
  }

  async send(message: Uint8Array): Promise<void> {
    if (this.#error) throw this.#error;
    if (!sendsRequestStream(this.method.shape)) {
      this.#sendRequest(message);
      if (this.#error) throw this.#error as TtrpcError;
      return;
    }
    if (this.#sendClosed) throw this.#precondition('its sending side is closed');
    const call = this.#call as ClientCall;
    try {
      call.send(bytesCodec, message);
    } catch (error) {
      throw requestError(error);
    }
    if (!call.open) {
      // Who sends without end must not keep the event loop from telling him of the end.
      await new Promise((resolve) => setImmediate(resolve));
    } else if (!call.writable) {
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
    this.#sendClosed = true;
    if (this.#call) this.#call.closeSend();
    else this.#fail(this.#precondition('takes one request message, and none was sent'));
  }

  cancel(error = cancelledError()): void {
    this.#fail(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    if (this.#read) throw this.#precondition('its messages have a reader already: they can be read once');
    this.#read = true;
    return this.#queue;
  }

  #sendRequest(message: Uint8Array): void {
    if (this.#call) throw this.#precondition('takes one request message');
    const { channel, method, start, route } = this;
    this.#timer?.clear();
    this.#call = channel.request(method, bytesCodec, message, start, route, this.#observer);
  }

  #fail(error: TtrpcError): void {
    if (this.#call) this.#call.cancel(error);
    else if (!this.#error) this.#observer.onError(error);
  }

  #precondition(what: string): TtrpcError {
    const { service, method } = this.method;
    return new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, `${service}/${method}: ${what}`);
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  readonly #observer: CallObserver = {
    onMessage: (buf, start, end) => this.#queue.push(bytesCodec.decodeFrom?.(buf, start, end) ?? EMPTY, end - start),
    onEnd: () => {
      this.abort.clear();
      this.#queue.end();
      this.#wakeUp();
    },
    onError: (error) => {
      this.abort.clear();
      this.#timer?.clear();
      this.#error = error;
      this.#queue.fail(error);
      this.#wakeUp();
    },
  };
}
