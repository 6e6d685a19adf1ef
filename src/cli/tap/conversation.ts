import { FrameFlag, FrameType } from '../../protocol/wire/frame.js';
import { RequestEnvelope } from '../../protocol/wire/request-envelope.js';
import { ResponseEnvelope } from '../../protocol/wire/response-envelope.js';
import type { StatusDetail } from '../../protocol/core/status.js';
import { frameText } from '../wire/frame-text.js';
import type { TapEvent, TapPlace } from './events.js';
import type { SeenFrame, Side } from './frame.js';
import type { KnownMethods } from './known-methods.js';

const NANOS_PER_MS = 1e6;

/** So many calls of a connection may be open: a client can begin calls for ever, of a server that responds to none. */
const MAX_OPEN = 100_000;

/** So much of the names of an open call is kept, in characters: each may have 4 MiB. */
const MAX_NAME = 1000;

const KNOWN_FLAGS = FrameFlag.RemoteClosed | FrameFlag.RemoteOpen | FrameFlag.NoData;

/** A call that is not over. */
interface OpenCall {
  readonly service: string;
  readonly method: string;
  readonly start: number;
  requests: number;
  responses: number;
}

/** What a conversation needs of around. */
export interface ConversationTools {
  readonly methods: KnownMethods;
  detailToJson(detail: StatusDetail): unknown;
  emit(event: TapEvent): void;
  /** The time in ms. */
  now(): number;
}

/** Makes events of the frames of one ttrpc connection. */
export class Conversation {
  readonly #calls = new Map<number, OpenCall>();
  readonly #request = new RequestEnvelope();
  readonly #response = new ResponseEnvelope();

  /** `caller` is the side that makes the calls. */
  constructor(
    private readonly place: TapPlace,
    private readonly caller: Side,
    private readonly tools: ConversationTools,
  ) {}

  /** Takes the next frame. */
  push(frame: SeenFrame): void {
    const oddity = this.#oddityOf(frame);
    if (oddity !== undefined) this.#note(frame, oddity);
    try {
      if (frame.from === this.caller) this.#fromCaller(frame);
      else this.#fromCallee(frame);
    } catch (error) {
      const { message } = error as { message: string };
      this.#note(frame, `cannot be read: ${message}`);
    }
  }

  /** The connection is over: says which calls have no status. */
  end(): void {
    for (const [stream, { service, method, start }] of this.#calls) {
      const durationMs = this.tools.now() - start;
      this.tools.emit({ ...this.place, event: 'unfinished', stream, service, method, durationMs });
    }
    this.#calls.clear();
  }

