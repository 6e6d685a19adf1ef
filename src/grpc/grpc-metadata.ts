import { TtrpcMetadata } from '../protocol/core/metadata.js';

/** A value of metadata: bytes where the key ends in `-bin`, else a text. */
export type GrpcMetadataValue = string | Buffer;

/** What a caller may pass as metadata: grpc-js's `Metadata`, or {@link TtrpcGrpcMetadata}. */
export interface GrpcMetadataLike {
  get(key: string): readonly GrpcMetadataValue[];
  getMap(): Record<string, GrpcMetadataValue>;
}

/**
 * Metadata with the methods of grpc-js's `Metadata`: keys are lower-case, a key has one or several values, and the values
 * of keys that end in `-bin` are bytes, which travel as base64.
 */
export class TtrpcGrpcMetadata implements GrpcMetadataLike {
  #values: TtrpcMetadata | undefined;
  readonly #received: { readonly metadata: TtrpcMetadata } | undefined;

  /** Empty, or what a call has received: that is copied when it is first read. */
  constructor(received?: { readonly metadata: TtrpcMetadata }) {
    this.#received = received;
  }

  /** The metadata as ttrpc sends them. */
  get ttrpc(): TtrpcMetadata {
    return (this.#values ??= new TtrpcMetadata(this.#received?.metadata));
  }

  /** All values of `key`; empty where there are none. */
  get(key: string): GrpcMetadataValue[] {
    return this.ttrpc.getAll(key).map((text) => decoded(key, text));
  }

  /** The first value of each key. */
  getMap(): Record<string, GrpcMetadataValue> {
    const map = Object.create(null) as Record<string, GrpcMetadataValue>;
    for (const [key, text] of this.ttrpc) map[key] ??= decoded(key, text);
    return map;
  }

  /** Replaces all values of `key`. @throws TypeError for a value that does not fit the key */
  set(key: string, value: GrpcMetadataValue): void {
    this.ttrpc.set(key, encoded(key, value));
  }

  /** Adds a value of `key`. @throws TypeError for a value that does not fit the key */
  add(key: string, value: GrpcMetadataValue): void {
    this.ttrpc.append(key, encoded(key, value));
  }

  /** Removes all values of `key`. */
  remove(key: string): void {
    this.ttrpc.delete(key);
  }

  /** A copy of its own. */
  clone(): TtrpcGrpcMetadata {
    return new TtrpcGrpcMetadata({ metadata: this.ttrpc });
  }

  /** Adds all values of `other`. */
  merge(other: GrpcMetadataLike): void {
    for (const [key, value] of pairsOf(other)) this.ttrpc.append(key, value);
  }

  /** A plain view for logs. */
  toJSON(): Record<string, GrpcMetadataValue[]> {
    const json = Object.create(null) as Record<string, GrpcMetadataValue[]>;
    for (const key of Object.keys(this.getMap())) json[key] = this.get(key);
    return json;
  }
}

/** True for what has the methods of grpc-js's `Metadata`, of whatever copy. */
export function isMetadata(value: unknown): value is GrpcMetadataLike {
  const { get, getMap } = (value ?? {}) as Partial<GrpcMetadataLike>;
  return typeof get === 'function' && typeof getMap === 'function';
}

/** The pairs that ttrpc sends for `metadata`. @throws TypeError for a value that does not fit its key */
export function* pairsOf(metadata: GrpcMetadataLike): Iterable<readonly [string, string]> {
  for (const key of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(key)) yield [key, encoded(key, value)];
  }
}

function isBinary(key: string): boolean {
  return key.toLowerCase().endsWith('-bin');
}

function decoded(key: string, text: string): GrpcMetadataValue {
  return isBinary(key) ? Buffer.from(text, 'base64') : text;
}

function encoded(key: string, value: unknown): string {
  if (isBinary(key)) {
    if (ArrayBuffer.isView(value)) {
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    }
    throw new TypeError(`metadata "${key}": expected bytes, since the key ends in -bin; got ${typeof value}`);
  }
  if (typeof value === 'string') return value;
  throw new TypeError(`metadata "${key}": expected a string, got ${typeof value}`);
}
