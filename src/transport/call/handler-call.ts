import { isObservable, type Observable, type Observer } from 'rxjs';
import { streamKind } from '../../common/stream-kind.js';
import type { TtrpcError } from '../../protocol/core/errors.js';
import { codeOf } from '../../protocol/core/describe-error.js';
import { abandon, isAsyncIterable, isIterable, Pump, type PumpTarget } from '../../protocol/connection/pump.js';
import { sendsResponseStream } from '../../protocol/core/method-shape.js';
import type { CallOwner, ServerCall } from '../../protocol/server/server-call.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import { internalText, messageOf } from '../../protocol/core/errors.js';
import { EncodeError } from '../../schema/codec/encode/encode-error.js';
import { AnswerSubscriber } from './answer-subscriber.js';
import { HandlerMistake } from './handler-mistake.js';
import { mapError } from './error-status.js';
import type { BoundHandler } from '../binding/bound-handler.js';
import type { ReaderFailures } from './guarded-reader.js';
import type { RequestStream } from './request-stream.js';
import type { TtrpcContext } from './ttrpc-context.js';
import { isThenable } from '../../protocol/core/thenable.js';

/**
 * One call on its way through a Nest handler: takes whatever the handler gives, a value, a Promise, an Observable or an
 * AsyncIterable, and makes the call's answer of it. However the handler ends, the call gets one status.
 */
export class HandlerCall implements CallOwner, ReaderFailures {
  #subscriber: AnswerSubscriber | undefined;
  #pump: Pump<unknown> | undefined;
  /** Streams that an Observable has given as values, one after the other. */
  #queue: Promise<void> | undefined;
  #onDone: (() => void) | undefined;
  /** True while a promise or an iterable of the handler's is pending. */
  #running = false;
  /** Set when the call is over before its handler. */
  #onSettled: (() => void) | undefined;

  constructor(
    private readonly call: ServerCall,
    private readonly handler: BoundHandler,
    private readonly context: TtrpcContext,
    private readonly requests: RequestStream<unknown> | undefined,
  ) {
    call.owner = this;
    if (requests) requests.failures = this;
  }

  /** Runs the handler. `onDone` is called once, when the call is over. */
  run(request: unknown, onDone?: () => void): void {
    this.#onDone = onDone;
    let result: unknown;
    try {
      result = this.handler.callback(request, this.context);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isThenable(result)) {
      this.#running = true;
      result.then(
        (value) => {
          this.#settle();
          this.#onResult(value);
        },
        (error: unknown) => {
          this.#settle();
          this.#fail(error);
        },
      );
    } else {
      this.#onResult(result);
    }
  }

