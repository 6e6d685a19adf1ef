import type { Subscriber, Unsubscribable } from 'rxjs';
import type { CallStart } from '../protocol/client-call.js';
import { decodeMessage } from '../protocol/message-codec.js';
import type { TtrpcCallOptions } from './call-options.js';
import type { Caller } from './caller.js';
import type { ClientMethod } from './client-method.js';
import { Invocation } from './invocation.js';
import type { ReaderFlow } from './reader-flow.js';

/** One subscription of a call's Observable; ending it cancels the call. Answers are delivered as they come. */
export class ObservableCall extends Invocation implements Unsubscribable {
  /** `flow` is there when somebody behind interceptors may slow the answers. */
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
    this.subscriber.next(message);
  }

  unsubscribe(): void {
    this.cancel();
  }

  protected ended(): void {
    this.subscriber.complete();
  }

  protected failed(error: unknown): void {
    this.subscriber.error(error);
  }
}