  /** What is odd about a frame that can be read. */
  #oddityOf({ from, stream, type, flags }: SeenFrame): string | undefined {
    if ((flags & ~KNOWN_FLAGS) !== 0) return 'has flags that ttrpc does not know';
    if (type !== FrameType.Request || from !== this.caller) return undefined;
    if (stream % 2 === 0) return 'has an even id, which servers refuse';
    return this.#calls.has(stream) ? 'has the id of a call that is still open' : undefined;
  }

  #fromCaller(frame: SeenFrame): void {
    const { stream, type, flags, from, data } = frame;
    if (type === FrameType.Request) {
      this.#open(frame);
      return;
    }
    const call = this.#calls.get(stream);
    if (type !== FrameType.Data || !call) {
      // The rest of a stream whose server has ended it is no news.
      this.#note(frame, call ? 'is not what a client sends' : 'belongs to no open call');
      return;
    }
    const { method } = call;
    if (hasMessage(frame)) {
      const number = ++call.requests;
      const message = this.tools.methods.view(call.service, method, 'request', data);
      this.tools.emit({ ...this.place, event: 'message', from, stream, method, number, message });
    }
    if (flags & FrameFlag.RemoteClosed) this.tools.emit({ ...this.place, event: 'half-close', from, stream, method });
  }

  #open(frame: SeenFrame): void {
    const { stream, flags, from, data } = frame;
    const envelope = this.#request;
    envelope.parse(data, 0, data.length);
    const [service, method] = [envelope.serviceIn(data), envelope.methodIn(data)];
    const payload = data.subarray(envelope.payloadStart, envelope.payloadEnd);
    // The first message of a stream stands in the request of a few clients only.
    const isMessage = (flags & (FrameFlag.RemoteOpen | FrameFlag.NoData)) === 0 || payload.length > 0;
    this.#calls.set(stream, {
      service: kept(service),
      method: kept(method),
      start: this.tools.now(),
      requests: isMessage ? 1 : 0,
      responses: 0,
    });
    this.#forgetTooMany();
    this.tools.emit({
      ...this.place,
      event: 'request',
      from,
      stream,
      service,
      method,
      metadata: [...(envelope.metadata?.entries() ?? [])],
      timeoutMs: envelope.timeoutNano === 0 ? undefined : envelope.timeoutNano / NANOS_PER_MS,
      message: isMessage ? this.tools.methods.view(service, method, 'request', payload) : undefined,
    });
  }

  #forgetTooMany(): void {
    if (this.#calls.size <= MAX_OPEN) return;
    // All of them: a Map whose first entries go one by one is slow.
    this.#calls.clear();
    const text = `more than ${MAX_OPEN} calls are open: those so far are not followed any more`;
    this.tools.emit({ ...this.place, event: 'note', from: this.caller, text });
  }

  #fromCallee(frame: SeenFrame): void {
    const { stream, type, flags, from, data } = frame;
    const call = this.#calls.get(stream);
    if (type === FrameType.Response) {
      this.#respond(frame, call);
      return;
    }
    if (type !== FrameType.Data || !call) {
      this.#note(frame, call ? 'is not what a server sends' : 'belongs to no open call');
      return;
    }
    const { service, method } = call;
    const message = hasMessage(frame) ? this.tools.methods.view(service, method, 'response', data) : undefined;
    if (message) {
      const number = ++call.responses;
      this.tools.emit({ ...this.place, event: 'message', from, stream, method, number, message });
    }
    if (flags & FrameFlag.RemoteClosed) this.#status(frame, call, 0, '', [], undefined);
  }

  #respond(frame: SeenFrame, call: OpenCall | undefined): void {
    const { data } = frame;
    const envelope = this.#response;
    envelope.parse(data, 0, data.length);
    const { status, payloadStart, payloadEnd } = envelope;
    const payload = data.subarray(payloadStart, payloadEnd);
    const message = status
      ? undefined
      : this.tools.methods.view(call?.service, call?.method ?? '', 'response', payload);
    this.#status(frame, call, status?.code ?? 0, status?.message ?? '', status?.details ?? [], message);
  }

  #status(
    { stream, from }: SeenFrame,
    call: OpenCall | undefined,
    code: number,
    text: string,
    details: readonly StatusDetail[],
    message: Extract<TapEvent, { event: 'status' }>['message'],
  ): void {
    this.#calls.delete(stream);
    this.tools.emit({
      ...this.place,
      event: 'status',
      from,
      stream,
      method: call?.method,
      code,
      text,
      details: details.map((detail) => this.tools.detailToJson(detail)),
      durationMs: call && this.tools.now() - call.start,
      message,
      responses: call?.responses ?? 0,
    });
  }

  #note({ from, stream, type, flags, data }: SeenFrame, what: string): void {
    this.tools.emit({
      ...this.place,
      event: 'note',
      from,
      text: `${frameText(stream, type, flags, data.length)} ${what}`,
    });
  }
}

/** What is kept of a name. As a copy: a part of a string keeps the whole of it. */
function kept(name: string): string {
  return name.length > MAX_NAME ? `${Buffer.from(name.slice(0, MAX_NAME)).toString()}…` : name;
}

/** A Data frame of length 0 is a message, unless it says that it carries none or only closes. */
function hasMessage({ flags, data }: SeenFrame): boolean {
  return data.length > 0 || (flags & (FrameFlag.NoData | FrameFlag.RemoteClosed)) === 0;
}
