import { EventEmitter } from 'node:events';
import type { TtrpcException } from '../common/ttrpc-exception.js';
import { sendsResponseStream, type MethodShape } from '../protocol/core/method-shape.js';
import { HandlerCall } from '../transport/call/handler-call.js';
import type { TtrpcContext } from '../transport/call/ttrpc-context.js';
import type { TtrpcGrpcMetadata } from './grpc-metadata.js';
import { statusOfError } from './grpc-status.js';
import { warnNotCarried } from './not-carried.js';

type Listener = (...args: never[]) => void;

/**
 * A handler's third argument, with what handlers use of grpc-js's server calls. A streaming call can write beside what its
 * handler returns. What a handler never asks for is never made.
 */
export class TtrpcGrpcCall<Request = unknown> {
  readonly #shape: MethodShape;
  #emitter: EventEmitter | undefined;
  #isWatching = false;

  /** @internal One for each call. */
  constructor(
    /** The request; undefined where the client streams. */
    readonly request: Request,
    readonly metadata: TtrpcGrpcMetadata,
    /** The call as handlers of `@TtrpcMethod` see it: its `signal`, its peer's credentials. */
    readonly context: TtrpcContext,
    shape: MethodShape,
  ) {
    this.#shape = shape;
  }

  /** True when the client has gone, the deadline has passed, or the server closes. */
  get cancelled(): boolean {
    return this.context.signal.aborted;
  }

  /** When the client stops waiting, in ms since 1970 as in grpc-js; Infinity when it did not say. */
  getDeadline(): number {
    return this.context.deadline?.getTime() ?? Infinity;
  }

  /** The address of the client, as far as the socket knows it. */
  getPeer(): string {
    return this.context.peer.address;
  }

  /** `/hero.HeroService/FindOne`. */
  getPath(): string {
    return `/${this.context.service}/${this.context.method}`;
  }

  /** ttrpc sends no metadata back: warns once. */
  sendMetadata(_metadata: unknown): void {
    warnNotCarried('metadata of a response (sendMetadata)');
  }

  /** `cancelled`, once, when the call ends before its handler; `drain` when {@link write} may go on. */
  on(event: string, listener: Listener): this {
    this.#listen(event).on(event, listener as (...args: unknown[]) => void);
    return this;
  }

  /** As {@link on}, for one time. */
  once(event: string, listener: Listener): this {
    this.#listen(event).once(event, listener as (...args: unknown[]) => void);
    return this;
  }

  /** Another name of {@link on}. */
  addListener(event: string, listener: Listener): this {
    return this.on(event, listener);
  }

  /** Takes a listener away. */
  off(event: string, listener: Listener): this {
    this.#emitter?.off(event, listener as (...args: unknown[]) => void);
    return this;
  }

  /** Another name of {@link off}. */
  removeListener(event: string, listener: Listener): this {
    return this.off(event, listener);
  }

  /** `emit('error', error)` ends the call with that status, as in grpc-js. */
  emit(event: string, ...args: unknown[]): boolean {
    if (event === 'error') {
      this.#run?.abort(statusOfError(args[0]));
      return true;
    }
    return this.#emitter?.emit(event, ...args) ?? false;
  }

  /**
   * Sends a message of a response stream; false while the client does not take more, until `drain`.
   * @throws an Error for an rpc with one response: its handler returns that
   */
  write(message: unknown): boolean {
    if (!sendsResponseStream(this.#shape)) {
      throw new Error(`${this.getPath()} has one response: return it; only a response stream can be written to`);
    }
    const run = this.#run;
    if (!run || run.write(message)) return true;
    run.onWritable(() => this.emit('drain'));
    return false;
  }

  /** Ends a response stream, whatever the handler has still to give. */
  end(): void {
    if (sendsResponseStream(this.#shape)) this.#run?.finish();
  }

  get #run(): HandlerCall | undefined {
    const [run] = this.context.getArgs();
    return run instanceof HandlerCall ? run : undefined;
  }

  #listen(event: string): EventEmitter {
    this.#emitter ??= new EventEmitter();
    if (event === 'cancelled' && !this.#isWatching) {
      this.#isWatching = true;
      onAbort(this.context, () => this.#emitter?.emit('cancelled', 'cancelled'));
    }
    return this.#emitter;
  }
}

/** Calls `callback` when the call ends before its handler has ended it, also if it has already. */
export function onAbort({ signal }: TtrpcContext, callback: (reason: TtrpcException) => void): void {
  const listener = (): void => callback(signal.reason as TtrpcException);
  if (signal.aborted) queueMicrotask(listener);
  else signal.addEventListener('abort', listener, { once: true });
}
