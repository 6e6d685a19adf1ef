import { TtrpcError, TtrpcStatus, type RawContext, type RawServices } from 'nestjs-ttrpc/protocol';
import { INTEROP, pair, pattern, reply } from '../service.js';
import { toBytes, type Bytes } from '../wire/bytes.js';
import { encodeFields, readFields, readText, type Field, type ReadField } from '../wire/protobuf.js';
import type { Journal } from './journal.js';

/*
 * interop.v1.Interop (test/interop/proto/interop.proto) on the bare engine: bytes in, bytes out, decoded by the suite's
 * own protobuf reader, so that nothing above the engine can hide what the engine does.
 */

interface Failure {
  readonly error: TtrpcError;
  readonly after: number;
}

interface RequestMessage {
  readonly seq: number;
  readonly body: Buffer;
  readonly replyCount: number;
  readonly replyBytes: number;
  readonly delayMs: number;
  readonly fail: Failure | undefined;
}

function number(fields: readonly ReadField[], field: number): number {
  return Number(fields.findLast((each) => each.field === field && each.wireType === 0)?.value ?? 0n);
}

function bytes(fields: readonly ReadField[], field: number): Buffer | undefined {
  return fields.findLast((each) => each.field === field && each.wireType === 2)?.bytes;
}

function decodeRequest(message: Uint8Array): RequestMessage {
  try {
    const fields = readFields(Buffer.from(message));
    const fail = bytes(fields, 6);
    return {
      seq: number(fields, 1),
      body: bytes(fields, 2) ?? Buffer.alloc(0),
      replyCount: number(fields, 3),
      replyBytes: number(fields, 4),
      delayMs: number(fields, 5),
      fail: fail && decodeFailure(fail),
    };
  } catch (error) {
    throw new TtrpcError(TtrpcStatus.INTERNAL, `error unmarshalling payload: ${String(error)}`);
  }
}

function decodeFailure(message: Buffer): Failure {
  const fields = readFields(message);
  const details = fields
    .filter(({ field }) => field === 3)
    .map((detail) => {
      const any = readFields(detail.bytes);
      return { typeUrl: readText(bytes(any, 1) ?? Buffer.alloc(0)), value: bytes(any, 2) ?? Buffer.alloc(0) };
    });
  const text = readText(bytes(fields, 2) ?? Buffer.alloc(0));
  return { error: new TtrpcError(number(fields, 1), text, { details }), after: number(fields, 4) };
}

/** One call: its place in the journal, its failure and what only its first reply says. */
class Call {
  private begun = false;
  private seq = 0;
  private over = false;
  private fail: Failure | undefined;
  private handled = 0;
  private readonly timeoutMs: number;

