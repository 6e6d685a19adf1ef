import type { CallShape, Chunks, ClientCase, ClientStep, EndMatch, EnvelopeMatch, SentMatch } from '../case.js';
import { STATUS_CODES } from '../case.js';
import { showBytes, toBytes, type Bytes } from '../wire/bytes.js';
import { readRequest } from '../wire/envelope.js';
import { encodeWritten, FrameCutter, REQUEST, RESPONSE, type ReadFrame, type Written } from '../wire/frame.js';
import { patiently, type RawConnection } from './connection.js';
import { detailsMatch, textMatches } from './match.js';
import { codeName, showFrame, showText } from './show.js';
import { listenOnce } from './listen.js';

/** What a caller learns of a call, one thing at a time: a message, or how it ended. After the end nothing follows. */
export type CallEvent = { message: Uint8Array } | { end: 'ok' } | { end: CallError };

export interface CallError {
  readonly code: number;
  readonly message: string;
  readonly details: readonly { readonly typeUrl: string; readonly value: Uint8Array }[];
}

/** One call of a client under test. */
export interface RunningCall {
  /** Sends one message of a request stream. */
  send(message: Uint8Array): void;
  /** Says that the request stream is complete. */
  closeSend(): void;
  /** Gives the call up. */
  cancel(): void;
  /** The next thing that the caller learns. Never rejects. */
  next(): Promise<CallEvent>;
}

/** A client under test: one connection, raw bytes. */
export interface ClientUnderTest {
  start(call: {
    shape: CallShape;
    service: string;
    method: string;
    /** Given for the shapes that have one request message. */
    request: Uint8Array | undefined;
    metadata: readonly (readonly [key: string, value: string])[];
    /** Milliseconds; undefined for no deadline. */
    timeoutMs: number | undefined;
  }): RunningCall;
  /** Closes the client for good. */
  close(): Promise<void>;
}

/** Connects a client under test to a unix socket: with one connection, on which all of its calls are made. */
export type ClientFactory = (path: string) => Promise<ClientUnderTest>;

const SERVICE = 'demo.v1.Test';
const METHOD = 'Method';
const PROBE_REQUEST: Bytes = { text: 'are you there' };
const PROBE_ANSWER: Bytes = { text: 'yes' };

/** Runs one case against a client. Throws when the client does not keep to it. */
export async function runClientCase(test: ClientCase, makeClient: ClientFactory): Promise<void> {
  const listener = await listenOnce();
  let client: ClientUnderTest | undefined;
  let connection: RawConnection | undefined;
  try {
    const [made, accepted] = await Promise.all([makeClient(listener.path), listener.accepted]);
    client = made;
    connection = accepted;
    const run = new ClientCaseRun(test, client, connection);
    await run.all();
  } finally {
    await client?.close();
    await connection?.destroy();
    await listener.close();
  }
}

class ClientCaseRun {
  private readonly calls = new Map<string, RunningCall>();
  private readonly happened: string[] = [];
  private lastId = -1;
  private written = Promise.resolve();
  private clientClosed = false;

  constructor(
    private readonly test: ClientCase,
    private readonly client: ClientUnderTest,
    private readonly connection: RawConnection,
  ) {}

  async all(): Promise<void> {
    for (const [index, step] of this.test.steps.entries()) {
      try {
        await this.step(step);
      } catch (error) {
        const words = Object.keys(step).join(', ');
        throw new Error(`step ${index + 1} (${words}): ${String(error)}\n${this.report()}`, { cause: error });
      }
    }
    if (this.test.after === 'usable') {
      await this.probe(this.lastId + 2);
      await this.client.close();
      await this.mustEnd();
    } else if (!this.clientClosed) throw new Error('the case says "closed", but no step showed it');
  }

  private async step(step: ClientStep): Promise<void> {
    if ('call' in step) this.start(step);
    else if ('sends' in step) this.callNamed(step.sends).send(toBytes(step.message));
    else if ('closesSend' in step) this.callNamed(step.closesSend).closeSend();
    else if ('cancels' in step) this.callNamed(step.cancels).cancel();
    else if ('sees' in step) await this.sees(step.sees);
    else if ('send' in step) this.write(step.send, step.chunks);
    else if ('delivers' in step) await this.delivers(step.delivers, step.messages);
    else if ('ends' in step) await this.ends(step.ends, step.as);
    else if ('nothingMoreBy' in step) await this.probe(step.nothingMoreBy);
    else if ('serverCloses' in step) await this.serverCloses(step.serverCloses);
    else if ('clientCloses' in step) await this.client.close();
    else if ('closedByClient' in step) await this.mustEnd();
    else step satisfies never;
  }

