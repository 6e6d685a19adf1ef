import type { MessageCodec } from '../protocol/wire/message-codec.js';

/** google.protobuf.Timestamp as it is decoded. */
interface Timestamp {
  seconds: bigint;
  nanos: number;
}

/**
 * What may be given where a message is sent: fields may be missing (a missing one has its default value), a 64-bit integer
 * may be a number or a decimal string, a Timestamp a Date.
 */
export type MessageInit<T> = T extends bigint
  ? bigint | number | string
  : T extends Uint8Array | string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly MessageInit<Item>[]
      : T extends Timestamp
        ? Partial<{ seconds: bigint | number | string; nanos: number }> | Date
        : { readonly [Name in keyof T]?: MessageInit<T[Name]> | undefined };

/** An rpc of a service whose messages have these types: what is decoded is whole, what is sent may lack fields. */
export interface Rpc<Request, Response> {
  /** As the .proto file spells it. */
  readonly name: string;
  readonly shape: 'unary';
  /** What callers send. */
  readonly request: MessageCodec<Request, MessageInit<Request>>;
  /** What handlers give. */
  readonly response: MessageCodec<Response, MessageInit<Response>>;
}