  #onResult(result: unknown): void {
    try {
      if (this.call.ended) this.#leave(result);
      else if (sendsResponseStream(this.call.method.shape)) this.#stream(result);
      else if (isObservable(result)) this.#answerFrom(result);
      else this.#answer(result);
    } catch (error) {
      // A result that throws when it is looked at.
      this.#fail(error);
    }
  }

  /** The call was over before its handler had a result: whatever that would do is not begun, or let go. */
  #leave(result: unknown): void {
    if (!isObservable(result) && isAsyncIterable(result)) abandon(result);
    this.#done();
  }

  #answer(value: unknown): void {
    if (value === undefined || value === null) {
      if (!this.handler.answersEmpty) {
        this.#mistake(`${this.handler.name} gave no answer; ${this.#expected}`);
        return;
      }
      value = {};
    }
    try {
      this.#checkMessage(value);
      this.call.answer(this.handler.response, value);
      this.#done();
    } catch (error) {
      this.#failToSend(error);
    }
  }

  #answerFrom(result: Observable<unknown>): void {
    let values = 0;
    let answer: unknown;
    this.#observe(result, {
      next: (value) => {
        answer = value;
        if (++values === 2) {
          this.#subscriber?.unsubscribe();
          this.#mistake(`${this.handler.name} gave a second answer; ${this.#expected}`);
        }
      },
      error: (error: unknown) => this.#fail(error),
      complete: () => this.#answer(answer),
    });
  }

  #stream(result: unknown): void {
    if (isObservable(result)) this.#streamObservable(result);
    else if (isIterable(result)) this.#streamIterable(result, () => this.#end());
    else {
      this.#mistake(`${this.handler.name} gave ${describe(result)}; an Observable or an AsyncIterable was expected`);
    }
  }

  #streamObservable(result: Observable<unknown>): void {
    this.#observe(result, {
      next: (value) => this.#send(value),
      error: (error: unknown) => this.#whenPumped(() => this.#fail(error)),
      complete: () => this.#whenPumped(() => this.#end()),
    });
  }

  /** Subscribes to the handler's answer; then its request stream may begin. */
  #observe(result: Observable<unknown>, observer: Observer<unknown>): void {
    const subscriber = new AnswerSubscriber(observer, (error) =>
      this.handler.onLateError(`a teardown of the Observable of ${this.handler.name} failed`, error),
    );
    this.#subscriber = subscriber;
    this.requests?.observingAnswer();
    try {
      result.subscribe(subscriber);
    } catch (error) {
      // Only an Observable of another library, or a broken one, throws here.
      this.#fail(error);
    }
    this.requests?.answerObserved();
  }

  #send(value: unknown): void {
    try {
      // Behind an interceptor the handler's AsyncIterable comes as one value: its items are the messages.
      if (isAsyncIterable(value)) this.#enqueue(value);
      else {
        this.#checkMessage(value);
        this.call.send(this.handler.response, value);
      }
    } catch (error) {
      this.#subscriber?.unsubscribe();
      this.#failToSend(error);
    }
  }

  #enqueue(values: AsyncIterable<unknown>): void {
    const begin = (): Promise<void> => new Promise((resolve) => this.#streamIterable(values, resolve));
    this.#queue = this.#queue ? this.#queue.then(begin) : begin();
  }

  #whenPumped(then: () => void): void {
    if (this.#queue) void this.#queue.then(then);
    else then();
  }

  #streamIterable(values: AsyncIterable<unknown> | Iterable<unknown>, onEnd: () => void): void {
    if (this.call.ended) {
      abandon(values);
      return;
    }
    const { call } = this;
    const codec = this.handler.response;
    let sendError: { error: unknown } | undefined;
    const target: PumpTarget<unknown> = {
      get writable() {
        return call.writable;
      },
      onWritable: (callback) => call.onWritable(callback),
      send: (value) => {
        try {
          this.#checkMessage(value);
          call.send(codec, value);
        } catch (error) {
          sendError = { error };
          throw error;
        }
      },
    };
    let pump: Pump<unknown>;
    try {
      pump = new Pump(values, target);
    } catch (error) {
      // A stream that is locked or was read already has no iterator.
      this.#subscriber?.unsubscribe();
      this.#fail(error);
      return;
    }
    this.#pump = pump;
    this.requests?.answerObserved();
    this.#running = true;
    pump.run().then(
      (ended) => {
        this.#settle();
        if (ended) onEnd();
      },
      (error: unknown) => {
        this.#settle();
        this.#subscriber?.unsubscribe();
        if (sendError) this.#failToSend(sendError.error);
        else this.#fail(error);
      },
    );
  }

  #end(): void {
    this.call.end();
    this.#done();
  }

  /** The handler failed. */
  #fail(error: unknown): void {
    const { status, hidden } = mapError(error, this.handler.exposeErrors);
    if (hidden && !this.call.ended) this.handler.onHiddenError(error);
    this.call.fail(status);
    this.#done();
  }

  /** As {@link ReaderFailures.onReaderFailed}: the handler failed, wherever it did. */
  onReaderFailed(error: unknown): void {
    if (this.call.ended) {
      this.handler.onLateError(`the reader of the request stream of ${this.handler.name} failed`, error);
      return;
    }
    this.#subscriber?.unsubscribe();
    this.#pump?.stop();
    this.#fail(error);
  }

  /** As {@link ReaderFailures.onUnheardError}. */
  onUnheardError(error: unknown): void {
    this.handler.onLateError(
      `the request stream of ${this.handler.name} has ended early and its reader has no error handler`,
      error,
    );
  }

  /** The handler was not reached. */
  fail(error: unknown): void {
    this.#fail(error);
  }

  /** What the handler gave cannot be sent: too large, too fast, or not a message of its type. */
  #failToSend(error: unknown): void {
    if (error instanceof HandlerMistake) {
      this.#mistake(error.message);
      return;
    }
    const code = codeOf(error);
    if (code === TtrpcStatus.RESOURCE_EXHAUSTED) {
      this.#failWith(code, messageOf(error));
      return;
    }
    this.handler.onHiddenError(error);
    const { name, exposeErrors } = this.handler;
    // The value is the server's own business; what stands in the .proto file is the caller's as well.
    const hiddenText =
      error instanceof EncodeError ? `${error.typeName}: ${error.path}: expected ${error.expected}` : 'it failed';
    const text = internalText(error, hiddenText, exposeErrors);
    this.#failWith(TtrpcStatus.INTERNAL, `the answer of ${name} does not encode: ${text}`);
  }

  /** Raises a {@link HandlerMistake} for a stream in the place of a message. */
  #checkMessage(value: unknown): void {
    const kind = streamKind(value);
    if (kind === undefined) return;
    const { service, method } = this.call.method;
    throw new HandlerMistake(`${this.handler.name} gave ${kind} for ${service}/${method}; ${this.#expected}`);
  }

  /** The handler gave what it must not: the caller and the log read the same. */
  #mistake(message: string): void {
    this.handler.onMistake(message);
    this.#failWith(TtrpcStatus.INTERNAL, message);
  }

  #failWith(code: TtrpcStatus, message: string): void {
    this.call.fail({ code, message });
    this.#done();
  }

  /** As {@link CallOwner.onClosing}. */
  onClosing(error: TtrpcError): void {
    this.context.abort(error);
  }

  /** As {@link CallOwner.onAbort}. */
  onAbort(error: TtrpcError): void {
    if (this.#running) this.#onSettled = this.call.outlives();
    this.context.abort(error);
    this.requests?.abort(error);
    this.#subscriber?.unsubscribe();
    this.#pump?.stop();
    this.#done();
  }

  /** The handler is at its end, or about to give its result. */
  #settle(): void {
    this.#running = false;
    this.#onSettled?.();
    this.#onSettled = undefined;
  }

  #done(): void {
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