  private start(step: Extract<ClientStep, { call: string }>): void {
    if (this.calls.has(step.call)) throw new Error(`the case starts "${step.call}" twice`);
    const call = this.client.start({
      shape: step.shape,
      service: step.service ?? SERVICE,
      method: step.method ?? METHOD,
      request: step.request && toBytes(step.request),
      metadata: step.metadata ?? [],
      timeoutMs: step.timeoutMs,
    });
    this.calls.set(step.call, call);
  }

  private callNamed(name: string): RunningCall {
    const call = this.calls.get(name);
    if (call === undefined) throw new Error(`the case has started no call "${name}"`);
    return call;
  }

  private async sees(expected: readonly SentMatch[]): Promise<void> {
    for (const match of expected) {
      const incoming = await this.connection.next(() => `the client sends ${showSent(match)}`);
      if ('ended' in incoming) throw new Error(`${incoming.ended}, but this was to come: ${showSent(match)}`);
      this.happened.push(`stream ${incoming.frame.id} ${showFromClient(incoming.frame)}`);
      this.lastId = Math.max(this.lastId, incoming.frame.id);
      const problem = sentProblem(incoming.frame, match);
      if (problem !== undefined)
        throw new Error(`expected ${showSent(match)}, got ${showFromClient(incoming.frame)}: ${problem}`);
    }
  }

  private async delivers(name: string, messages: readonly Bytes[]): Promise<void> {
    const call = this.callNamed(name);
    for (const spec of messages) {
      const expected = toBytes(spec);
      const event = await patiently(call.next(), () => `call "${name}" delivers ${showBytes(expected)}`);
      this.happened.push(`call "${name}" ${showEvent(event)}`);
      if ('end' in event)
        throw new Error(`call "${name}" ended (${showEvent(event)}) where it was to deliver ${showBytes(expected)}`);
      if (!expected.equals(event.message))
        throw new Error(`call "${name}" delivered ${showBytes(event.message)} instead of ${showBytes(expected)}`);
    }
  }

  private async ends(name: string, as: EndMatch): Promise<void> {
    const event = await patiently(this.callNamed(name).next(), () => `call "${name}" ends`);
    this.happened.push(`call "${name}" ${showEvent(event)}`);
    if (!endMatches(event, as))
      throw new Error(`call "${name}" was to end with ${showEnd(as)}, but ${showEvent(event)}`);
  }

  private async probe(id: number): Promise<void> {
    const call = this.client.start({
      shape: 'unary',
      service: SERVICE,
      method: METHOD,
      request: toBytes(PROBE_REQUEST),
      metadata: [],
      timeoutMs: undefined,
    });
    await this.sees([{ id, flags: 0, envelope: { service: SERVICE, method: METHOD, payload: PROBE_REQUEST } }]);
    this.write([{ id, type: RESPONSE, data: { response: { payload: PROBE_ANSWER } } }]);
    this.calls.set('probe', call);
    await this.delivers('probe', [PROBE_ANSWER]);
    await this.ends('probe', 'ok');
  }

  /** Writes behind all that was written before, and does not wait: a client may stop reading until its caller has caught up. */
  private write(written: readonly Written[], chunks?: Chunks): void {
    this.written = this.written.then(() => this.connection.write(written, chunks));
    // Whoever waits for it sees its error; the others see what is missing.
    this.written.catch(() => undefined);
  }

  private async serverCloses(how: 'half' | 'whole'): Promise<void> {
    await this.written;
    if (how === 'half') this.connection.halfClose();
    else {
      await this.connection.destroy();
      this.clientClosed = true;
    }
  }

  private async mustEnd(): Promise<void> {
    const incoming = await this.connection.next(() => 'the client closes the connection');
    if ('frame' in incoming)
      throw new Error(
        `unexpected ${showFromClient(incoming.frame)} on stream ${incoming.frame.id} where only the end was to come\n${this.report()}`,
      );
    this.clientClosed = true;
  }

