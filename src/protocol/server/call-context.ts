import type { TtrpcMetadata } from '../core/metadata.js';
import type { Peer } from './peer.js';

/** What a raw handler may know of its call. */
export interface RawContext {
  /** Qualified name of the service (`demo.v1.Greeter`). */
  readonly service: string;
  /** Name of the rpc (`SayHello`). */
  readonly method: string;
  /** The request's metadata; empty when it carried none. */
  readonly metadata: TtrpcMetadata;
  /** When the client stops waiting, if it said so. */
  readonly deadline: Date | undefined;
  /**
   * Aborts when the call ends before the handler has ended it; its reason is a TtrpcError. A listener that throws, or
   * rejects, is a warning of the process and no uncaught exception.
   */
  readonly signal: AbortSignal;
  /** Who calls. */
  readonly peer: Peer;
}
