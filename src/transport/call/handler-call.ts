import { isObservable, type Observable, type Observer } from 'rxjs';
import { streamKind } from '../../common/stream-kind.js';
import { TtrpcException } from '../../common/ttrpc-exception.js';
import { traceContext } from '../../protocol/core/diagnostics.js';
import type { TtrpcError } from '../../protocol/core/errors.js';
import { codeOf } from '../../protocol/core/describe-error.js';
import { isAsyncIterable } from '../../protocol/connection/pump.js';
import { sendsResponseStream } from '../../protocol/core/method-shape.js';
import { HandlerRun } from '../../protocol/server/handler-run.js';
import type { ServerCall } from '../../protocol/server/server-call.js';
import { TtrpcStatus, type StatusObject } from '../../protocol/core/status.js';
import { internalText, messageOf } from '../../protocol/core/errors.js';
import { EncodeError } from '../../schema/codec/encode/encode-error.js';
import { ResponseSubscriber } from './response-subscriber.js';
import { HandlerMistake } from './handler-mistake.js';
import { mapError } from './error-status.js';
import type { BoundHandler } from '../binding/bound-handler.js';
import type { ReaderFailures } from './guarded-reader.js';
import { runBetweenHooks, type ProcessingHooks } from './processing-hooks.js';
import { RequestStream } from './request-stream.js';
import { TtrpcContext, type ContextServer } from './ttrpc-context.js';

/** Nest's hooks around the processing of a call; undefined where none is set. */
export type HooksFor = (context: TtrpcContext) => ProcessingHooks | undefined;

/**
 * One call on its way through a Nest handler, which may also give an Observable: what the engine runs, with Nest's
 * request stream, context, hooks and errors.
 */
export class HandlerCall extends HandlerRun<unknown, unknown> implements ReaderFailures {
  readonly #context: TtrpcContext;
  #requests: RequestStream<unknown> | undefined;
  #subscriber: ResponseSubscriber | undefined;
  /** Streams that an Observable has given as values, one after the other. */
  #queue: Promise<void> | undefined;
  #onDone: (() => void) | undefined;

