import { Duplex } from 'node:stream';
import { sendsResponseStream, type MethodShape } from '../protocol/core/method-shape.js';
import { RpcException } from '@nestjs/microservices';
import type { RequestStream } from '../transport/call/request-stream.js';
import type { TtrpcContext } from '../transport/call/ttrpc-context.js';
import { onAbort } from './grpc-call.js';
import { TtrpcGrpcMetadata } from './grpc-metadata.js';
import { statusOfError } from './grpc-status.js';
import { warnNotCarried } from './not-carried.js';

interface Written {
  readonly message: unknown;
  readonly taken: (error?: Error | null) => void;
}

/**
 * The call that a handler of `@GrpcStreamCall` gets: a Duplex of messages, which the client's reading slows and which slows
 * the client. `end()` ends the call; `emit('error', error)` and `destroy(error)` end it with that status.
 */
export class TtrpcGrpcStream extends Duplex {
  readonly metadata: TtrpcGrpcMetadata;
  readonly #requests: AsyncIterator<unknown, undefined>;
  #written: Written | undefined;
  #isFinished = false;
  #failure: { error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** @internal Reads `requests`, of which it is the one reader. */
  constructor(
    requests: RequestStream<unknown>,
    /** The call as handlers of `@TtrpcMethod` see it. */
    readonly context: TtrpcContext,
    shape: MethodShape,
  ) {
    super({ objectMode: true, allowHalfOpen: true, autoDestroy: false });
    this.metadata = new TtrpcGrpcMetadata(context);
    this.#requests = requests[Symbol.asyncIterator]();
    // An error without a listener ends the call, never the process.
    this.on('error', (error) => this.fail(error));
    onAbort(context, () => {
      this.push(null);
      super.emit('cancelled', 'cancelled');
      this.#finish();
    });
    if (!sendsResponseStream(shape)) this.#isFinished = true;
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

  /** Ends the call with an error. */
  fail(error: unknown): void {
    this.#failure ??= { error: new RpcException({ ...statusOfError(error) }) };
    this.#finish();
  }

  /** What the handler writes, until it ends the stream or fails. */
  async *responses(): AsyncGenerator<unknown, undefined> {
    try {
      for (;;) {
        if (this.#failure) throw this.#failure.error;
        const written = this.#written;
        if (written) {
          this.#written = undefined;
          yield written.message;
          written.taken();
        } else if (this.#isFinished) return undefined;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#finish();
    }
  }

  override _read(): void {
    this.#requests.next().then(
      ({ value, done }) => {
        // After an abort the end has been pushed.
        if (!this.readableEnded && !this.context.signal.aborted) this.push(done ? null : value);
      },
      // The call is over: `cancelled` says so.
      () => undefined,
    );
  }

  override _write(message: unknown, _encoding: BufferEncoding, taken: (error?: Error | null) => void): void {
    if (this.#isFinished) {
      taken();
      return;
    }
    this.#written = { message, taken };
    this.#wake?.();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#finish();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error) this.fail(error);
    else this.#finish();
    done();
  }

  #finish(): void {
    this.#isFinished = true;
    this.#wake?.();
    const written = this.#written;
    if (!written || !this.#failure) return;
    this.#written = undefined;
    written.taken();
  }
}
