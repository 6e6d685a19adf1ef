import { TtrpcError } from './errors.js';
import { TtrpcStatus } from './status.js';

/**
 * What a codec tells while it decodes: how much memory it makes. A message of 4 MiB can become a hundred times as much,
 * so the limit is on what decoding makes, not on what came.
 */
export interface DecodeBudget {
  /**
   * Counts `bytes` of memory that the message takes once it is decoded: objects, arrays, strings, copies of bytes. Call
   * it before the memory is made, and for what is small in sums. An estimate is enough; it may leave out what is no larger
   * than the bytes that were read for it.
   * @throws TtrpcError RESOURCE_EXHAUSTED when a limit does not allow it; the codec lets it pass as it is.
   */
  take(bytes: number): void;
}

/** The options of a server, or client, that limit what decoding makes, in bytes. */
export interface DecodeLimits {
  /** The memory of one decoded message. */
  readonly maxDecodedMessageBytes: number;
  /** The memory of the decoded requests that are in flight on all connections together. */
  readonly maxDecodedBytesPerServer: number;
}

/** Up to so many bytes a decoded message is not counted while its call is in flight: those are limited by number. */
export const FREE_DECODED_BYTES = 16 * 1024;

/**
 * The account into which one server's codecs book. Decoding is synchronous, so one account serves all messages, one after
 * the other, without an object for each: {@link begin}, decode, then {@link keep} and, later, {@link give}.
 */
export class DecodeAccount implements DecodeBudget {
  #message = 0;
  #used = 0;

  /** Nothing is in use. */
  constructor(private readonly limits: DecodeLimits) {}

  /** Bytes that are kept for calls in flight. */
  get used(): number {
    return this.#used;
  }

  /** What the codec has counted since {@link begin}. */
  get message(): number {
    return this.#message;
  }

  /** A message is about to be decoded. */
  begin(): void {
    this.#message = 0;
  }

  /** As {@link DecodeBudget.take}. */
  take(bytes: number): void {
    const message = (this.#message += bytes);
    if (message <= FREE_DECODED_BYTES) return;
    const { maxDecodedMessageBytes, maxDecodedBytesPerServer } = this.limits;
    if (message > maxDecodedMessageBytes) {
      const text = `the decoded message takes more than ${maxDecodedMessageBytes} bytes, the limit`;
      throw new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, text, { limit: 'maxDecodedMessageBytes' });
    }
    if (this.#used + message > maxDecodedBytesPerServer) {
      const text =
        `decoded requests of ${this.#used} bytes are in flight; ` +
        `${message} more exceed the limit of ${maxDecodedBytesPerServer} bytes`;
      throw new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, text, { limit: 'maxDecodedBytesPerServer' });
    }
  }

  /** Keeps `bytes` for a message that stays in use; returns what is to be given back: nothing for a small one. */
  keep(bytes: number): number {
    if (bytes <= FREE_DECODED_BYTES) return 0;
    this.#used += bytes;
    return bytes;
  }

  /** Gives `bytes` back that {@link keep} returned. */
  give(bytes: number): void {
    this.#used -= bytes;
  }
}