  private report(): string {
    return this.happened.length === 0
      ? 'Nothing had happened.'
      : ['What had happened:', ...this.happened.slice(-12)].join('\n  ');
  }
}

/** Why a frame is not what the case asks for; undefined when it is. */
function sentProblem(frame: ReadFrame, match: SentMatch): string | undefined {
  if (!('envelope' in match)) {
    const expected = readBack(match);
    if (expected.id !== frame.id) return `stream id ${frame.id} instead of ${expected.id}`;
    if (expected.type !== frame.type) return `type ${frame.type} instead of ${expected.type}`;
    if (expected.flags !== frame.flags) return `flags ${frame.flags} instead of ${expected.flags}`;
    return expected.data.equals(frame.data)
      ? undefined
      : `data ${showBytes(frame.data)} instead of ${showBytes(expected.data)}`;
  }
  if (frame.type !== REQUEST) return `type ${frame.type} instead of a Request`;
  if (frame.id !== match.id) return `stream id ${frame.id} instead of ${match.id}`;
  if (frame.flags !== match.flags) return `flags ${frame.flags} instead of ${match.flags}`;
  return envelopeProblem(frame.data, match.envelope);
}

function readBack(match: Extract<SentMatch, object>): ReadFrame {
  if ('envelope' in match) throw new Error('an envelope is no frame');
  const [frame] = new FrameCutter().push(encodeWritten(match));
  if (frame === undefined) throw new Error('the case expects something that is not a whole frame');
  return frame;
}

function envelopeProblem(data: Buffer, match: EnvelopeMatch): string | undefined {
  const request = readRequest(data);
  if (request.service !== match.service) return `service ${JSON.stringify(request.service)}`;
  if (request.method !== match.method) return `method ${JSON.stringify(request.method)}`;
  // Present and empty, or absent: one and the same message.
  const payload = request.payload ?? Buffer.alloc(0);
  if (!toBytes(match.payload ?? { hex: '' }).equals(payload)) return `payload ${showBytes(payload)}`;
  const { timeoutNano } = match;
  if (timeoutNano === undefined) {
    if (request.timeoutNano !== undefined) return `timeout_nano ${request.timeoutNano} where none was to be`;
  } else {
    const sent = request.timeoutNano;
    if (sent === undefined) return 'no timeout_nano';
    if (sent < BigInt(timeoutNano.atLeast) || sent > BigInt(timeoutNano.atMost)) return `timeout_nano ${sent}`;
  }
  const expected = JSON.stringify(match.metadata ?? []);
  const sent = JSON.stringify(request.metadata);
  return sent === expected ? undefined : `metadata ${sent} instead of ${expected}`;
}

function endMatches(event: CallEvent, as: EndMatch): boolean {
  if (!('end' in event)) return false;
  if (event.end === 'ok' || as === 'ok') return event.end === as;
  const { code, message, details } = as.error;
  return (
    event.end.code === STATUS_CODES[code] &&
    textMatches(event.end.message, message) &&
    detailsMatch(event.end.details, details)
  );
}

function showEnd(as: EndMatch): string {
  return as === 'ok' ? 'OK' : `${as.error.code} ${showText(as.error.message)}`;
}

function showEvent(event: CallEvent): string {
  if (!('end' in event)) return `delivered ${showBytes(event.message)}`;
  if (event.end === 'ok') return 'ended with OK';
  const { code, message, details } = event.end;
  const more = details.map(({ typeUrl, value }) => ` detail ${typeUrl} ${showBytes(value)}`).join('');
  return `ended with ${codeName(code)} ${JSON.stringify(message)}${more}`;
}

function showSent(match: SentMatch): string {
  if ('envelope' in match) return `Request id ${match.id} flags ${match.flags} ${JSON.stringify(match.envelope)}`;
  return `stream ${readBack(match).id} ${showFromClient(readBack(match))}`;
}

function showFromClient(frame: ReadFrame): string {
  return frame.type === REQUEST ? `Request flags ${frame.flags} ${showBytes(frame.data)}` : showFrame(frame);
}