  constructor(
    private readonly context: RawContext,
    private readonly journal: Journal,
  ) {
    const { deadline, signal } = context;
    this.timeoutMs = deadline === undefined ? 0 : Math.max(1, deadline.getTime() - Date.now());
    const onAbort = (): void => this.end(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  }

  /** Records the call under the seq of its first request. */
  begin(request: RequestMessage): void {
    this.fail ??= request.fail;
    if (this.begun) return;
    this.begun = true;
    this.seq = request.seq;
    this.journal.add({ event: 'started', method: this.context.method, seq: this.seq });
  }

  /** Records the end, once; `cancelled` is the reason of the call's signal where that ended it. */
  end(cancelled?: unknown): void {
    if (this.over) return;
    this.over = true;
    const { method } = this.context;
    if (cancelled === undefined) this.journal.add({ event: 'finished', method, seq: this.seq });
    else {
      const code = (cancelled as { code?: unknown }).code;
      const cause = code === TtrpcStatus.DEADLINE_EXCEEDED ? 'deadline' : 'cancelled';
      this.journal.add({ event: 'cancelled', method, seq: this.seq, cause });
    }
  }

  /** Waits; rejects at once with the signal's reason when the call is over. */
  wait(ms: number): Promise<void> {
    const { signal } = this.context;
    if (ms === 0 || signal.aborted) return signal.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Throws the failure that was asked for, if enough messages were handled, or in any case. */
  throwFailure(inAnyCase = false): void {
    if (this.fail && (inAnyCase || this.handled >= this.fail.after)) throw this.fail.error;
  }

  /** One more message was handled. */
  done(): void {
    this.handled++;
  }

  /** `fields` of a reply, and what only the first reply says. */
  firstReply(fields: Bytes): Uint8Array {
    const more: Field[] = [{ raw: fields }];
    for (const [key, value] of this.context.metadata.entries()) {
      more.push({ field: 6, bytes: pair(key, value) });
    }
    if (this.timeoutMs > 0) more.push({ field: 7, varint: String(this.timeoutMs) });
    return encodeFields(more);
  }
}

function hexOf(body: Buffer): Bytes | undefined {
  return body.length === 0 ? undefined : { hex: body.toString('hex') };
}

function replyBody({ seq, body, replyBytes }: RequestMessage): Bytes | undefined {
  return replyBytes > 0 ? pattern(seq, replyBytes) : hexOf(body);
}

function received(requests: readonly RequestMessage[]): { seq: number; body: Bytes | undefined }[] {
  return requests.map(({ seq, body }) => ({ seq, body: hexOf(body) }));
}

async function unary(message: Uint8Array, call: Call): Promise<Uint8Array> {
  const request = decodeRequest(message);
  call.begin(request);
  await call.wait(request.delayMs);
  call.throwFailure(true);
  return call.firstReply(reply({ seq: request.seq, body: replyBody(request), received: received([request]) }));
}

async function* serverStream(message: Uint8Array, call: Call): AsyncGenerator<Uint8Array> {
  const request = decodeRequest(message);
  call.begin(request);
  for (let seq = 0; seq < request.replyCount; seq++) {
    call.throwFailure();
    await call.wait(request.delayMs);
    const body = request.replyBytes > 0 ? pattern(seq, request.replyBytes) : undefined;
    if (seq === 0)
      yield call.firstReply(
        reply({ seq, body, ...(request.body.length > 0 ? { received: received([request]) } : {}) }),
      );
    else yield toBytes(reply({ seq, body }));
    call.done();
  }
  call.throwFailure(true);
}

/** Each message of the input, once it is to be handled; throws as one of them says. */
async function* handled(messages: AsyncIterable<Uint8Array>, call: Call): AsyncGenerator<RequestMessage> {
  for await (const message of messages) {
    const request = decodeRequest(message);
    call.begin(request);
    await call.wait(request.delayMs);
    call.throwFailure();
    yield request;
    call.done();
    call.throwFailure();
  }
  call.throwFailure(true);
}

async function clientStream(messages: AsyncIterable<Uint8Array>, call: Call): Promise<Uint8Array> {
  const requests: RequestMessage[] = [];
  for await (const request of handled(messages, call)) requests.push(request);
  return call.firstReply(reply({ seq: requests[0]?.seq ?? 0, received: received(requests) }));
}

async function* bidi(messages: AsyncIterable<Uint8Array>, call: Call): AsyncGenerator<Uint8Array> {
  let first = true;
  for await (const request of handled(messages, call)) {
    for (let n = 0; n < Math.max(1, request.replyCount); n++) {
      const answer = reply({ seq: request.seq, body: replyBody(request) });
      yield first ? call.firstReply(answer) : toBytes(answer);
      first = false;
    }
  }
}

const EMPTY = new Uint8Array(0);

function decodeEmpty(message: Uint8Array): void {
  readFields(Buffer.from(message));
}

/** The service, telling `journal` what happens to its calls. */
export function interopService(journal: Journal): RawServices {
  const one =
    <Request>(handler: (request: Request, call: Call) => Promise<Uint8Array>) =>
    async (request: Request, context: RawContext): Promise<Uint8Array> => {
      const call = new Call(context, journal);
      try {
        return await handler(request, call);
      } finally {
        if (!context.signal.aborted) call.end();
      }
    };
  const many = <Request>(handler: (request: Request, call: Call) => AsyncIterable<Uint8Array>) =>
    async function* (request: Request, context: RawContext): AsyncGenerator<Uint8Array> {
      const call = new Call(context, journal);
      try {
        yield* handler(request, call);
      } finally {
        if (!context.signal.aborted) call.end();
      }
    };
  return {
    [INTEROP]: {
      Unary: one(unary),
      ServerStream: { shape: 'server-streaming', handle: many(serverStream) },
      ClientStream: { shape: 'client-streaming', handle: one(clientStream) },
      Bidi: { shape: 'bidi', handle: many(bidi) },
      Nothing: (message) => {
        decodeEmpty(message);
        return EMPTY;
      },
      NothingServerStream: {
        shape: 'server-streaming',
        handle: async function* (message) {
          decodeEmpty(message);
          for (let n = 0; n < 3; n++) yield EMPTY;
        },
      },
      NothingClientStream: {
        shape: 'client-streaming',
        handle: async (messages) => {
          for await (const message of messages) decodeEmpty(message);
          return EMPTY;
        },
      },
      NothingStream: {
        shape: 'bidi',
        handle: async function* (messages) {
          for await (const message of messages) {
            decodeEmpty(message);
            yield EMPTY;
          }
        },
      },
    },
  };
}
