import type { MethodShape } from '../core/method-shape.js';
import type { MessageCodec } from '../wire/message-codec.js';
import type { MethodRef } from '../wire/method-ref.js';
import type { Channel, RouteOptions } from './channel.js';
import type { CallStart, ClientCall } from './client-call.js';

/** An rpc with the codecs of its messages. */
export interface CallMethod {
  readonly ref: MethodRef;
  readonly shape: MethodShape;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  /** As the `idempotent` of a MethodDescriptor. */
  readonly idempotent?: boolean | undefined;
  /** `demo.v1.Greeter/SayHello`, for error texts. */
  readonly fullName: string;
}

/** The owner of a {@link RequestFeed}. */
export interface FeedOwner {
  /** The source itself has failed. */
  onSourceFailed(error: unknown): void;
}

/** Brings what a caller streams to its call, until one of them ends. */
export interface RequestFeed {
  /** Begins. */
  start(call: ClientCall, owner: FeedOwner): void;
  /** The call is over: the source is unsubscribed, or its `return()` runs. Harmless when it has ended. */
  stop(): void;
  /** The reader of the responses is behind: a source that can wait does, until {@link resume}. */
  pause(): void;
  /** See {@link pause}. */
  resume(): void;
}

/** What the calls of one client have in common: all in which raw calls, typed ones and Nest's differ. */
export interface CallRuntime<Options extends RouteOptions = RouteOptions> {
  readonly channel: Channel;
  /** Deadline, signals and metadata of a call that begins now. @throws what is wrong with the options */
  start(method: CallMethod, request: unknown, options: Options | undefined): CallStart;
  /** The feed for the argument of an rpc that sends a stream; undefined for one that takes one message. @throws what is wrong with it */
  feed(request: unknown, method: CallMethod): RequestFeed | undefined;
  /** What a caller gets for an error of the engine, or for one of {@link start} and {@link feed}. */
  errorOf(error: unknown, method: CallMethod): unknown;
}
