import type { Subscriber, Unsubscribable } from 'rxjs';
import type { CallStart } from '../../protocol/client/client-call.js';
import { decodeMessage } from '../../protocol/wire/message-codec.js';
import type { TtrpcCallOptions } from '../api/call-options.js';
import type { Caller } from './caller.js';
import { CallerContext } from './caller-context.js';
import { logCallbackError } from './client-log.js';
import type { ClientMethod } from '../api/client-method.js';
import { Invocation } from './invocation.js';
import type { ReaderFlow } from './reader-flow.js';

/**
 * One subscription of a call's Observable; ending it cancels the call. Responses are delivered as they come, in the
 * asynchronous context of who has subscribed.
 */
export class ObservableCall extends Invocation implements Unsubscribable {
  readonly #context = new CallerContext();

  /** `flow` is there when somebody behind interceptors may slow the responses. */
  constructor(
    caller: Caller,
    method: ClientMethod,
    private readonly subscriber: Subscriber<unknown>,
    private readonly flow?: ReaderFlow,
  ) {
    super(caller, method);
  }

  /** Begins the call and is its own teardown. */
  run(request: unknown, options: TtrpcCallOptions | undefined, start?: CallStart): this {
    this.begin(request, options, start);
    return this;
  }

  onMessage(buf: Uint8Array, start: number, end: number): void {
    const message = decodeMessage(this.method.response, buf, start, end);
    this.flow?.onMessage(this, end - start);
    this.#deliver(next, message);
  }

  unsubscribe(): void {
    this.cancel();
  }

  protected ended(): void {
    this.#deliver(complete, undefined);
  }

  protected failed(error: () => unknown): void {
    this.#deliver(fail, error());
  }

  /** Subscribers raise only what a teardown of theirs does (RxJS); all that they raise else, they report by themselves. */
  #deliver(how: (subscriber: Subscriber<unknown>, value: unknown) => void, value: unknown): void {
    try {
      this.#context.runInAsyncScope(how, undefined, this.subscriber, value);
    } catch (error) {
      logCallbackError(`the clean-up of a subscriber of ${this.method.fullName}`, error);
    }
  }
}

function next(subscriber: Subscriber<unknown>, value: unknown): void {
  subscriber.next(value);
}

function fail(subscriber: Subscriber<unknown>, error: unknown): void {
  subscriber.error(error);
}

function complete(subscriber: Subscriber<unknown>): void {
  subscriber.complete();
}
