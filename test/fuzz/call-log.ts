import { sendsResponseStream, type MethodShape } from 'nestjs-ttrpc/protocol';
import { Violation } from './harness.js';

/** How a call stands by what was sent for it. */
interface LoggedCall {
  readonly shape: MethodShape;
  readonly events: string[];
  over: boolean;
}

/** Refusals of frames, as they may be sent for any id, also one whose call is over. */
const REFUSALS =
  /^(StreamID |unmarshal request error|message length |data on a unary call|data handling error|service |method |\d+ calls are open|the metadata of the request|the deadline of the call had passed|the server is closing|the status message)/;

/**
 * What a server does on one connection, in its order: the calls that its handlers begin and the frames that it sends.
 * Raises a {@link Violation} as soon as a call ends twice, or gets what its shape does not allow.
 */
export class CallLog {
  readonly calls = new Map<number, LoggedCall>();
  /** Frames that came, by id. */
  readonly #came = new Map<number, number>();
  /** Error answers that were sent, by id. */
  readonly #errors = new Map<number, number>();
  /** Changes with each event. */
  events = 0;
  /** Frames that were sent, as `type id`. */
  readonly sent: string[] = [];
  /** The first event that must not be. */
  violation: Violation | undefined;

  constructor(readonly mutant: number) {}

  /** A frame has come. */
  came(id: number): void {
    this.events++;
    this.#came.set(id, (this.#came.get(id) ?? 0) + 1);
  }

  /** A handler is begun. */
  started(id: number, shape: MethodShape): void {
    this.events++;
    if (this.calls.has(id)) this.#wrong(id, 'is begun twice');
    else this.calls.set(id, { shape, events: ['started'], over: false });
  }

  /** A message of a response stream is sent. */
  data(id: number): void {
    this.#note(id, 'data', 3);
    const call = this.calls.get(id);
    if (!call || call.over) this.#wrong(id, 'gets a message after its end');
    else if (!sendsResponseStream(call.shape)) this.#wrong(id, `gets a message although it is ${call.shape}`);
  }

  /** A response stream is closed. */
  close(id: number): void {
    this.#note(id, 'close', 3);
    const call = this.calls.get(id);
    if (!call || call.over) this.#wrong(id, 'is closed after its end');
    else if (!sendsResponseStream(call.shape)) this.#wrong(id, `is closed although it is ${call.shape}`);
    else call.over = true;
  }

  /** An answer is sent. */
  answer(id: number): void {
    this.#note(id, 'answer', 2);
    const call = this.calls.get(id);
    if (!call || call.over) this.#wrong(id, 'is answered after its end');
    else if (sendsResponseStream(call.shape)) this.#wrong(id, `is answered although it is ${call.shape}`);
    else call.over = true;
  }

  /** An error is sent. */
  error(id: number, code: number, message: string): void {
    this.#note(id, `error ${code}`, 2);
    const errors = (this.#errors.get(id) ?? 0) + 1;
    this.#errors.set(id, errors);
    if (errors > (this.#came.get(id) ?? 0)) this.#wrong(id, `gets ${errors} errors for fewer frames`);
    const call = this.calls.get(id);
    if ((!call || call.over) && !REFUSALS.test(message)) this.#wrong(id, `fails after its end: ${code} ${message}`);
    if (call) call.over = true;
  }

  #note(id: number, event: string, type: number): void {
    this.events++;
    this.sent.push(`${type} ${id}`);
    this.calls.get(id)?.events.push(event);
  }

  #wrong(id: number, what: string): void {
    const events = this.calls.get(id)?.events.slice(-8).join(', ') ?? 'no call';
    this.violation ??= new Violation('every call ends once', `stream ${id} ${what} (${events})`, this.mutant);
  }
}
