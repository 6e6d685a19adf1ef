import { messageOf } from '../core/describe-error.js';
import { traceContext } from '../core/diagnostics.js';
import { TtrpcError } from '../core/errors.js';
import { guardedAbortController } from '../core/guarded-signal.js';
import { TtrpcMetadata } from '../core/metadata.js';
import { sendsRequestStream, sendsResponseStream } from '../core/method-shape.js';
import { TtrpcStatus, type StatusObject } from '../core/status.js';
import { isThenable } from '../core/thenable.js';
import type { MessageCodec } from '../wire/message-codec.js';
import { abandon, isAsyncIterable, isIterable, Pump } from '../connection/pump.js';
import type { RawContext } from './call-context.js';
import type { Peer } from './peer.js';
import type { CallHandler, ServerCall } from './server-call.js';

/** The codecs of a method. */
export interface HandlerCodecs<Request, Response> {
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
}

/** What a handler reads its client's messages from; a `ReceiveQueue` is one. */
export interface RequestReceiver<Request> {
  /** A message that takes some `bytes` of memory. */
  push(value: Request, bytes: number): void;
  /** No message follows. */
  end(): void;
  /** No message follows, for a reason that overtakes those that wait. */
  abort(error: TtrpcError): void;
}

/**
 * One call on its way through a handler: decodes what the client sends, runs the handler and makes the call's response
 * of whatever it gives: a value, a promise, an iterable, or what a subclass {@link takes}. However the handler ends, the
 * call gets one status; a handler that goes on after that is counted until it is done. The subclass says what a handler
 * looks like and which status an error gets.
 */
export abstract class HandlerRun<Request, Response> implements CallHandler, RawContext {
  #requests: RequestReceiver<Request> | undefined;
  #metadata: TtrpcMetadata | undefined;
  #controller: AbortController | undefined;
  /** Why the call has ended without its handler, or is about to. */
  #aborted: TtrpcError | undefined;
  #pump: Pump<unknown> | undefined;
  /** True while a promise or an iterable of the handler's is pending. */
  #running = false;
  /** Set when the call is over before its handler. */
  #onSettled: (() => void) | undefined;

  /** Runs nothing yet. */
  constructor(
    protected readonly call: ServerCall,
    private readonly codecs: HandlerCodecs<Request, Response>,
  ) {
    if (call.trace) traceContext(this, call.trace);
  }

  /** Calls the handler with its request, or with its request stream. */
  protected abstract invoke(request: unknown): unknown;

  /** Makes the request stream of a client-streaming or bidi call. */
  protected abstract openRequests(): RequestReceiver<Request>;

  /** The status for what the handler has thrown. */
  protected abstract statusOf(error: unknown): StatusObject;

  /** The error for a result that is not a stream where one is expected. */
  protected abstract notAStream(result: unknown): unknown;

  /** A listener of {@link signal} has thrown. */
  protected abstract onListenerFailed(error: unknown): void;

  /** Begins with the call: {@link run}, or something before it. */
  protected begin(request: unknown): void {
    this.run(request);
  }

  /** What is sent for a value of the handler's. @throws what {@link failToSend} gets. */
  protected toMessage(value: unknown): Response {
    return value as Response;
  }

  /** True for a result of another kind, which {@link observe} sends. */
  protected takes(_result: unknown): boolean {
    return false;
  }

  /** Sends a result that {@link takes} is true for, by {@link respond}, {@link send} and {@link end}. */
  protected observe(_result: unknown): void {}

  /** An iterable of the handler's is about to be read. */
  protected onReading(): void {}

  /** The call is over; may be called again. */
  protected onOver(): void {}

  /** What {@link signal} aborts with. */
  protected reasonFor(error: TtrpcError): unknown {
    return error;
  }

  /** What the handler gave cannot be sent: too large, too fast, or not a message. */
  protected failToSend(error: unknown): void {
    this.fail(error);
  }

  get service(): string {
    return this.call.method.service;
  }

  get method(): string {
    return this.call.method.method;
  }

