import { TtrpcError } from '../core/errors.js';
import { TtrpcMetadata } from '../core/metadata.js';
import { errorCode, TtrpcStatus, type StatusDetail, type StatusObject } from '../core/status.js';
import {
  copyBytes,
  EMPTY,
  FieldReader,
  utf8,
  utf8Bytes,
  varintSize,
  WireType,
  writeVarint,
  writeVarint64,
} from './wire.js';
import type { WriteArena } from './message-codec.js';

// Tags of the envelope's fields: field number << 3 | wire type (PROTOCOL.md, "Envelope").
const SERVICE = (1 << 3) | WireType.Bytes;
const METHOD = (2 << 3) | WireType.Bytes;
const PAYLOAD = (3 << 3) | WireType.Bytes;
const TIMEOUT = (4 << 3) | WireType.Varint;
const METADATA = (5 << 3) | WireType.Bytes;
const KEY = (1 << 3) | WireType.Bytes;
const VALUE = (2 << 3) | WireType.Bytes;
const STATUS = (1 << 3) | WireType.Bytes;
const ANSWER = (2 << 3) | WireType.Bytes;
const CODE = (1 << 3) | WireType.Varint;
const MESSAGE = (2 << 3) | WireType.Bytes;
const DETAIL = (3 << 3) | WireType.Bytes;
const TYPE_URL = (1 << 3) | WireType.Bytes;
const DETAIL_VALUE = (2 << 3) | WireType.Bytes;

/** The tag in front of the payload of a Request envelope. */
export const REQUEST_PAYLOAD_TAG = PAYLOAD;
/** The tag in front of the payload of a Response envelope. */
export const RESPONSE_PAYLOAD_TAG = ANSWER;

/** What a pair of metadata takes in memory beside its bytes, about. */
const PAIR_OVERHEAD_BYTES = 256;

/** What a status detail takes in memory beside its bytes, about. */
const DETAIL_OVERHEAD_BYTES = 128;

/** Ten bytes hold any varint. */
const MAX_VARINT_BYTES = 10;

/**
 * A Request envelope read in place. One object serves all requests of a server: its offsets point into the buffer
 * that was parsed last and mean nothing after that.
 */
export class RequestEnvelope {
  serviceStart = 0;
  serviceEnd = 0;
  methodStart = 0;
  methodEnd = 0;
  payloadStart = 0;
  payloadEnd = 0;
  /** Nanoseconds that the call may take; 0 is no limit, negative means that its time is up. */
  timeoutNano = 0;
  /** Undefined when the request carries none. */
  metadata: TtrpcMetadata | undefined;
  /** What the metadata takes in memory, about. */
  metadataBytes = 0;
  readonly #fields = new FieldReader();
  readonly #maxMetadataBytes: number;

  /** `maxMetadataBytes` limits the encoded metadata of a request. */
  constructor(maxMetadataBytes = Infinity) {
    this.#maxMetadataBytes = maxMetadataBytes;
  }

  /**
   * Reads `buf[start, end)`; a repeated field's last value counts. Raises an Error that says what is wrong, and
   * RESOURCE_EXHAUSTED for more metadata than the limit.
   */
  parse(buf: Uint8Array, start: number, end: number): void {
    const fields = this.#fields;
    fields.reset(buf, start, end);
    this.serviceStart = this.serviceEnd = this.methodStart = this.methodEnd = start;
    this.payloadStart = this.payloadEnd = end;
    this.timeoutNano = 0;
    this.metadata = undefined;
    this.metadataBytes = 0;
    let metadataBytes = 0;
    for (let tag = fields.tag(); tag !== 0; tag = fields.tag()) {
      switch (tag) {
        case SERVICE:
          this.serviceEnd = fields.length();
          this.serviceStart = fields.pos;
          fields.pos = this.serviceEnd;
          break;
        case METHOD:
          this.methodEnd = fields.length();
          this.methodStart = fields.pos;
          fields.pos = this.methodEnd;
          break;
        case PAYLOAD:
          this.payloadEnd = fields.length();
          this.payloadStart = fields.pos;
          fields.pos = this.payloadEnd;
          break;
        case TIMEOUT:
          fields.varint();
          this.timeoutNano = fields.int64;
          break;
        case METADATA:
          this.metadata ??= new TtrpcMetadata();
          metadataBytes += this.#readPair(this.metadata);
          if (metadataBytes > this.#maxMetadataBytes) {
            const limit = `the maximum of ${this.#maxMetadataBytes} bytes`;
            throw new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, `the metadata of the request exceeds ${limit}`, {
              limit: 'maxMetadataBytes',
            });
          }
          break;
        default:
          fields.skip(tag);
      }
    }
  }

  /** The service's name in the buffer that was parsed. Raises an Error when it is not UTF-8. */
  serviceIn(buf: Uint8Array): string {
    return utf8(buf, this.serviceStart, this.serviceEnd);
  }

  /** The method's name in the buffer that was parsed. Raises an Error when it is not UTF-8. */
  methodIn(buf: Uint8Array): string {
    return utf8(buf, this.methodStart, this.methodEnd);
  }

  /** Reads a pair and gives the bytes that it takes. */
  #readPair(metadata: TtrpcMetadata): number {
    const fields = this.#fields;
    const outerEnd = fields.end;
    const stop = fields.length();
    const size = stop - fields.pos;
    fields.end = stop;
    let key = '';
    let value = '';
    for (let tag = fields.tag(); tag !== 0; tag = fields.tag()) {
      if (tag === KEY) key = fields.string();
      else if (tag === VALUE) value = fields.string();
      else fields.skip(tag);
    }
    fields.end = outerEnd;
    // A pair without a key can be asked for by nobody.
    if (key === '') return size;
    metadata.append(key, value);
    this.metadataBytes += size + PAIR_OVERHEAD_BYTES;
    return size;
  }
}

