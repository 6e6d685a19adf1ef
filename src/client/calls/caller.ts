import type { ReadPacket } from '@nestjs/microservices';
import type { TtrpcException } from '../../common/ttrpc-exception.js';
import type { Channel } from '../../protocol/client/channel.js';
import type { CallMethod, CallRuntime, RequestFeed } from '../../protocol/client/call-runtime.js';
import type { CallStart } from '../../protocol/client/client-call.js';
import { TtrpcMetadata, type MetadataInit } from '../../protocol/core/metadata.js';
import { sendsRequestStream } from '../../protocol/core/method-shape.js';
import { checkTimeoutMs } from '../../protocol/core/timer.js';
import type { TtrpcCallOptions, TtrpcCallParent } from '../api/call-options.js';
import { badCall, describe, exceptionOf } from './caller-error.js';
import { callOptionNames } from './client-log.js';
import { checkOneMessage } from './one-message.js';
import { requestFeed } from './request-feed.js';
import { RetryPolicy } from './retry-policy.js';
import type { TtrpcClientOptions } from '../api/client-options.js';

/** Stands for the options of a call that has none. */
export const NO_OPTIONS: TtrpcCallOptions = Object.freeze({});

/** Stands for what begins a call without deadline, signals and metadata. */
const NOTHING: CallStart = Object.freeze({});

/** A call that waits for its next attempt. */
export interface WaitingCall {
  /** The client has closed: there is no other attempt. */
  onClosed(error: TtrpcException): void;
}

/** What a client's calls have in common: its connections, and what its options add to each of them. */
export class Caller implements CallRuntime<TtrpcCallOptions> {
  readonly channel: Channel;
  readonly #timeoutMs: number | undefined;
  readonly #metadata: TtrpcMetadata | undefined;
  readonly #propagated: readonly string[];
  /** When calls are made again that do not say it themselves. */
  readonly retry: RetryPolicy | undefined;
  /** Calls that wait for their next attempt. */
  readonly waiting = new Set<WaitingCall>();
  /** Nest's dispatch hook; see `ClientProxy.setOnDispatchHook` (Nest 12). */
  onDispatch: ((packet: ReadPacket) => void) | undefined;

  /** `makeChannel` is called when all options are valid. @throws an error that names an invalid option */
  constructor(options: TtrpcClientOptions, makeChannel: () => Channel) {
    const { timeoutMs, metadata, propagateMetadata = [] } = options;
    this.#timeoutMs = timeoutMs === undefined ? undefined : checkTimeoutMs(timeoutMs, 'timeoutMs');
    this.#metadata = metadata === undefined ? undefined : new TtrpcMetadata(metadata);
    if (!Array.isArray(propagateMetadata) || propagateMetadata.some((key) => typeof key !== 'string' || key === '')) {
      throw new TypeError(`propagateMetadata: expected an array of metadata keys, got ${describe(propagateMetadata)}`);
    }
    this.retry = RetryPolicy.of(options.retry);
    this.#propagated = [...(propagateMetadata as readonly string[])];
    this.channel = makeChannel();
  }

  /** The client has closed: calls that wait for their next attempt end with `error`. */
  onClosed(error: TtrpcException): void {
    for (const call of [...this.waiting]) call.onClosed(error);
  }

  /** As {@link CallRuntime.start}. */
  start(method: CallMethod, request: unknown, given: TtrpcCallOptions | undefined): CallStart {
    const options = callOptions(given);
    const deadline = this.deadline(options);
    const metadata = this.dispatched(method, request, this.metadata(options));
    const { signal, parent } = options;
    if (deadline === undefined && metadata === undefined && signal === undefined && parent === undefined)
      return NOTHING;
    return { deadline, metadata, signal, parentSignal: parent?.signal, parent };
  }

  /** As {@link CallRuntime.feed}. */
  feed(request: unknown, method: CallMethod): RequestFeed | undefined {
    if (sendsRequestStream(method.shape)) return requestFeed(request, method);
    checkOneMessage(request, method);
    return undefined;
  }

  /** As {@link CallRuntime.errorOf}. */
  errorOf(error: unknown, method: CallMethod): unknown {
    return exceptionOf(error, method.fullName);
  }

  /** When a call that begins now must be over, in ms of `performance.now()`: by its own limit or by its parent's. */
  deadline(options: TtrpcCallOptions): number | undefined {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    let deadline: number | undefined;
    if (timeoutMs !== undefined && checkTimeoutMs(timeoutMs, 'timeoutMs') !== Infinity) {
      deadline = performance.now() + timeoutMs;
    }
    const until = options.parent?.deadline;
    if (until === undefined) return deadline;
    const limit = performance.now() + (until.getTime() - Date.now());
    return deadline !== undefined && deadline < limit ? deadline : limit;
  }

  /**
   * A call's own copy of what the client sends always, what its parent hands on and what the call itself has; a key of
   * the later takes the place of that key in the former. Undefined when there is nothing.
   */
  metadata({ metadata, parent }: TtrpcCallOptions): TtrpcMetadata | undefined {
    const base = this.#metadata;
    if (base === undefined && metadata === undefined && (parent === undefined || this.#propagated.length === 0)) {
      return undefined;
    }
    const merged = new TtrpcMetadata(base);
    for (const key of parent === undefined ? [] : this.#propagated) {
      const values = (parent as TtrpcCallParent).metadata.getAll(key);
      if (values.length > 0) merged.set(key, ...values);
    }
    if (metadata !== undefined) replaceKeys(merged, metadata);
    return merged.size === 0 ? undefined : merged;
  }

  /** The call's metadata with what Nest's dispatch hook adds. What the hook throws ends the call. */
  dispatched(method: CallMethod, request: unknown, metadata: TtrpcMetadata | undefined): TtrpcMetadata | undefined {
    if (!this.onDispatch) return metadata;
    const packet: ReadPacket = { pattern: `/${method.fullName}`, data: request };
    this.onDispatch(packet);
    if (packet.metadata === undefined) return metadata;
    const merged = metadata ?? new TtrpcMetadata();
    replaceKeys(merged, packet.metadata);
    return merged;
  }
}

function replaceKeys(metadata: TtrpcMetadata, init: MetadataInit): void {
  if (init === null || typeof init !== 'object')
    throw badCall(`metadata: expected keys with values, got ${describe(init)}`);
  const own = new TtrpcMetadata(init);
  for (const [key] of own) metadata.delete(key);
  for (const [key, value] of own) metadata.append(key, value);
}

/** Checks what a caller passed as options. @throws INVALID_ARGUMENT */
export function callOptions(options: unknown): TtrpcCallOptions {
  if (options === undefined || options === null) return NO_OPTIONS;
  // The metadata themselves, of this library or of grpc-js, as Nest's gRPC client takes them.
  const isMetadata = options instanceof TtrpcMetadata || typeof (options as { getMap?: unknown }).getMap === 'function';
  if (typeof options !== 'object' || isMetadata) {
    throw badCall(`call options: expected an object such as { timeoutMs, metadata, signal }, got ${describe(options)}`);
  }
  callOptionNames.check(options);
  const { parent } = options as TtrpcCallOptions;
  if (parent !== undefined && typeof parent?.metadata?.getAll !== 'function') {
    throw badCall(`parent: expected the context of a handler, got ${describe(parent)}`);
  }
  return options;
}
