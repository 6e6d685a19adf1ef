import type { CallOp, CallSpec, RequestSpec } from '../interop/peer.js';
import { bytesField, fill, FRAME_LIMIT } from '../interop/sizes.js';
import type { Random } from '../support/random.js';

/** One call of the load: what is asked for, what disturbs it, and so how it may end. */
export interface PlannedCall {
  /** The seq of its first request, by which the server's journal knows it. */
  id: number;
  spec: CallSpec;
  /** Given up by its caller after so many ms, or after so many replies. */
  cancel?: { afterMs: number } | { afterReplies: number };
  /** `answer` or `status` as the model says; else also by what disturbs it. */
  ends: 'undisturbed' | 'maybe cancelled' | 'maybe late' | 'late' | 'too large';
}

/** What the peers of a load can take. */
export interface PlanLimits {
  /** Largest body that is drawn, in bytes. The limit of a frame itself is drawn now and then, whatever this is. */
  largest: number;
  /** What the server's library says of an answer that is well, in bytes: less room for the answer. Default 0. */
  okStatusBytes?: number | undefined;
}

const OPS: readonly CallOp[] = ['unary', 'unary', 'server-stream', 'client-stream', 'bidi'];

/** Longer than any deadline that is drawn. */
const LATE_MS = 5000;

/** Draws call `id`. The same random numbers give the same call. */
export function planCall(random: Random, id: number, { largest, okStatusBytes = 0 }: PlanLimits): PlannedCall {
  const op = random.pick(OPS);
  const kind = random.below(100);
  if (kind < 3) return { id, spec: emptyCall(random, op), ends: 'undisturbed' };
  if (kind < 4 && random.below(4) === 0) {
    return random.below(2) === 0
      ? { id, spec: fullCall(random, id, FRAME_LIMIT - okStatusBytes), ends: 'undisturbed' }
      : { id, spec: tooLargeCall(random, id), ends: 'too large' };
  }
  const spec = anyCall(random, op, id, largest);
  if (kind < 15) {
    disturbedRequest(spec).fail = {
      code: 1 + random.below(16),
      message: `call ${id} shall fail`,
      after: random.below(4),
    };
    return { id, spec, ends: 'undisturbed' };
  }
  if (kind < 25) {
    const answersMany = op === 'server-stream' || op === 'bidi';
    const cancel =
      answersMany && random.below(2) === 0 ? { afterReplies: 1 + random.below(5) } : { afterMs: random.below(30) };
    return { id, spec, cancel, ends: 'maybe cancelled' };
  }
  if (kind < 30) {
    spec.timeoutMs = 1 + random.below(40);
    return { id, spec, ends: 'maybe late' };
  }
  if (kind < 35) {
    spec.timeoutMs = 1 + random.below(40);
    disturbedRequest(spec).delayMs = LATE_MS;
    if (op === 'server-stream') (spec.request as RequestSpec).replyCount = 2;
    return { id, spec, ends: 'late' };
  }
  // Time enough, also on a busy machine: it travels, and nothing comes of it.
  if (kind < 45) spec.timeoutMs = 300_000;
  return { id, spec, ends: 'undisturbed' };
}

function anyCall(random: Random, op: CallOp, seq: number, largest: number): CallSpec {
  const delayMs = random.below(4) === 0 ? random.below(25) : 0;
  const bodyBytes = anySize(random, largest);
  switch (op) {
    case 'unary':
      return { op, request: { seq, bodyBytes, replyBytes: random.below(2) * anySize(random, largest), delayMs } };
    case 'server-stream': {
      const replyBytes = anySize(random, largest);
      const request = { seq, bodyBytes, replyBytes, replyCount: itemsOf(random, replyBytes) };
      // It waits before each reply.
      return { op, request: { ...request, delayMs: Math.min(delayMs, 2) } };
    }
    default: {
      const count = itemsOf(random, bodyBytes);
      const requests = Array.from({ length: count }, (_, index): RequestSpec => ({ seq: seq + index, bodyBytes }));
      (requests[random.below(count)] as RequestSpec).delayMs = delayMs;
      return { op, requests };
    }
  }
}

/** The first request: the one that can fail or delay its call. */
function disturbedRequest(spec: CallSpec): RequestSpec {
  return (spec.request ?? spec.requests?.[0]) as RequestSpec;
}

/** Small ones mostly, of all magnitudes, and none. */
function anySize(random: Random, largest: number): number {
  const top = random.below(40) === 0 ? 1_000_000 : random.pick([0, 10, 100, 100, 1000, 1000, 10_000, 10_000, 100_000]);
  return Math.min(largest, random.below(top + 1));
}

/** As many messages as make no more than some 60 KB, and 50 at most: fewer than any peer holds for a stream. */
function itemsOf(random: Random, bytes: number): number {
  return 1 + random.below(Math.max(1, Math.min(50, Math.floor(60_000 / (bytes + 1)))));
}

/** Messages of no bytes at all. */
function emptyCall(random: Random, op: CallOp): CallSpec {
  const requests = Array.from({ length: random.below(20) }, () => ({}));
  return { op, empty: true, ...(op === 'client-stream' || op === 'bidi' ? { requests } : { request: {} }) };
}

/** A request or a reply that fills its frame to the byte. */
function fullCall(random: Random, seq: number, replyLimit: number): CallSpec {
  if (random.below(2) === 0) return { op: 'unary', request: { seq, bodyBytes: fullRequestBody(seq), replyBytes: 1 } };
  // seq, body, count, checksum; total_bytes is 0.
  const replyBytes = fill(replyLimit, (body) => bytesField(varint(seq) + bytesField(body) + 2 + 5));
  return { op: 'unary', request: { seq, replyBytes } };
}

/** One byte more. */
function tooLargeCall(random: Random, seq: number): CallSpec {
  const bodyBytes = fullRequestBody(seq) + 1 + random.below(1000);
  return { op: 'unary', request: { seq, bodyBytes, replyBytes: 1 } };
}

function fullRequestBody(seq: number): number {
  const head = bytesField('interop.v1.Interop'.length) + bytesField('Unary'.length);
  // seq, body, reply_bytes of 1.
  return fill(FRAME_LIMIT, (body) => head + bytesField(varint(seq) + bytesField(body) + 2));
}

/** Size of a field with this number. */
function varint(value: number): number {
  let size = 2;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}
