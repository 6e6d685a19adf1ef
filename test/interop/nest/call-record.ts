import { isPattern, pattern, Sum } from '../bodies.js';
import { eachRequest } from '../model.js';
import type { CallResult, CallSpec, FirstReply, Progress, RequestSpec } from '../peer.js';
import type { Changes } from './changes.js';
import { sparse, type ReplyMessage, type RequestMessage } from './messages.js';
import { RunningCall } from './running-call.js';

const NO_BODY = new Uint8Array(0);

/** Makes a call's requests and adds its replies up: all of a call but the calling. */
export class CallRecord extends RunningCall {
  readonly #sent = new Sum();
  readonly #replies = new Sum();
  readonly #begun = Date.now();
  #first: FirstReply | undefined;
  #firstSeq = 0;
  #lastSeq = 0;
  #ordered = true;
  #wrong = 0;

  constructor(
    readonly spec: CallSpec,
    changes: Changes,
  ) {
    super(changes);
  }

  get replies(): number {
    return this.#replies.sums.count;
  }

  override get progress(): Progress {
    return { sent: this.#sent.sums.count, received: this.replies };
  }

  /** When the reader shall sleep now: a promise to wait for. */
  get pause(): Promise<void> | undefined {
    const { pauseEvery = 0, pauseMs = 0 } = this.spec;
    if (pauseEvery === 0 || this.replies % pauseEvery !== 0) return undefined;
    return new Promise((resolve) => setTimeout(resolve, pauseMs));
  }

  /** The only request of a unary or server-streaming call. */
  request(): object {
    return this.#message(this.spec.request ?? {});
  }

  /** The requests of a client-streaming or bidi call. */
  *requests(): Generator<object> {
    for (const { message } of this.#requests()) yield message;
  }

  /** As {@link requests}, as the spec says: each after the replies to the one before, or without an end. */
  pacedRequests(): AsyncGenerator<object> {
    return this.paced(this.#requests(), this.spec);
  }

  *#requests(): Generator<{ message: object; responses: number }> {
    for (const request of eachRequest(this.spec)) {
      yield { message: this.#message(request), responses: Math.max(1, request.replyCount ?? 0) };
    }
  }

  /** Takes a reply. */
  took(message: object): void {
    const { seq, body } = this.spec.empty ? { seq: 0, body: NO_BODY } : (message as ReplyMessage);
    if (this.#replies.sums.count === 0) {
      this.#firstSeq = seq;
      this.#first = this.spec.empty ? undefined : describe(message as ReplyMessage);
    } else if (seq < this.#lastSeq) this.#ordered = false;
    this.#lastSeq = seq;
    if (!isPattern(seq, body)) this.#wrong++;
    this.#replies.add(seq, body);
    this.changed();
  }

  /** The call is over; `error` is what it ended with. Throws what is not a status. */
  result(error?: unknown): CallResult {
    this.end();
    return {
      status: error === undefined ? { code: 0, message: '', details: [] } : statusOf(error),
      replies: {
        ...this.#replies.sums,
        first: this.#firstSeq,
        last: this.#lastSeq,
        ordered: this.#ordered,
        wrong: this.#wrong,
      },
      firstReply: this.#first,
      sent: this.#sent.sums,
      elapsedMs: Date.now() - this.#begun,
    };
  }

  #message(spec: RequestSpec): object {
    if (this.spec.empty) {
      this.#sent.add(0, NO_BODY);
      return {};
    }
    const message = requestMessage(spec);
    this.#sent.add(message.seq, message.body);
    return sparse(message);
  }
}

/** A request with its body. */
export function requestMessage(spec: RequestSpec): RequestMessage {
  const { seq = 0, bodyBytes = 0, replyCount = 0, replyBytes = 0, delayMs = 0, fail } = spec;
  const details = (fail?.details ?? []).map(({ typeUrl, value }) => ({
    type_url: typeUrl,
    value: Buffer.from(value, 'base64'),
  }));
  return {
    seq,
    body: pattern(seq, bodyBytes),
    replyCount,
    replyBytes,
    delayMs,
    fail: fail ? { code: fail.code, message: fail.message, details, after: fail.after ?? 0 } : null,
  };
}

/** The status that an error of our client is. Anything else is a defect and is raised. */
export function statusOf(error: unknown): NonNullable<CallResult['status']> {
  const { code, message, details } = error as { code?: unknown; message?: unknown; details?: unknown };
  if (typeof code !== 'number' || typeof message !== 'string' || !Array.isArray(details)) throw error;
  return {
    code,
    message,
    details: (details as { typeUrl: string; value: Uint8Array }[]).map(({ typeUrl, value }) => ({
      typeUrl,
      value: Buffer.from(value).toString('base64'),
    })),
  };
}

function describe({ seq, body, count, totalBytes, checksum, metadata, timeoutMs }: ReplyMessage): FirstReply {
  const values: Record<string, string[]> = {};
  for (const { key, value } of metadata) (values[key] ??= []).push(value);
  return { seq, bodyBytes: body.length, count, totalBytes, checksum, metadata: values, timeoutMs };
}
