import type { Expected } from './case.js';
import { pattern, Sum } from './bodies.js';
import type { CallSpec, FailSpec, FirstReply, GenerateSpec, RequestSpec } from './peer.js';

/** The requests of a call, in their order. */
export function requestsOf(call: CallSpec): readonly RequestSpec[] {
  if (call.op === 'unary' || call.op === 'server-stream') return [call.request ?? {}];
  const { generate } = call;
  if (generate === undefined) return call.requests ?? [];
  return Array.from({ length: generate.count }, (_, index) => generated(generate, index));
}

/** How many requests a call sends. */
export function requestCount({ op, generate, requests }: CallSpec): number {
  return op === 'unary' || op === 'server-stream' ? 1 : (generate?.count ?? requests?.length ?? 0);
}

/** As {@link requestsOf}, one after the other: a long stream never stands in memory. */
export function* eachRequest(call: CallSpec): Generator<RequestSpec> {
  const { op, generate } = call;
  if (op === 'unary' || op === 'server-stream' || generate === undefined) yield* requestsOf(call);
  else for (let index = 0; index < generate.count; index++) yield generated(generate, index);
}

function generated({ count: _, delayEvery, ...request }: GenerateSpec, index: number): RequestSpec {
  const made: RequestSpec = { ...request, seq: (request.seq ?? 0) + index };
  if (delayEvery !== undefined && (index + 1) % delayEvery !== 0) delete made.delayMs;
  return made;
}

/** How a call ends, with a status. */
export type ModelledEnd = Expected & { status: number };

/** How a call ends that nothing disturbs, by what interop.proto says of its rpc. */
export function expectedOf(call: CallSpec): ModelledEnd {
  const requests = requestsOf(call);
  if (call.empty === true) return ended(emptyReplies(call, requests.length));
  const replies: Reply[] = [];
  const failed = serve(call, requests, replies);
  const expected = ended(replies, failed);
  const [first] = replies;
  if (first) {
    expected.firstReply = {
      ...first.received,
      seq: first.seq,
      bodyBytes: first.body.length,
      metadata: metadataOf(call),
    };
    expected.timeLeftMs = call.timeoutMs === undefined ? [0, 0] : [1, call.timeoutMs];
  }
  return expected;
}

interface Reply {
  seq: number;
  body: Uint8Array;
  received: Pick<FirstReply, 'count' | 'totalBytes' | 'checksum'>;
}

const NOTHING_RECEIVED: Reply['received'] = { count: 0, totalBytes: 0, checksum: 0 };

function ended(replies: readonly Reply[], failed?: FailSpec): ModelledEnd {
  const sum = new Sum();
  for (const { seq, body } of replies) sum.add(seq, body);
  return {
    status: failed?.code ?? 0,
    message: failed?.message ?? '',
    details: failed?.details ?? [],
    replies: { ...sum.sums, first: replies[0]?.seq ?? 0, last: replies.at(-1)?.seq ?? 0 },
  };
}

/** What the server does: adds its replies to `replies` and returns how it fails. */
function serve(call: CallSpec, requests: readonly RequestSpec[], replies: Reply[]): FailSpec | undefined {
  const reply = (seq: number, body: Uint8Array, received = NOTHING_RECEIVED): number =>
    replies.push({ seq, body, received });
  const [only = {}] = requests;
  switch (call.op) {
    case 'unary':
      if (only.fail === undefined) reply(only.seq ?? 0, replyBody(only), sumOf(requests));
      return only.fail;
    case 'server-stream': {
      const count = Math.min(only.replyCount ?? 0, only.fail ? (only.fail.after ?? 0) : Infinity);
      const received = (only.bodyBytes ?? 0) > 0 ? sumOf(requests) : NOTHING_RECEIVED;
      for (let seq = 0; seq < count; seq++) {
        reply(seq, pattern(seq, only.replyBytes ?? 0), seq === 0 ? received : NOTHING_RECEIVED);
      }
      return only.fail;
    }
    case 'client-stream': {
      const { fail } = handled(requests);
      if (fail === undefined) reply(only.seq ?? 0, new Uint8Array(0), sumOf(requests));
      return fail;
    }
    case 'bidi': {
      const { count, fail } = handled(requests);
      for (const request of requests.slice(0, count)) {
        const body = replyBody(request);
        for (let copy = 0; copy < Math.max(1, request.replyCount ?? 0); copy++) reply(request.seq ?? 0, body);
      }
      return fail;
    }
  }
}

/** How many messages of a request stream are handled, and the failure that ends it. */
function handled(requests: readonly RequestSpec[]): { count: number; fail: FailSpec | undefined } {
  let fail: FailSpec | undefined;
  let count = 0;
  for (const request of requests) {
    fail ??= request.fail;
    if (fail && count >= (fail.after ?? 0)) break;
    count++;
  }
  return { count, fail };
}

function sumOf(requests: readonly RequestSpec[]): Reply['received'] {
  const sum = new Sum();
  for (const { seq = 0, bodyBytes = 0 } of requests) sum.add(seq, pattern(seq, bodyBytes));
  return sum.sums;
}

function replyBody({ seq = 0, bodyBytes = 0, replyBytes = 0 }: RequestSpec): Uint8Array {
  return pattern(seq, replyBytes > 0 ? replyBytes : bodyBytes);
}

function emptyReplies(call: CallSpec, requests: number): Reply[] {
  const count = { unary: 1, 'server-stream': 3, 'client-stream': 1, bidi: requests }[call.op];
  return Array.from({ length: count }, () => ({ seq: 0, body: new Uint8Array(0), received: NOTHING_RECEIVED }));
}

function metadataOf(call: CallSpec): Record<string, string[]> {
  const metadata: Record<string, string[]> = {};
  for (const [key, values] of Object.entries(call.metadata ?? {})) {
    if (values.length > 0) (metadata[key.toLowerCase()] ??= []).push(...values);
  }
  return metadata;
}