  /** Opens `call` for `handler`. */
  constructor(
    call: ServerCall,
    private readonly handler: BoundHandler,
    server: ContextServer,
    private readonly hooksFor: HooksFor,
  ) {
    super(call, handler);
    this.#context = new TtrpcContext(this, server);
    if (call.trace) traceContext(this.#context, call.trace);
  }

  protected override openRequests(): RequestStream<unknown> {
    return (this.#requests = new RequestStream(this.call, this));
  }

  protected override begin(request: unknown): void {
    const hooks = this.hooksFor(this.#context);
    if (!hooks) {
      this.run(request);
      return;
    }
    runBetweenHooks(hooks, {
      run: (onDone) => {
        this.#onDone = onDone;
        this.run(request);
      },
      onHookFailed: (hook, error, began) => {
        const { handler } = this;
        if (began) handler.onLateError(`the processing ${hook} hook failed for ${handler.name}`, error);
        else this.fail(error);
      },
    });
  }

  protected override invoke(request: unknown): unknown {
    return this.handler.callback(request, this.#context);
  }

  protected override takes(result: unknown): boolean {
    return isObservable(result);
  }

  protected override observe(result: Observable<unknown>): void {
    if (sendsResponseStream(this.call.method.shape)) this.#streamFrom(result);
    else this.#respondFrom(result);
  }

  #respondFrom(result: Observable<unknown>): void {
    let values = 0;
    let response: unknown;
    this.#subscribe(result, {
      next: (value) => {
        response = value;
        if (++values === 2) this.fail(new HandlerMistake(`gave a second response; ${this.#expected}`));
      },
      error: (error: unknown) => this.fail(error),
      complete: () => this.respond(response),
    });
  }

  #streamFrom(result: Observable<unknown>): void {
    this.#subscribe(result, {
      next: (value) => {
        try {
          // Behind an interceptor the handler's AsyncIterable comes as one value: its items are the messages.
          if (isAsyncIterable(value)) this.#enqueue(value);
          else this.send(value);
        } catch (error) {
          this.failToSend(error);
        }
      },
      error: (error: unknown) => this.#whenPumped(() => this.fail(error)),
      complete: () => this.#whenPumped(() => this.end()),
    });
  }

  /** Subscribes to the handler's response; then its request stream may begin. */
  #subscribe(result: Observable<unknown>, observer: Observer<unknown>): void {
    const subscriber = new ResponseSubscriber(observer, (error) =>
      this.handler.onLateError(`a teardown of the Observable of ${this.handler.name} failed`, error),
    );
    this.#subscriber = subscriber;
    this.#requests?.observingResponse();
    try {
      result.subscribe(subscriber);
    } catch (error) {
      this.fail(error);
    }
    this.#requests?.responseObserved();
  }

  #enqueue(values: AsyncIterable<unknown>): void {
    const begin = (): Promise<void> =>
      new Promise((resolve) => {
        try {
          this.sendAll(values, resolve);
        } catch (error) {
          this.fail(error);
        }
      });
    this.#queue = this.#queue ? this.#queue.then(begin) : begin();
  }

  #whenPumped(then: () => void): void {
    if (this.#queue) void this.#queue.then(then);
    else then();
  }

  protected override onReading(): void {
    this.#requests?.responseObserved();
  }

  protected override toMessage(value: unknown): unknown {
    if (value === undefined || value === null) {
      // Only for a single response: in a stream the codec says what is wrong with it.
      if (sendsResponseStream(this.call.method.shape)) return value;
      if (this.handler.returnsEmpty) return {};
      throw new HandlerMistake(`gave no response; ${this.#expected}`);
    }
    const kind = streamKind(value);
    if (kind === undefined) return value;
    const { service, method } = this.call.method;
    throw new HandlerMistake(`gave ${kind} for ${service}/${method}; ${this.#expected}`);
  }

  protected override notAStream(result: unknown): unknown {
    return new HandlerMistake(`gave ${describe(result)}; an Observable or an AsyncIterable was expected`);
  }

  protected override statusOf(error: unknown): StatusObject {
    if (error instanceof HandlerMistake) {
      // The caller and the log read the same.
      const message = `${this.handler.name} ${error.message}`;
      this.handler.onMistake(message);
      return { code: TtrpcStatus.INTERNAL, message };
    }
    const { status, hidden, unpacked } = mapError(error, this.handler.exposeErrors);
    if (unpacked > 0) {
      this.handler.onMistake(
        `${this.handler.name} threw an error with details that are not sent: ${unpacked} of them are not what context.pack() makes`,
      );
    }
    if (hidden && !this.call.ended) this.handler.onHiddenError(error);
    return status;
  }

  protected override fail(error: unknown): void {
    this.#subscriber?.unsubscribe();
    super.fail(error);
  }

  /** What the handler gave cannot be sent: too large, too fast, or not a message of its type. */
  protected override failToSend(error: unknown): void {
    this.fail(error instanceof HandlerMistake ? error : this.#unsentError(error));
  }

  #unsentError(error: unknown): TtrpcException {
    const code = codeOf(error);
    if (code === TtrpcStatus.RESOURCE_EXHAUSTED) return new TtrpcException(code, messageOf(error));
    this.handler.onHiddenError(error);
    const { name, exposeErrors } = this.handler;
    // The value is the server's own business; what stands in the .proto file is the caller's as well.
    const hiddenText =
      error instanceof EncodeError
        ? `${error.typeName}: ${error.path === '' ? '' : `${error.path}: `}expected ${error.expected}`
        : 'it failed';
    const text = internalText(error, hiddenText, exposeErrors);
    return new TtrpcException(TtrpcStatus.INTERNAL, `the response of ${name} does not encode: ${text}`);
  }

  /** Sends a message of the response stream beside what the handler returns; false while the client does not take more. */
  write(message: unknown): boolean {
    if (this.call.ended) return true;
    try {
      this.send(message);
    } catch (error) {
      this.failToSend(error);
    }
    return this.call.writable;
  }

  /** Calls `callback` when the client takes more. */
  onWritable(callback: () => void): void {
    this.call.onWritable(callback);
  }

  /** Ends the response stream, whatever the handler has still to give. */
  finish(): void {
    if (this.call.ended) return;
    this.stop();
    this.end();
  }

  /** Ends the call with an error, whatever the handler has still to give. */
  abort(error: unknown): void {
    if (this.call.ended) return;
    this.stop();
    this.fail(error);
  }

  protected override reasonFor(error: TtrpcError): TtrpcException {
    return TtrpcException.from(error);
  }

  protected override onListenerFailed(error: unknown): void {
    this.handler.onLateError(`an abort listener of ${this.handler.name} failed`, error);
  }

  /** As {@link ReaderFailures.onReaderFailed}: the handler failed, wherever it did. */
  onReaderFailed(error: unknown): void {
    if (this.call.ended) {
      this.handler.onLateError(`the reader of the request stream of ${this.handler.name} failed`, error);
      return;
    }
    this.stop();
    this.fail(error);
  }

  /** As {@link ReaderFailures.onUnheardError}. */
  onUnheardError(error: unknown): void {
    if (error === this.#requests?.refusal && !this.call.ended) {
      // A pipe has refused a message, and nobody else ends the call for it.
      this.onReaderFailed(error);
      return;
    }
    this.handler.onLateError(
      `the request stream of ${this.handler.name} has ended early and its reader has no error handler`,
      error,
    );
  }

  protected override stop(): void {
    this.#subscriber?.unsubscribe();
    super.stop();
  }

  protected override onOver(): void {
    const onDone = this.#onDone;
    this.#onDone = undefined;
    onDone?.();
  }

  get #expected(): string {
    return `one ${this.handler.response.typeName} was expected`;
  }
}

function describe(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a value of type ${typeof value}`;
}