/** A Response envelope read in place; see {@link RequestEnvelope}. */
export class ResponseEnvelope {
  payloadStart = 0;
  payloadEnd = 0;
  /** Undefined for OK, also where the peer sent code 0. */
  status: StatusObject | undefined;
  /** True when the status was above the limit: its details are left out and its message is cut. */
  statusCut = false;
  readonly #fields = new FieldReader();
  readonly #maxStatusBytes: number;
  /** What the status may still take. */
  #room = 0;

  /** `maxStatusBytes` limits a status: its message and its details, with 128 bytes more for each of these. */
  constructor(maxStatusBytes = Infinity) {
    this.#maxStatusBytes = maxStatusBytes;
  }

  /** Reads `buf[start, end)`. Raises an Error that says what is wrong. */
  parse(buf: Uint8Array, start: number, end: number): void {
    const fields = this.#fields;
    fields.reset(buf, start, end);
    this.payloadStart = this.payloadEnd = end;
    this.statusCut = false;
    this.#room = this.#maxStatusBytes;
    let status: StatusObject | undefined;
    for (let tag = fields.tag(); tag !== 0; tag = fields.tag()) {
      if (tag === ANSWER) {
        this.payloadEnd = fields.length();
        this.payloadStart = fields.pos;
        fields.pos = this.payloadEnd;
      } else if (tag === STATUS) {
        status = this.#readStatus(status);
      } else {
        fields.skip(tag);
      }
    }
    this.status = status && status.code !== 0 ? { ...status, code: errorCode(status.code) } : undefined;
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
    for (let tag = fields.tag(); tag !== 0; tag = fields.tag()) {
      if (tag === CODE) {
        fields.varint();
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

function readDetail(fields: FieldReader): StatusDetail {
  const outerEnd = fields.end;
  const stop = fields.length();
  fields.end = stop;
  const detail: StatusDetail = { typeUrl: '', value: EMPTY };
  for (let tag = fields.tag(); tag !== 0; tag = fields.tag()) {
    if (tag === TYPE_URL) detail.typeUrl = fields.string();
    else if (tag === DETAIL_VALUE) {
      const end = fields.length();
      detail.value = copyBytes(fields.buf, fields.pos, end);
      fields.pos = end;
    } else fields.skip(tag);
  }
  fields.end = outerEnd;
  return detail;
}

/** The bytes with which every request to one method begins: its service and method name. Made once for each method. */
export function requestPrefix(service: string, method: string): Uint8Array {
  const names = [utf8Bytes(service), utf8Bytes(method)] as const;
  const prefix = new Uint8Array(names[0].length + names[1].length + 2 * (1 + MAX_VARINT_BYTES));
  let at = writeBytesField(prefix, 0, SERVICE, names[0]);
  at = writeBytesField(prefix, at, METHOD, names[1]);
  return prefix.subarray(0, at);
}

/** Appends the deadline and the metadata of a request. `timeoutNano` 0 writes none. */
export function writeRequestTail(out: WriteArena, timeoutNano: number, metadata: TtrpcMetadata | undefined): void {
  if (timeoutNano > 0) {
    out.reserve(1 + MAX_VARINT_BYTES);
    out.buf[out.pos] = TIMEOUT;
    out.pos = writeVarint64(out.buf, out.pos + 1, timeoutNano);
  }
  if (metadata === undefined) return;
  for (const [key, value] of metadata.entries()) {
    const keyBytes = utf8Bytes(key);
    const valueBytes = utf8Bytes(value);
    const size = fieldSize(keyBytes.length) + fieldSize(valueBytes.length);
    out.reserve(fieldSize(size));
    out.buf[out.pos] = METADATA;
    let at = writeVarint(out.buf, out.pos + 1, size);
    at = writeBytesField(out.buf, at, KEY, keyBytes);
    out.pos = writeBytesField(out.buf, at, VALUE, valueBytes);
  }
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

function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

function writeBytesField(buf: Uint8Array, at: number, tag: number, bytes: Uint8Array): number {
  buf[at] = tag;
  const start = writeVarint(buf, at + 1, bytes.length);
  buf.set(bytes, start);
  return start + bytes.length;
}
