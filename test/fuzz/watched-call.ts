import { sendsRequestStream, sendsResponseStream, TtrpcError, type MethodShape } from 'nestjs-ttrpc/protocol';
import { ClientCall, type CallObserver } from '../../src/protocol/client/client-call.js';
import { methodRef } from '../../src/protocol/wire/method-ref.js';
import { Violation } from './harness.js';

const METHODS = Object.fromEntries(
  (['unary', 'server-streaming', 'client-streaming', 'bidi'] as const).map((shape) => [
    shape,
    methodRef('a.B', shape, shape),
  ]),
) as Record<MethodShape, ReturnType<typeof methodRef>>;

/** One call of a client under test, and what its caller has been told. */
export class WatchedCall implements CallObserver {
  readonly call: ClientCall;
  /** What was told, in order. */
  readonly events: string[] = [];
  violation: Violation | undefined;
  #messages = 0;
  #ends = 0;

  /** With `throws` its caller raises an error at each message. */
  constructor(
    readonly shape: MethodShape,
    private readonly mutant: number,
    deadline: number | undefined,
    private readonly throws: boolean,
    private readonly onEvent: (what: string) => void,
  ) {
    this.call = new ClientCall(METHODS[shape], { deadline }, this, 32 * 1024);
  }

  /** True once its caller has been told of its end. */
  get ended(): boolean {
    return this.#ends > 0;
  }

  /** True for calls that send a stream. */
  get sends(): boolean {
    return sendsRequestStream(this.shape);
  }

  onMessage(buf: Uint8Array, start: number, end: number): void {
    this.#messages++;
    this.#note(`message of ${end - start}`);
    this.onEvent('message');
    if (this.#ends > 0) this.#wrong('gets a message after its end');
    if (end < start || end > buf.length) this.#wrong(`gets a message from ${start} to ${end} of ${buf.length} bytes`);
    if (!sendsResponseStream(this.shape) && this.#messages > 1) this.#wrong('gets a second message');
    if (this.throws) throw new Error('the message does not decode');
  }

  onEnd(): void {
    this.#note('end');
    this.onEvent('end: OK');
    if (++this.#ends > 1) this.#wrong('ends twice');
    if (this.throws && this.#messages > 0) this.#wrong('ends well although its message did not decode');
    if (!sendsResponseStream(this.shape) && this.#messages !== 1)
      this.#wrong(`ends well with ${this.#messages} messages`);
  }

  onError(error: TtrpcError): void {
    this.#note(`error ${error.code}`);
    this.onEvent('end: error');
    if (++this.#ends > 1) this.#wrong('ends twice');
    const code: number = error.code;
    const fine = error instanceof TtrpcError && code >= 1 && code <= 16 && typeof error.message === 'string';
    if (!fine) this.#wrong(`fails with ${String(error)}`);
  }

  #note(event: string): void {
    this.events.push(event);
  }

  #wrong(what: string): void {
    const events = this.events.slice(-8).join(', ');
    this.violation ??= new Violation(
      'every call ends once',
      `stream ${this.call.id} (${this.shape}) ${what}: ${events}`,
      this.mutant,
    );
  }
}
