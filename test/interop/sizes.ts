import type { CallOp } from './peer.js';

/** The most data that one ttrpc frame carries, in bytes. */
export const FRAME_LIMIT = 4 << 20;

const METHODS: Record<CallOp, string> = {
  unary: 'Unary',
  'server-stream': 'ServerStream',
  'client-stream': 'ClientStream',
  bidi: 'Bidi',
};

/** The largest body, in bytes, of a request `{seq, replyBytes}` (both 1 to 127) whose first frame is full to the byte. */
export function largestRequestBody(op: 'unary' | 'server-stream', options: { replyCount?: boolean } = {}): number {
  const head = bytesField('interop.v1.Interop'.length) + bytesField(METHODS[op].length);
  return fill(FRAME_LIMIT, (body) => head + bytesField(smallRequest(body) + (options.replyCount ? 2 : 0)));
}

/** The largest body of a request `{seq, replyBytes}` (both 1 to 127) that is a stream's message. */
export function largestRequestItemBody(): number {
  return fill(FRAME_LIMIT, smallRequest);
}

/** The largest body of a unary reply to a request `{seq}` (1 to 127) without a body, deadline and metadata. */
export function largestUnaryReplyBody(): number {
  // seq, body, count, checksum; total_bytes is 0.
  return fill(FRAME_LIMIT, (body) => bytesField(2 + bytesField(body) + 2 + 5));
}

/** The largest body of a stream's reply; `seq` 0 (takes no bytes) to 127. */
export function largestReplyItemBody(seq: number): number {
  return fill(FRAME_LIMIT, (body) => (seq === 0 ? 0 : 2) + bytesField(body));
}

/** seq and reply_bytes take two bytes each. */
function smallRequest(body: number): number {
  return 2 + bytesField(body) + 2;
}

/** Size of a protobuf field that holds `length` bytes, with a field number up to 15. */
export function bytesField(length: number): number {
  let size = 2 + length;
  for (let rest = length; rest > 127; rest >>>= 7) size++;
  return size;
}

/** The body with which a message of `size(body)` bytes has exactly `limit` bytes. */
export function fill(limit: number, size: (body: number) => number): number {
  const body = limit - (size(limit) - limit);
  if (size(body) !== limit) throw new Error(`no body makes exactly ${limit} bytes`);
  return body;
}
