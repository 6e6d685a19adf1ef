import { loadSchema } from '../../src/schema/index.js';
import { fileURLToPath } from 'node:url';
import { TtrpcError, TtrpcStatus, type MessageCodec, type RawContext, type RawServices } from 'nestjs-ttrpc/protocol';
import { INTEROP } from '../conformance/service.js';
import { turn } from '../support/deferred.js';

/*
 * interop.v1.Interop for the fuzzer: messages are decoded by the library's own codecs, waits are turns of the event loop
 * instead of time, long ones last until the call is over, and answers have a size that memory can bear.
 */

/** interop.v1.Request, decoded. */
export interface RequestMessage {
  seq: unknown;
  body: Uint8Array;
  replyCount: number;
  replyBytes: number;
  delayMs: number;
  fail?: {
    code: number;
    message: string;
    details: { typeUrl?: string; type_url?: string; value: Uint8Array }[];
    after: number;
  };
}

/** So many replies at most, whatever a request asks for. */
export const MAX_REPLIES = 12;
const MAX_REPLY_BYTES = 40 * 1024;
/** A delay from here on lasts until the call is over. */
const ENDLESS_MS = 1000;

/** Hears what the handlers do. */
export interface HandlerObserver {
  /** A handler runs; `hangs` is true while it waits for the end of its call. */
  entered(context: CallContext): HandlerRun;
  /** A message was decoded, or not. */
  decoded(context: CallContext, ok: boolean): void;
}

/** What is needed of a call's context, raw or Nest's. */
export interface CallContext {
  readonly peer: { readonly address: string };
  readonly signal: AbortSignal;
}

/** One run of a handler. */
export interface HandlerRun {
  hangs: boolean;
  /** Called once, when it is over. */
  left(): void;
}

/** The service's .proto file. */
export const PROTO = fileURLToPath(new URL('../interop/proto/interop.proto', import.meta.url));

const schema = loadSchema({ protoPath: PROTO });
const requests = codec('interop.v1.Request') as MessageCodec<RequestMessage>;
const replies = codec('interop.v1.Reply') as MessageCodec<object>;
const empties = codec('google.protobuf.Empty') as MessageCodec<object>;

function codec(name: string): MessageCodec {
  const found = schema.findType(name);
  if (!found) throw new Error(`the schema has no ${name}`);
  return found;
}

/** Waits as long as a request asks for. */
export async function wait({ delayMs }: RequestMessage, context: CallContext, run: HandlerRun): Promise<void> {
  if (delayMs >= ENDLESS_MS) {
    run.hangs = true;
    await aborted(context.signal);
  } else if (delayMs > 0) {
    for (let n = 0; n < 2; n++) await turn();
  }
}

/** Fails if a request asks for it. */
export function fail({ fail }: RequestMessage): void {
  if (!fail) return;
  const details = (fail.details ?? []).map((each) => ({
    typeUrl: each.typeUrl ?? each.type_url ?? '',
    value: each.value,
  }));
  throw new TtrpcError(fail.code, fail.message, { details });
}

/** The reply to a request, as large as it asks for within bounds. */
export function replyTo({ seq, body, replyBytes }: RequestMessage): object {
  return { seq, body: replyBytes > 0 ? Buffer.alloc(Math.min(replyBytes, MAX_REPLY_BYTES), 1) : body };
}

/** The service, telling `observer` what its handlers do. */
export function fuzzService(observer: HandlerObserver): RawServices {
  const decode = <T>(type: MessageCodec<T>, message: Uint8Array, context: RawContext): T => {
    try {
      const value = type.decode(message);
      observer.decoded(context, true);
      return value;
    } catch {
      observer.decoded(context, false);
      throw new TtrpcError(TtrpcStatus.INTERNAL, 'error unmarshalling payload');
    }
  };
  const reply = (request: RequestMessage): Uint8Array => replies.encode(replyTo(request));
  const one =
    <T>(handler: (request: T, context: RawContext, run: HandlerRun) => Promise<Uint8Array>) =>
    async (request: T, context: RawContext): Promise<Uint8Array> => {
      const run = observer.entered(context);
      try {
        return await handler(request, context, run);
      } finally {
        run.left();
      }
    };
  const many = <T>(handler: (request: T, context: RawContext, run: HandlerRun) => AsyncIterable<Uint8Array>) =>
    async function* (request: T, context: RawContext): AsyncGenerator<Uint8Array> {
      const run = observer.entered(context);
      try {
        yield* handler(request, context, run);
      } finally {
        run.left();
      }
    };
  return {
    [INTEROP]: {
      Unary: one<Uint8Array>(async (message, context, run) => {
        const request = decode(requests, message, context);
        await wait(request, context, run);
        fail(request);
        return reply(request);
      }),
      ServerStream: {
        shape: 'server-streaming',
        handle: many<Uint8Array>(async function* (message, context, run) {
          const request = decode(requests, message, context);
          for (let n = 0; n < Math.min(request.replyCount, MAX_REPLIES); n++) {
            await wait(request, context, run);
            yield reply(request);
          }
          fail(request);
        }),
      },
      ClientStream: {
        shape: 'client-streaming',
        handle: one<AsyncIterable<Uint8Array>>(async (messages, context, run) => {
          let count = 0;
          for await (const message of messages) {
            const request = decode(requests, message, context);
            await wait(request, context, run);
            fail(request);
            count++;
          }
          return replies.encode({ count });
        }),
      },
      Bidi: {
        shape: 'bidi',
        handle: many<AsyncIterable<Uint8Array>>(async function* (messages, context, run) {
          for await (const message of messages) {
            const request = decode(requests, message, context);
            await wait(request, context, run);
            for (let n = 0; n < Math.min(Math.max(1, request.replyCount), MAX_REPLIES); n++) yield reply(request);
            fail(request);
          }
        }),
      },
      Nothing: one<Uint8Array>(async (message, context) => empties.encode(decode(empties, message, context))),
      NothingServerStream: {
        shape: 'server-streaming',
        handle: many<Uint8Array>(async function* (message, context) {
          decode(empties, message, context);
          for (let n = 0; n < 3; n++) yield new Uint8Array(0);
        }),
      },
      NothingClientStream: {
        shape: 'client-streaming',
        handle: one<AsyncIterable<Uint8Array>>(async (messages, context) => {
          for await (const message of messages) decode(empties, message, context);
          return new Uint8Array(0);
        }),
      },
      NothingStream: {
        shape: 'bidi',
        handle: many<AsyncIterable<Uint8Array>>(async function* (messages, context) {
          for await (const message of messages) {
            decode(empties, message, context);
            yield new Uint8Array(0);
          }
        }),
      },
    },
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
