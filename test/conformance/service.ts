import type { FrameMatch, StatusMatch } from './case.js';
import { toBytes, type Bytes } from './wire/bytes.js';
import type { RequestSpec } from './wire/envelope.js';
import { DATA, NO_DATA, REMOTE_CLOSED, REMOTE_OPEN, REQUEST, type FrameSpec } from './wire/frame.js';
import type { Field } from './wire/protobuf.js';

/*
 * The service that server cases talk to, interop.v1.Interop (test/interop/proto/interop.proto), and short ways to write
 * its messages and frames. What these functions give is data like everything else in a case.
 */

export const INTEROP = 'interop.v1.Interop';

/** interop.v1.Request; what is not given is not written. */
export interface RequestMessage {
  seq?: number;
  body?: Bytes;
  replyCount?: number;
  replyBytes?: number;
  delayMs?: number;
  fail?: { code: number; message?: string; details?: { typeUrl: string; value: Bytes }[]; after?: number };
}

/** The bytes of an interop.v1.Request. */
export function message(spec: RequestMessage): Bytes {
  const fields: Field[] = [];
  if (spec.seq !== undefined) fields.push({ field: 1, varint: String(spec.seq) });
  if (spec.body !== undefined) fields.push({ field: 2, bytes: spec.body });
  if (spec.replyCount !== undefined) fields.push({ field: 3, varint: String(spec.replyCount) });
  if (spec.replyBytes !== undefined) fields.push({ field: 4, varint: String(spec.replyBytes) });
  if (spec.delayMs !== undefined) fields.push({ field: 5, varint: String(spec.delayMs) });
  if (spec.fail !== undefined) {
    const { code, message: text, details, after } = spec.fail;
    const fail: Field[] = [{ field: 1, varint: String(code) }];
    if (text !== undefined) fail.push({ field: 2, bytes: { text } });
    for (const { typeUrl, value } of details ?? []) {
      fail.push({
        field: 3,
        bytes: {
          message: [
            { field: 1, bytes: { text: typeUrl } },
            { field: 2, bytes: value },
          ],
        },
      });
    }
    if (after !== undefined) fail.push({ field: 4, varint: String(after) });
    fields.push({ field: 6, bytes: { message: fail } });
  }
  return { message: fields };
}

/** interop.v1.Reply; what is not given is absent. */
export interface ReplyMessage {
  seq?: number;
  body?: Bytes;
  /** The messages that the server says it received: count, total_bytes and checksum follow from them. */
  received?: { seq?: number; body?: Bytes }[];
  metadata?: [key: string, value: string][];
}

/** The bytes of an interop.v1.Reply. */
export function reply(spec: ReplyMessage): Bytes {
  const fields: Field[] = [];
  if (spec.seq) fields.push({ field: 1, varint: String(spec.seq) });
  if (spec.body !== undefined) fields.push({ field: 2, bytes: spec.body });
  if (spec.received !== undefined) {
    let total = 0;
    let checksum = 0x811c9dc5;
    for (const { seq, body } of spec.received) {
      const head = Buffer.alloc(8);
      head.writeBigUInt64LE(BigInt(seq ?? 0));
      const bytes = body === undefined ? Buffer.alloc(0) : toBytes(body);
      total += bytes.length;
      checksum = fnv1a(fnv1a(checksum, head), bytes);
    }
    if (spec.received.length > 0) fields.push({ field: 3, varint: String(spec.received.length) });
    if (total > 0) fields.push({ field: 4, varint: String(total) });
    fields.push({ field: 5, fixed32: String(checksum) });
  }
  for (const [key, value] of spec.metadata ?? []) {
    fields.push({ field: 6, bytes: pair(key, value) });
  }
  return { message: fields };
}

/** The bytes of an interop.v1.Pair; an empty text is absent. */
export function pair(key: string, value: string): Bytes {
  const texts = [key, value].map((text, i): Field => ({ field: i + 1, bytes: { text } }));
  return { message: texts.filter((_, i) => [key, value][i] !== '') };
}

/** The body that a server makes: byte i of number `seq` is (seq + i) % 251. */
export function pattern(seq: number, length: number): Bytes {
  const period = Buffer.from(Array.from({ length: 251 }, (_, i) => (seq + i) % 251));
  const whole = Math.floor(length / 251);
  const rest = period.toString('hex', 0, length % 251);
  return whole === 0
    ? { hex: rest }
    : { join: [{ repeat: { hex: period.toString('hex') }, times: whole }, { hex: rest }] };
}

function fnv1a(hash: number, bytes: Uint8Array): number {
  // By index: an iterator over megabytes takes a second.
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}

/** A Request frame for a method of the service; flags as the shape wants them unless given. */
export function request(
  id: number,
  method: string,
  payload?: Bytes,
  more: Omit<RequestSpec, 'payload'> & { flags?: number } = {},
): FrameSpec {
  const { flags, ...envelope } = more;
  const spec: RequestSpec = { service: INTEROP, method, ...envelope };
  if (payload !== undefined) spec.payload = payload;
  return { id, type: REQUEST, flags: flags ?? USUAL_FLAGS.get(method) ?? 0, data: { request: spec } };
}

/** The flags that go with a method's shape (PROTOCOL.md, "Call shapes"); 0 for unary ones. */
const USUAL_FLAGS = new Map([
  ['ServerStream', REMOTE_CLOSED],
  ['NothingServerStream', REMOTE_CLOSED],
  ['ClientStream', REMOTE_OPEN | NO_DATA],
  ['NothingClientStream', REMOTE_OPEN | NO_DATA],
  ['Bidi', REMOTE_OPEN | NO_DATA],
  ['NothingStream', REMOTE_OPEN | NO_DATA],
]);

/** A Data frame with a message; nothing is written for the empty one. */
export function data(id: number, payload?: Bytes, flags = 0): FrameSpec {
  return payload === undefined ? { id, type: DATA, flags } : { id, type: DATA, flags, data: payload };
}

/** The frame that closes a side: Data[remote-closed, no-data]. */
export function close(id: number): FrameSpec {
  return { id, type: DATA, flags: REMOTE_CLOSED | NO_DATA };
}

// What must come back

/** A Response with status OK and this message. */
export function ok(id: number, payload: Bytes = { hex: '' }): FrameMatch {
  return { id, ok: payload };
}

/** A Response with this error. */
export function failed(
  id: number,
  code: StatusMatch['code'],
  text: StatusMatch['message'],
  details?: StatusMatch['details'],
): FrameMatch {
  return { id, error: { code, message: text, ...(details === undefined ? {} : { details }) } };
}

/** A Data frame with this message. */
export function item(id: number, payload: Bytes = { hex: '' }): FrameMatch {
  return { id, data: payload };
}

/** The end of a response stream: Data[remote-closed, no-data] without a payload. */
export function ended(id: number): FrameMatch {
  return { id, data: { hex: '' }, flags: REMOTE_CLOSED | NO_DATA };
}

const PROBE_MESSAGE = { seq: 7, body: { text: 'still there?' } };

/** The unary call that shows that a connection is usable, and its response. */
export const PROBE: { request: RequestSpec; answer: Bytes } = {
  request: { service: INTEROP, method: 'Unary', payload: message(PROBE_MESSAGE) },
  answer: reply({ ...PROBE_MESSAGE, received: [PROBE_MESSAGE] }),
};

/** What Unary answers to a message that asks for nothing special. */
export function echoed(spec: { seq?: number; body?: Bytes }): Bytes {
  return reply({ ...spec, received: [spec] });
}
