import { Pump, type PumpTarget } from '../connection/pump.js';
import type { MessageCodec } from '../wire/message-codec.js';
import { requestError } from './call-errors.js';
import type { FeedOwner, RequestFeed } from './call-runtime.js';
import { CallerContext } from './caller-context.js';
import type { ClientCall } from './client-call.js';

/** Pulls what an iterable gives, only while the server takes it and the responses are read. */
export class IterableFeed implements RequestFeed, PumpTarget<unknown> {
  readonly #context = new CallerContext();
  readonly #pump: Pump<unknown>;
  readonly #codec: MessageCodec;
  #call: ClientCall | undefined;
  #running = true;
  /** Why a message could not be sent, which is not a failure of the source. */
  #unsent: { readonly error: unknown } | undefined;
  #paused = false;
  #wake: (() => void) | undefined;

  /** Takes the source's iterator. @throws what the source throws when it has none (a locked stream) */
  constructor(source: AsyncIterable<unknown> | Iterable<unknown>, codec: MessageCodec) {
    this.#codec = codec;
    this.#pump = new Pump(source, this);
  }

  start(call: ClientCall, owner: FeedOwner): void {
    this.#call = call;
    this.#pump.run().then(
      (ended) => {
        this.#running = false;
        if (ended) call.closeSend();
      },
      (error: unknown) => {
        this.#running = false;
        if (this.#unsent) call.fail(requestError(this.#unsent.error));
        else owner.onSourceFailed(error);
      },
    );
  }

  stop(): void {
    if (this.#running) this.#context.runInAsyncScope(stop, this.#pump);
    this.#running = false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) this.onWritable(wake);
  }

  /** As {@link PumpTarget.writable}. */
  get writable(): boolean {
    return !this.#paused && this.#call?.writable === true;
  }

  /** As {@link PumpTarget.onWritable}. */
  onWritable(callback: () => void): void {
    if (this.#paused) this.#wake = callback;
    else if (this.#call?.writable) callback();
    else this.#call?.onWritable(() => this.onWritable(callback));
  }

  /** As {@link PumpTarget.send}. */
  send(value: unknown): void {
    try {
      this.#call?.send(this.#codec, value);
    } catch (error) {
      this.#unsent = { error };
      throw error;
    }
  }
}

function stop(this: Pump<unknown>): void {
  this.stop();
}
