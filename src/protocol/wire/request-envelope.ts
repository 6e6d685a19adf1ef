import { TtrpcError } from '../core/errors.js';
import { TtrpcMetadata } from '../core/metadata.js';
import { TtrpcStatus } from '../core/status.js';
import { fieldSize, MAX_ENVELOPE_DEPTH, writeBytesField } from './envelope-fields.js';
import type { WriteArena } from './message-codec.js';
import { ProtobufReader } from './protobuf-reader.js';
import { utf8, utf8Bytes, WireType, writeVarint, writeVarint64 } from './wire.js';

// Tags of the envelope's fields: field number << 3 | wire type (PROTOCOL.md, "Envelope").
const SERVICE = (1 << 3) | WireType.Bytes;
const METHOD = (2 << 3) | WireType.Bytes;
const PAYLOAD = (3 << 3) | WireType.Bytes;
const TIMEOUT = (4 << 3) | WireType.Varint;
const METADATA = (5 << 3) | WireType.Bytes;
const KEY = (1 << 3) | WireType.Bytes;
const VALUE = (2 << 3) | WireType.Bytes;

/** The tag in front of the payload of a Request envelope. */
export const REQUEST_PAYLOAD_TAG = PAYLOAD;

/** What a pair of metadata takes in memory beside its bytes, about. */
const PAIR_OVERHEAD_BYTES = 256;

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
  /** Nanoseconds that the call may take; 0 for no limit, negative when its deadline has passed. */
  timeoutNano = 0;
  /** Undefined when the request carries none. */
  metadata: TtrpcMetadata | undefined;
  /** What the metadata takes in memory, about. */
  metadataBytes = 0;
  readonly #fields = new ProtobufReader();
  readonly #maxMetadataBytes: number;

  /** `maxMetadataBytes` limits the encoded metadata of a request. */
  constructor(maxMetadataBytes = Infinity) {
    this.#maxMetadataBytes = maxMetadataBytes;
  }

  /**
   * Reads `buf[start, end)`; a repeated field's last value counts.
   * @throws {Error} that says what is wrong, and RESOURCE_EXHAUSTED for more metadata than the limit
   */
  parse(buf: Uint8Array, start: number, end: number): void {
    const fields = this.#fields;
    fields.begin(buf, start, end, 0, MAX_ENVELOPE_DEPTH, undefined);
    this.serviceStart = this.serviceEnd = this.methodStart = this.methodEnd = start;
    this.payloadStart = this.payloadEnd = end;
    this.timeoutNano = 0;
    this.metadata = undefined;
    this.metadataBytes = 0;
    let metadataBytes = 0;
    while (fields.pos < fields.end) {
      const tag = fields.tag();
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
          fields.varint64();
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

  /** The service's name in the buffer that was parsed. @throws {Error} when it is not UTF-8 */
  serviceIn(buf: Uint8Array): string {
    return utf8(buf, this.serviceStart, this.serviceEnd);
  }

  /** The method's name in the buffer that was parsed. @throws {Error} when it is not UTF-8 */
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
    while (fields.pos < fields.end) {
      const tag = fields.tag();
      if (tag === KEY) key = fields.string(true);
      else if (tag === VALUE) value = fields.string(true);
      else fields.skip(tag);
    }
    fields.end = outerEnd;
    // A pair without a key could not be looked up.
    if (key === '') return size;
    metadata.append(key, value);
    this.metadataBytes += size + PAIR_OVERHEAD_BYTES;
    return size;
  }
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