  get metadata(): TtrpcMetadata {
    return (this.#metadata ??= this.call.metadata ?? new TtrpcMetadata());
  }

  get deadline(): Date | undefined {
    const { deadline } = this.call;
    return deadline === undefined ? undefined : new Date(deadline);
  }

  get signal(): AbortSignal {
    // Made when it is first read: most handlers never do that.
    if (!this.#controller) {
      this.#controller = guardedAbortController((error) => this.onListenerFailed(error));
      if (this.#aborted) this.#controller.abort(this.reasonFor(this.#aborted));
    }
    return this.#controller.signal;
  }

  get peer(): Peer {
    return this.call.peer;
  }

  /** What a call of any shape consists of, for `sampleCall`: this one must not begin. */
  parts(): readonly object[] {
    return [this, this.openRequests()];
  }

  /** As {@link CallHandler.onRequest}. */
  onRequest(buf: Uint8Array, start: number, end: number): void {
    if (sendsRequestStream(this.call.method.shape)) {
      this.begin((this.#requests = this.openRequests()));
      return;
    }
    let request: Request;
    try {
      request = this.call.decodeRequest(this.codecs.request, buf, start, end);
    } catch (error) {
      throw decodeFailure(error);
    }
    this.begin(request);
  }

  /** As {@link CallHandler.onMessage}. */
  onMessage(buf: Uint8Array, start: number, end: number): void {
    const { call } = this;
    let message: Request;
    try {
      message = call.decode(this.codecs.request, buf, start, end);
    } catch (error) {
      throw decodeFailure(error);
    }
    this.#requests?.push(message, Math.max(end - start, call.decodedBytes));
  }

  /** As {@link CallHandler.onRequestEnd}. */
  onRequestEnd(): void {
    this.#requests?.end();
  }

  /** As {@link CallHandler.onClosing}. */
  onClosing(error: TtrpcError): void {
    this.#aborted ??= error;
    this.#controller?.abort(this.reasonFor(error));
  }

  /** As {@link CallHandler.onAbort}. */
  onAbort(error: TtrpcError): void {
    if (this.#running) this.#onSettled = this.call.outlives();
    this.onClosing(error);
    this.#requests?.abort(error);
    this.stop();
    this.onOver();
  }

  /** Runs the handler. */
  protected run(request: unknown): void {
    try {
      const result = this.invoke(request);
      if (isThenable(result)) this.#await(result);
      else this.#onResult(result);
    } catch (error) {
      this.#settle();
      this.fail(error);
    }
  }

  /** Ends the call with the handler's one response. */
  protected respond(value: unknown): void {
    try {
      this.call.respond(this.codecs.response, this.toMessage(value));
    } catch (error) {
      this.failToSend(error);
      return;
    }
    this.onOver();
  }

  /** Sends one message of a response stream. @throws what {@link failToSend} is for. */
  protected send(value: unknown): void {
    this.call.send(this.codecs.response, this.toMessage(value));
  }

  /** Ends a response stream. */
  protected end(): void {
    this.call.end();
    this.onOver();
  }

  /** The handler has failed. */
  protected fail(error: unknown): void {
    this.call.fail(this.statusOf(error));
    this.onOver();
  }

  /** Stops reading what the handler gives. */
  protected stop(): void {
    this.#pump?.stop();
  }

  /** Sends what `values` gives, the next one only while the client takes them; then calls `onEnd`. */
  protected sendAll(values: AsyncIterable<unknown> | Iterable<unknown>, onEnd: () => void): void {
    const { call } = this;
    if (call.ended) {
      abandon(values);
      return;
    }
    let unsent: { error: unknown } | undefined;
    // A stream that is locked or was read already has no iterator, and throws here.
    const pump = new Pump(values, {
      get writable() {
        return call.writable;
      },
      onWritable: (callback) => call.onWritable(callback),
      send: (value) => {
        try {
          this.send(value);
        } catch (error) {
          unsent = { error };
          throw error;
        }
      },
    });
    this.#pump = pump;
    this.onReading();
    this.#running = true;
    pump.run().then(
      (ended) => {
        this.#settle();
        if (ended) onEnd();
      },
      (error: unknown) => {
        this.#settle();
        if (unsent) this.failToSend(unsent.error);
        else this.fail(error);
      },
    );
  }

  #await(result: PromiseLike<unknown>): void {
    this.#running = true;
    result.then(
      (value) => {
        this.#settle();
        this.#onResult(value);
      },
      (error: unknown) => {
        this.#settle();
        this.fail(error);
      },
    );
  }

  #onResult(result: unknown): void {
    try {
      if (this.call.ended) this.#leave(result);
      else if (this.takes(result)) this.observe(result);
      else if (!sendsResponseStream(this.call.method.shape)) this.respond(result);
      else if (isIterable(result)) this.sendAll(result, () => this.end());
      else this.fail(this.notAStream(result));
    } catch (error) {
      // A result that throws when it is looked at.
      this.fail(error);
    }
  }

  /** The call was over before its handler had a result: whatever that would do is not begun, or let go. */
  #leave(result: unknown): void {
    if (!this.takes(result) && isAsyncIterable(result)) abandon(result);
    this.onOver();
  }

  /** The handler is at its end, or about to give its result. */
  #settle(): void {
    this.#running = false;
    this.#onSettled?.();
    this.#onSettled = undefined;
  }
}

/** The error for bytes that do not decode: a limit's own, else INTERNAL, as in Go. */
function decodeFailure(error: unknown): TtrpcError {
  if (error instanceof TtrpcError && error.limit !== undefined) return error;
  return new TtrpcError(TtrpcStatus.INTERNAL, `error unmarshalling payload: ${messageOf(error)}`, { cause: error });
}
