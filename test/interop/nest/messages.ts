/** The messages of interop.proto as Nest's side has them: 64-bit integers as numbers, defaults filled in. */

/** A google.protobuf.Any, named as protobufjs or as its JSON names it. */
export interface AnyMessage {
  type_url?: string;
  typeUrl?: string;
  value: Uint8Array;
}

/** Request. */
export interface RequestMessage {
  seq: number;
  body: Uint8Array;
  replyCount: number;
  replyBytes: number;
  delayMs: number;
  fail: { code: number; message: string; details: AnyMessage[]; after: number } | null;
}

/** Reply. */
export interface ReplyMessage {
  seq: number;
  body: Uint8Array;
  count: number;
  totalBytes: number;
  checksum: number;
  metadata: { key: string; value: string }[];
  timeoutMs: number;
}

/** How both sides read and write them. */
export const loader = { longs: Number, defaults: true };

/**
 * `message` without the fields that have their default value. Our codec writes what is set, so only these messages have
 * the sizes that sizes.ts computes, and only these can be of no bytes.
 */
export function sparse<T extends object>(message: T): Partial<T> {
  const set = ([, value]: [string, unknown]): boolean =>
    value !== 0 && value !== null && !(typeof value === 'object' && 'length' in value && value.length === 0);
  return Object.fromEntries(Object.entries(message).filter(set)) as Partial<T>;
}
