import { errorCode, type StatusDetail, type StatusObject } from '../core/status.js';
import { fieldSize, MAX_ENVELOPE_DEPTH, writeBytesField } from './envelope-fields.js';
import type { WriteArena } from './message-codec.js';
import { ProtobufReader } from './protobuf-reader.js';
import { copyBytes, EMPTY, utf8, utf8Bytes, varintSize, WireType, writeVarint } from './wire.js';

// Tags of the envelope's fields: field number << 3 | wire type (PROTOCOL.md, "Envelope").
const STATUS = (1 << 3) | WireType.Bytes;
const PAYLOAD = (2 << 3) | WireType.Bytes;
const CODE = (1 << 3) | WireType.Varint;
const MESSAGE = (2 << 3) | WireType.Bytes;
const DETAIL = (3 << 3) | WireType.Bytes;
const TYPE_URL = (1 << 3) | WireType.Bytes;
const DETAIL_VALUE = (2 << 3) | WireType.Bytes;

/** The tag in front of the payload of a Response envelope. */
export const RESPONSE_PAYLOAD_TAG = PAYLOAD;

/** What a status detail takes in memory beside its bytes, about. */
const DETAIL_OVERHEAD_BYTES = 128;

/** A Response envelope read in place; as `RequestEnvelope`: its offsets mean nothing after the next one. */
export class ResponseEnvelope {
  payloadStart = 0;
  payloadEnd = 0;
  /** Undefined for OK, also where the peer sent code 0. Its code is what the peer sent, be it any. */
  status: StatusObject | undefined;
  /** True when the status was above the limit: its details are left out and its message is cut. */
  statusCut = false;
  readonly #fields = new ProtobufReader();
  readonly #maxStatusBytes: number;
  /** What the status may still take. */
  #room = 0;

  /** `maxStatusBytes` limits a status: its message and its details, with 128 bytes more for each of these. */
  constructor(maxStatusBytes = Infinity) {
    this.#maxStatusBytes = maxStatusBytes;
  }

  /** Reads `buf[start, end)`. @throws {Error} that says what is wrong */
  parse(buf: Uint8Array, start: number, end: number): void {
    const fields = this.#fields;
    fields.begin(buf, start, end, 0, MAX_ENVELOPE_DEPTH, undefined);
    this.payloadStart = this.payloadEnd = end;
    this.statusCut = false;
    this.#room = this.#maxStatusBytes;
    let status: StatusObject | undefined;
    while (fields.pos < fields.end) {
      const tag = fields.tag();
      if (tag === PAYLOAD) {
        this.payloadEnd = fields.length();
        this.payloadStart = fields.pos;
        fields.pos = this.payloadEnd;
      } else if (tag === STATUS) {
        status = this.#readStatus(status);
      } else {
        fields.skip(tag);
      }
    }
    this.status = status && status.code !== 0 ? status : undefined;
  }

  /** Reads a status. One that stands twice is put together with the one `before`: an error must not become OK by it. */
  #readStatus(before: StatusObject | undefined): StatusObject {
    const fields = this.#fields;
    const outerEnd = fields.end;
    const stop = fields.length();
    fields.end = stop;
    let code = before?.code ?? 0;
    let message = before?.message ?? '';
    let details = before?.details as StatusDetail[] | undefined;
    while (fields.pos < fields.end) {
      const tag = fields.tag();
      if (tag === CODE) {
        fields.varint64();
        code = fields.low | 0;
      } else if (tag === MESSAGE) message = this.#readMessage();
      else if (tag !== DETAIL) fields.skip(tag);
      else if (this.#hasRoomForDetail()) (details ??= []).push(readDetail(fields));
      else fields.skip(tag);
    }
    fields.end = outerEnd;
    return { code, message, details: this.statusCut ? undefined : details };
  }

  #readMessage(): string {
    const fields = this.#fields;
    const end = fields.length();
    const { buf, pos } = fields;
    let cut = Math.min(end, pos + this.#room);
    // Not within a character.
    while (cut > pos && cut < end && ((buf[cut] as number) & 0xc0) === 0x80) cut--;
    if (cut < end) this.statusCut = true;
    this.#room -= cut - pos;
    fields.pos = end;
    return utf8(buf, pos, cut);
  }

  /** Looks at the detail that stands next and takes the room for it. */
  #hasRoomForDetail(): boolean {
    const fields = this.#fields;
    const { pos } = fields;
    const bytes = fields.length() - fields.pos + DETAIL_OVERHEAD_BYTES;
    fields.pos = pos;
    if (bytes > this.#room) this.statusCut = true;
    else this.#room -= bytes;
    return !this.statusCut;
  }
}

function readDetail(fields: ProtobufReader): StatusDetail {
  const outerEnd = fields.end;
  const stop = fields.length();
  fields.end = stop;
  const detail: StatusDetail = { typeUrl: '', value: EMPTY };
  while (fields.pos < fields.end) {
    const tag = fields.tag();
    if (tag === TYPE_URL) detail.typeUrl = fields.string(true);
    else if (tag === DETAIL_VALUE) {
      const end = fields.length();
      detail.value = copyBytes(fields.buf, fields.pos, end);
      fields.pos = end;
    } else fields.skip(tag);
  }
  fields.end = outerEnd;
  return detail;
}

/** Appends the status field of a Response envelope. */
export function writeStatus(out: WriteArena, status: StatusObject): void {
  const code = errorCode(status.code);
  const message = utf8Bytes(status.message);
  const details = (status.details ?? []).map((detail) => ({ url: utf8Bytes(detail.typeUrl), value: detail.value }));
  let size = 1 + varintSize(code) + (message.length > 0 ? fieldSize(message.length) : 0);
  for (const { url, value } of details) size += fieldSize(fieldSize(url.length) + fieldSize(value.length));
  out.reserve(fieldSize(size));
  const { buf } = out;
  buf[out.pos] = STATUS;
  let at = writeVarint(buf, out.pos + 1, size);
  buf[at] = CODE;
  at = writeVarint(buf, at + 1, code);
  if (message.length > 0) at = writeBytesField(buf, at, MESSAGE, message);
  for (const { url, value } of details) {
    buf[at] = DETAIL;
    at = writeVarint(buf, at + 1, fieldSize(url.length) + fieldSize(value.length));
    at = writeBytesField(buf, at, TYPE_URL, url);
    at = writeBytesField(buf, at, DETAIL_VALUE, value);
  }
  out.pos = at;
}
