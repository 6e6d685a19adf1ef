import { TtrpcException, type TtrpcContext } from 'nestjs-ttrpc';
import { pattern, Sum } from '../bodies.js';
import { JournalEntry, type Journal } from './journal.js';
import { objects } from './objects.js';
import { sparse, type ReplyMessage, type RequestMessage } from './messages.js';

/** One running call: its place in the journal, what it received, and the failure that its requests ask for. */
export class InteropCall {
  readonly received = new Sum();
  readonly #timeoutMs: number;
  readonly #entry: JournalEntry;
  #fail: RequestMessage['fail'] = null;
  #handled = 0;
  #replied = false;

  constructor(
    journal: Journal,
    private readonly context: TtrpcContext,
  ) {
    this.#entry = new JournalEntry(journal, context);
    const { deadline } = context;
    objects.seen?.('context of a handler', context);
    this.#timeoutMs = deadline === undefined ? 0 : Math.max(1, Math.round(deadline.getTime() - Date.now()));
  }

  /** Records the call under the seq of its first request; later ones change nothing. */
  begin(request?: Pick<RequestMessage, 'seq'>): void {
    if (request) this.#entry.progress.received++;
    this.#entry.begin(request?.seq);
  }

  /** Takes a request: its failure counts from now on, and may be due at once. */
  take(request: RequestMessage): void {
    this.#fail ??= request.fail;
    this.failIfDue();
    this.received.add(request.seq, request.body);
  }

  /** A message is handled: received, or sent by a call whose only request was taken. */
  handled(): void {
    this.#handled++;
    this.failIfDue();
  }

  /** Throws the failure once enough messages are handled; `atEnd` in any case. */
  failIfDue(atEnd = false): void {
    const fail = this.#fail;
    if (fail === null || (!atEnd && this.#handled < fail.after)) return;
    const details = fail.details.map((any) => ({ typeUrl: any.typeUrl ?? any.type_url ?? '', value: any.value }));
    throw new TtrpcException(fail.code, fail.message, details);
  }

  /** The replies of a bidi call to one message. */
  repliesTo(request: RequestMessage): Partial<ReplyMessage>[] {
    return Array.from({ length: Math.max(1, request.replyCount) }, () =>
      this.firstOrNot({ seq: request.seq, body: replyBody(request) }),
    );
  }

  /** Reply `seq` of a server-streaming call. */
  replyOf(request: RequestMessage, seq: number): Partial<ReplyMessage> {
    const sums = seq === 0 && request.body.length > 0 ? this.received.sums : {};
    return this.firstOrNot({ seq, body: pattern(seq, request.replyBytes), ...sums });
  }

  /** The only reply of a call, with all that it received. */
  summary(body: Uint8Array = new Uint8Array(0)): Partial<ReplyMessage> {
    return this.firstOrNot({ seq: this.#entry.seq, body, ...this.received.sums });
  }

  /** Completes a reply; the first one says what the call came with. */
  private firstOrNot(reply: Partial<ReplyMessage>): Partial<ReplyMessage> {
    this.#entry.progress.sent++;
    if (this.#replied) return sparse(reply);
    this.#replied = true;
    const metadata = [...this.context.metadata.entries()].map(([key, value]) => ({ key, value }));
    return sparse({ ...reply, metadata, timeoutMs: this.#timeoutMs });
  }

  /** Waits; rejects with the signal's reason when the call is over. */
  wait(ms: number): Promise<void> {
    const { signal } = this.context;
    return new Promise((resolve, reject) => {
      const over = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', over);
        resolve();
      }, ms);
      if (signal.aborted) over();
      else signal.addEventListener('abort', over, { once: true });
    });
  }

  /** Records the end, once: see {@link JournalEntry.end}. */
  end(error?: unknown): void {
    this.#entry.end(error);
  }
}

/** The body of the reply to a request of Unary or Bidi. */
export function replyBody(request: RequestMessage): Uint8Array {
  return request.replyBytes > 0 ? pattern(request.seq, request.replyBytes) : request.body;
}
