import type { Bytes } from './wire/bytes.js';
import type { Written } from './wire/frame.js';

/*
 * The form of the cases. A case is data: it survives JSON, and whoever reads it knows what goes over the wire.
 * Two families use it: server cases (the runner is the client) and client cases (the runner is the server).
 */

/** The implementations that a case can be run against. */
export const PEERS = ['ours', 'go', 'rust'] as const;
export type Peer = (typeof PEERS)[number];

/** The google.rpc codes, by name, as the cases write them. */
export const STATUS_CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;
export type StatusName = keyof typeof STATUS_CODES;

/** A text that must be this one, or that must match a regular expression. */
export type TextMatch = string | { pattern: string };

/** A status that must come: its code, its text, and its details, of which there are none unless they are named. */
export interface StatusMatch {
  code: StatusName;
  message: TextMatch;
  details?: { typeUrl: string; value: Bytes }[];
}

/** Where a peer is known to differ from what the case asks of us, and what we do about it. */
export interface Difference {
  /** What the peer does instead, and why. */
  reason: string;
  /** The row or bullet of PROTOCOL.md that says so. */
  row: string;
  /** What ours does, in a few words. */
  decision: string;
}

/** What both families have in common. */
export interface CaseHead {
  /** Unique in the suite. */
  name: string;
  /** The section of PROTOCOL.md that the case is drawn from. */
  section: string;
  /** The row or bullet of that section, in a few words. */
  rule: string;
  /** Peers that answer otherwise, and say so in steps by `instead`. Without an entry here any difference is a failure. */
  differs?: Partial<Record<Peer, Difference>>;
  /** Peers that the case is never run against, and why. */
  notAgainst?: Partial<Record<Peer, string>>;
}

/**
 * How what is written is cut into writes:
 * `one`: everything in one write; `frames`: a write for each; `bytes`: a write for each byte;
 * or the sizes of the first writes, the rest in one more.
 * Between two writes the event loop turns, so that the peer can have read the first before the second is there.
 */
export type Chunks = 'one' | 'frames' | 'bytes' | number[];

export interface WriteStep {
  send: Written[];
  /** `one` when not given. */
  chunks?: Chunks;
}

/** The connection that a step is about, in cases that use several; the first one when not given. */
export interface OnConnection {
  on?: string;
}

// Server cases

/**
 * A frame that the server must send. A payload or message given as `{ message: … }` is compared as a protobuf message:
 * fields that are zero or empty may be left out, and fields of different numbers may stand in any order.
 */
export type FrameMatch =
  | {
      id: number;
      /** A Response without flags and without a status: OK (PROTOCOL.md, "Envelope"). Its payload. */
      ok: Bytes;
      /** A payload that will do as well, where the order of repeated fields is open. */
      or?: Bytes;
      /** Number fields of the payload that are not in `ok`, and what they may be. */
      numbers?: { field: number; atLeast: string; atMost: string }[];
    }
  | {
      id: number;
      /** A Response without flags and without a payload, that carries an error. */
      error: StatusMatch;
    }
  | {
      id: number;
      /** A Data frame with this message. */
      data: Bytes;
      /** As for a response. */
      numbers?: { field: number; atLeast: string; atMost: string }[];
      /** 0 when not given. */
      flags?: number;
      /** That many frames like this one; 1 when not given. */
      times?: number;
    };

/** What a server says happened to a call, beside the wire. `seq` is that of the call's (first) request. */
export interface CallEventMatch {
  event: 'started' | 'finished' | 'cancelled';
  method: string;
  seq: number;
  /** Of a cancelled call: its time was up, or it was cancelled in another way. */
  cause?: 'deadline' | 'cancelled';
}

export type ServerStep = OnConnection &
  (
    | WriteStep
    /**
     * Exactly these frames must come next, and no other: those of one stream in this order, those of different streams
     * in any. With `anyOrder` those of one stream may come in any order, too. `closed`: the connection ends instead.
     */
    | { receive: FrameMatch[]; instead?: Partial<Record<Peer, FrameMatch[] | 'closed'>>; anyOrder?: true }
    /** A unary call with this id is made and answered, and nothing comes before its response: what went before it brought no (further) response. */
    | { nothingMoreBy: number }
    /** The runner closes its sending side. */
    | { halfClose: true }
    /** The runner closes the whole connection. */
    | { close: true }
    /** The server closes the connection, without another frame. */
    | { closedByServer: true }
    /** The server says that this has happened; the runner waits until it has. Not asked of the peers in `notOf`. */
    | { happens: CallEventMatch; notOf?: Peer[] }
    /** The server says that no such call has been started so far. */
    | { neverStarted: { method: string; seq: number }; notOf?: Peer[] }
  );

export type After = 'usable' | 'spent' | 'closed';

export interface ServerCase extends CaseHead {
  steps: ServerStep[];
  /**
   * What is left of the first connection: `usable`: a unary call is answered on it, and nothing else comes until it closes;
   * `spent`: it is open and silent, but is good for no further call; `closed`: it is gone, as a step has shown.
   */
  after: After | ({ ours: After } & Partial<Record<Peer, After>>);
}

// Client cases

/** A frame that the client must send. */
export type SentMatch =
  /** Exactly these bytes. */
  | Written
  /** A Request whose envelope carries more than the case can know byte by byte. */
  | { id: number; flags: number; envelope: EnvelopeMatch };

export interface EnvelopeMatch {
  service: string;
  method: string;
  /** Absent when not given. */
  payload?: Bytes;
  /** In nanoseconds; absent when not given. */
  timeoutNano?: { atLeast: string; atMost: string };
  /** In this order; none when not given. */
  metadata?: [key: string, value: string][];
}

export type CallShape = 'unary' | 'server-streaming' | 'client-streaming' | 'bidi';

/** How a call ended for the caller. */
export type EndMatch =
  'ok' | { error: { code: StatusName; message: TextMatch; details?: { typeUrl: string; value: Bytes }[] } };

export type ClientStep =
  /** The client starts a call, which the following steps name. */
  | {
      call: string;
      shape: CallShape;
      /** `demo.v1.Test` when not given. */
      service?: string;
      /** `Method` when not given. */
      method?: string;
      /** The request message, of a shape that has one. */
      request?: Bytes;
      metadata?: [key: string, value: string][];
      /** Milliseconds. */
      timeoutMs?: number;
    }
  /** The client sends one more message in its request stream, or says that it was the last. */
  | { sends: string; message: Bytes }
  | { closesSend: string }
  /** The caller gives the call up. */
  | { cancels: string }
  /** Exactly these frames must have come from the client, in this order, and no other. */
  | { sees: SentMatch[] }
  /** The runner answers. */
  | WriteStep
  /** The caller gets these messages next. */
  | { delivers: string; messages: Bytes[] }
  /** The caller gets the end of the call next, and no further message before it. */
  | { ends: string; as: EndMatch }
  /** A unary call with this id is made and answered in between, and nothing else comes from the client: it is alive, and silent. */
  | { nothingMoreBy: number }
  /** The runner closes its sending side, or everything. */
  | { serverCloses: 'half' | 'whole' }
  /** The client is closed by its user. */
  | { clientCloses: true }
  /** The client closes the connection. */
  | { closedByClient: true };

export interface ClientCase extends CaseHead {
  steps: ClientStep[];
  /** What is left: `usable`: one more unary call is made and answered, and then the client is closed; `closed`: the connection is. */
  after: 'usable' | 'closed';
}
