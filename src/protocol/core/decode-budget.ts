import { TtrpcError } from './errors.js';
import { TtrpcStatus } from './status.js';

/**
 * Where a codec reports the memory it allocates while it decodes. A message of 4 MiB can take a hundred times as much
 * once it is decoded, so the limit applies to the decoded size.
 */
export interface DecodeBudget {
  /**
   * Counts `bytes` of memory that the decoded message takes: objects, arrays, strings, copies of bytes. Call it before
   * allocating; sum up small allocations. An estimate is enough, and it may leave out what is no larger than the bytes
   * that were read for it.
   * @throws {TtrpcError} RESOURCE_EXHAUSTED when a limit would be exceeded; the codec must not catch it.
   */
  take(bytes: number): void;
}

/** The options of a server or client that limit the memory of decoded messages, in bytes. */
export interface DecodeLimits {
  /** For one decoded message. */
  readonly maxDecodedMessageBytes: number;
  /** For all decoded requests in flight, on all connections together. */
  readonly maxDecodedBytesPerServer: number;
}

/** Decoded messages up to this size, in bytes, are not counted while their calls are in flight: `maxConcurrentCalls` limits them. */
export const FREE_DECODED_BYTES = 16 * 1024;

/**
 * Counts what the codecs of one server allocate. Decoding is synchronous, so one account serves all messages in turn and
 * none needs an object of its own: {@link begin}, decode, then {@link keep} and, later, {@link give}.
 */
export class DecodeAccount implements DecodeBudget {
  #message = 0;
  #used = 0;

  /** Starts with nothing in use. */
  constructor(private readonly limits: DecodeLimits) {}

  /** Bytes kept for calls in flight. */
  get used(): number {
    return this.#used;
  }

  /** What the codec has counted since {@link begin}. */
  get message(): number {
    return this.#message;
  }

  /** Starts counting the next message. */
  begin(): void {
    this.#message = 0;
  }

  /** As {@link DecodeBudget.take}. */
  take(bytes: number): void {
    const message = (this.#message += bytes);
    if (message <= FREE_DECODED_BYTES) return;
    const { maxDecodedMessageBytes, maxDecodedBytesPerServer } = this.limits;
    if (message > maxDecodedMessageBytes) {
      const text = `the decoded message takes more than the limit of ${maxDecodedMessageBytes} bytes`;
      throw new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, text, { limit: 'maxDecodedMessageBytes' });
    }
    if (this.#used + message > maxDecodedBytesPerServer) {
      const text =
        `decoded requests of ${this.#used} bytes are in flight; ` +
        `${message} more exceed the limit of ${maxDecodedBytesPerServer} bytes`;
      throw new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, text, { limit: 'maxDecodedBytesPerServer' });
    }
  }

  /** Keeps `bytes` for a message that stays in use. Returns what to give back later: 0 for a small message. */
  keep(bytes: number): number {
    if (bytes <= FREE_DECODED_BYTES) return 0;
    this.#used += bytes;
    return bytes;
  }

  /** Gives back the `bytes` that {@link keep} returned. */
  give(bytes: number): void {
    this.#used -= bytes;
  }
}
