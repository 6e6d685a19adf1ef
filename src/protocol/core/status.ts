/** The status codes of google.rpc.Code, by number. ttrpc peers understand 0 to 16 only. */
export enum TtrpcStatus {
  OK = 0,
  CANCELLED = 1,
  UNKNOWN = 2,
  INVALID_ARGUMENT = 3,
  DEADLINE_EXCEEDED = 4,
  NOT_FOUND = 5,
  ALREADY_EXISTS = 6,
  PERMISSION_DENIED = 7,
  RESOURCE_EXHAUSTED = 8,
  FAILED_PRECONDITION = 9,
  ABORTED = 10,
  OUT_OF_RANGE = 11,
  UNIMPLEMENTED = 12,
  INTERNAL = 13,
  UNAVAILABLE = 14,
  DATA_LOSS = 15,
  UNAUTHENTICATED = 16,
}

/** One google.protobuf.Any of a status: a message with the name of its type. */
export interface StatusDetail {
  /** `type.googleapis.com/` and the qualified name of the message type, as a rule. */
  typeUrl: string;
  /** The encoded message. */
  value: Uint8Array;
}

/** The google.rpc.Status that ends a failed call. */
export interface StatusObject {
  /** 1 to 16; see {@link TtrpcStatus}. */
  code: number;
  message: string;
  details?: readonly StatusDetail[] | undefined;
}

/**
 * The code to send for an error, or the code of a received error: anything outside 1 to 16 becomes UNKNOWN (2), since
 * Rust's peer would read it as OK (PROTOCOL.md, "Envelope").
 */
export function errorCode(code: unknown): TtrpcStatus {
  return typeof code === 'number' && Number.isInteger(code) && code >= 1 && code <= 16 ? code : TtrpcStatus.UNKNOWN;
}

/** The name of a code (`NOT_FOUND`), or `Code(17)`, as Go writes it, where it has none. */
export function statusName(code: number): string {
  return TtrpcStatus[code] ?? `Code(${code >>> 0})`;
}
