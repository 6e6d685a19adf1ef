import type { Pair, Reason } from '../case.js';
import type { TestCall } from '../peer.js';

/** One of gRPC's interoperability cases: calls made one after the other. */
export interface GrpcCase {
  /** gRPC's name of the case, and what part of it where it is split. */
  name: string;
  calls: readonly CaseCall[];
  /** Pairs of peers that cannot do this at all. They are counted as not applicable, never as passed. */
  without?: readonly (Pair & Reason)[];
  /** Pairs whose server does not tell a handler that its client is gone: that is not awaited. */
  leaves?: readonly (Pair & Reason)[];
}

/** One call and how it ends. */
export interface CaseCall {
  call: TestCall;
  /**
   * The client cancels: once the handler has begun, or once the first response is there. Such a call has a connection
   * of its own, since its end is the only cancel that ttrpc has; the server's handler must learn of it.
   */
  cancel?: 'after begin' | 'after the first response';
  expect: ExpectedEnd;
  /** Other ends in some directions: what differs from `expect`. The first that matches counts. */
  differs?: readonly (Pair & Reason & { expect: Partial<ExpectedEnd> })[];
}

/** How a call ends. */
export interface ExpectedEnd {
  /** Several: any of them. */
  status: number | readonly number[];
  /** Exactly this one; absent: any. */
  message?: string;
  /** Sizes of the bodies of all responses, in order, in bytes. Default: no response. */
  responses?: readonly number[];
  /** Of StreamingInputCall. */
  aggregatedPayloadSize?: number;
  /** What the server says to have received. Default: nothing. */
  echoed?: Readonly<Record<string, readonly string[]>>;
}
