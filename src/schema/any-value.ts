import type { StatusDetail } from '../protocol/core/status.js';
import { describe } from './codec/encode/encode-error.js';
import { SchemaError } from './schema-error.js';

/** In front of a type's name in a type URL, unless something else is wanted. */
const TYPE_URL_PREFIX = 'type.googleapis.com/';

/** How a message is packed; see {@link Schema.pack}. */
export interface PackOptions {
  /**
   * What stands in front of the type's name in the type URL: nothing, or something that ends in a slash. By default
   * `type.googleapis.com/`; containerd, for one, writes the name alone (`''`).
   */
  typeUrlPrefix?: string;
}

/** A google.protobuf.Any as a decoded message has it, whatever `loader.bytes` says; what was not sent may be missing. */
export interface DecodedAny {
  readonly type_url?: string | null;
  readonly value?: Uint8Array | string | readonly number[] | null;
}

/** A google.protobuf.Any that was decoded with `loader.json`: the message that it held. */
export interface OpenedAny {
  readonly '@type': string;
}

/** A packed message: what {@link Schema.pack} gives, a detail of an error, and a google.protobuf.Any that was decoded. */
export type PackedMessage = Readonly<StatusDetail> | DecodedAny | OpenedAny;

/** The type URL of a packed message. @throws {SchemaError} for a prefix that cannot be one */
export function typeUrlOf(typeName: string, { typeUrlPrefix = TYPE_URL_PREFIX }: PackOptions): string {
  if (typeof typeUrlPrefix === 'string' && (typeUrlPrefix === '' || typeUrlPrefix.endsWith('/'))) {
    return typeUrlPrefix + typeName;
  }
  throw new SchemaError(`typeUrlPrefix: expected '' or a string that ends in '/', got ${describe(typeUrlPrefix)}`);
}

/** True for a message that `loader.json` has unpacked already. */
export function isOpened(packed: PackedMessage): packed is OpenedAny {
  return typeof (packed as Partial<OpenedAny> | null)?.['@type'] === 'string';
}

/** The type URL and the bytes of a packed message. @throws {SchemaError} for anything else */
export function partsOf(packed: Exclude<PackedMessage, OpenedAny>): StatusDetail {
  const { typeUrl, type_url, value } = (packed ?? {}) as Partial<StatusDetail & Record<string, unknown>>;
  if (typeof typeUrl === 'string' && ArrayBuffer.isView(value)) return { typeUrl, value };
  const bytes = typeof type_url === 'string' && type_url !== '' ? bytesOf(value) : undefined;
  if (bytes !== undefined) return { typeUrl: type_url as string, value: bytes };
  const forms = '{ typeUrl: string, value: Uint8Array } or a google.protobuf.Any with type_url and value';
  throw new SchemaError(`a packed message: expected ${forms}, got ${describe(packed)}`);
}

/** An Any's value in each form that `loader.bytes` gives it; a message without fields may come without one. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value === undefined || value === null) return new Uint8Array();
  if (ArrayBuffer.isView(value)) return value as Uint8Array;
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  return Array.isArray(value) ? Uint8Array.from(value as number[]) : undefined;
}
