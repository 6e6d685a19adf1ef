import type { BurstResult, BurstSpec, CallSpec, DetailSpec, FirstReply, PeerName, ServerEvent, Sums } from './peer.js';

/** Calls of one kind in each direction: data, so that every peer runs the same ones. */
export interface Case {
  /** Unique in the list. */
  name: string;
  steps: readonly Step[];
  /** Pairs of peers that cannot do this at all. They are counted as not applicable, never as passed. */
  without?: readonly (Pair & Reason)[];
  /** Pairs whose server goes on with the calls when their client is gone, for good: nothing is awaited at the end. */
  leaves?: readonly (Pair & Reason)[];
  /** For the whole case, in ms. */
  limitMs?: number;
}

/** Some directions: those with this client, this server, or both. */
export interface Pair {
  client?: PeerName;
  server?: PeerName;
}

/** Why some directions differ: behaviour of the peer's library (limits.ts), or of ours. */
export interface Reason {
  reason: string;
}

/** What is done in a case, one after the other, on one connection unless a step opens another. */
export type Step =
  /** Makes a call and waits for its end. Without `expect` it ends as interop.proto says (model.ts). */
  | { do: 'call'; call: CallSpec; expect?: Expected; differs?: readonly Difference[] }
  /** Begins a call under a name. */
  | { do: 'start'; name: string; call: CallSpec }
  /** Waits until a begun call has got so many replies. */
  | { do: 'await-replies'; name: string; count: number }
  /** Waits for the end of a begun call. */
  | { do: 'end'; name: string; expect?: Expected; differs?: readonly Difference[] }
  | { do: 'cancel'; name: string }
  | { do: 'burst'; burst: BurstSpec; expect: ExpectedBurst }
  /** Waits until this has happened to a call at the server. */
  | ({ do: 'await-event'; method: string; seq: number; without?: readonly (Pair & Reason)[] } & Pick<
      ServerEvent,
      'event' | 'cause'
    >)
  /** Ends the server's connections from the server's side: whole, or only the sending side. */
  | { do: 'server'; action: 'drop-connections' | 'half-close' }
  /** Ends the client's connection from the client's side, or opens another one for the steps that follow. */
  | { do: 'client'; action: 'close' | 'half-close' | 'connect' }
  /** So many connections were accepted since the case began. */
  | { do: 'accepted'; count: number };

/** How a call ends. What is absent may be anything. */
export interface Expected {
  /**
   * The status code; several: any of them. `lost`: the connection went away under the call, as the client's library
   * reports that. A name: the library's own error, which is no status.
   */
  status: number | readonly number[] | 'lost' | { error: string };
  message?: string;
  details?: readonly DetailSpec[];
  /** Of drivers that can tell: the client ended the call by itself. */
  local?: boolean;
  replies?: Sums & { first?: number; last?: number };
  firstReply?: Partial<Omit<FirstReply, 'timeoutMs'>>;
  /** What the handler saw of the deadline, in ms: at least and at most. */
  timeLeftMs?: readonly [number, number];
  maxElapsedMs?: number;
}

/** Another end in some directions. The first that matches counts. */
export type Difference = Pair & Reason & { expect: Expected };

/** Numbers of a burst that must be as given, and at least as given. */
export interface ExpectedBurst {
  is: Partial<BurstResult>;
  atLeast?: { overtaken?: number; mostOpen?: number };
}

/** True when `pair` names the direction from `client` to `server`. */
export function covers(pair: Pair, client: PeerName, server: PeerName): boolean {
  return (pair.client ?? client) === client && (pair.server ?? server) === server;
}
