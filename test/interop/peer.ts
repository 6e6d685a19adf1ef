/**
 * The protocol between the harness and a peer: commands with fields in, answers with fields out (README.md). A peer is a
 * server and a driver (a client that makes the calls it is told to make); either is a program that reads JSON lines, or
 * runs in this process.
 */

/** An implementation of ttrpc. */
export type PeerName = 'go' | 'rust' | 'nest';

/** Where commands go. */
export interface Channel {
  /** The process that the peer is; absent for one in this process. */
  readonly pid?: number | undefined;
  /** Carries out one command; rejects with the peer's own words when it cannot. */
  command(op: string, fields?: object): Promise<unknown>;
  /** Ends the peer and waits until it is gone; rejects when it ends badly. */
  stop(): Promise<void>;
}

/** The four call shapes, as the drivers' commands name them. */
export type CallOp = 'unary' | 'server-stream' | 'client-stream' | 'bidi';

/** A google.protobuf.Any; `value` is base64. */
export interface DetailSpec {
  typeUrl: string;
  value: string;
}

/** How the server shall fail the call (`Failure` in interop.proto). */
export interface FailSpec {
  code: number;
  message: string;
  details?: readonly DetailSpec[];
  after?: number;
}

/** One request (`Request` in interop.proto); the body is the pattern of `seq`, `bodyBytes` long. Absent numbers are 0. */
export interface RequestSpec {
  seq?: number;
  bodyBytes?: number;
  replyCount?: number;
  replyBytes?: number;
  delayMs?: number;
  fail?: FailSpec;
}

/** `count` requests alike, with ascending seq from `seq`. */
export interface GenerateSpec extends RequestSpec {
  count: number;
  /** Only each so many-th has `delayMs`. Absent: all. */
  delayEvery?: number;
}

/** One call. */
export interface CallSpec {
  op: CallOp;
  /** Default: interop.v1.Interop. */
  service?: string;
  /** Default: the rpc of that shape; with `empty` the one whose messages are google.protobuf.Empty. */
  method?: string;
  /** All messages are google.protobuf.Empty. */
  empty?: boolean;
  /** Of unary and server-streaming calls. */
  request?: RequestSpec;
  /** Of client-streaming and bidi calls. */
  requests?: readonly RequestSpec[];
  /** Instead of `requests`. */
  generate?: GenerateSpec;
  /** Bidi: wait for a message's replies before sending the next message. */
  lockstep?: boolean;
  /** Do not close the sending side. */
  keepOpen?: boolean;
  metadata?: Readonly<Record<string, readonly string[]>>;
  /** The call's deadline, in ms from now. */
  timeoutMs?: number;
  /** Sent as the call's timeout, while the client itself waits without limit. */
  wireTimeoutMs?: number;
  /** A reader who sleeps: `pauseMs` after each so many replies. Of our own drivers only those with AsyncIterables can. */
  pauseEvery?: number;
  pauseMs?: number;
}

/** Messages of a call so far. One counts as sent when it is made, before the library has it. */
export interface Progress {
  sent: number;
  received: number;
}

/** Messages in their order: how many, bytes of their bodies, FNV-1a (32 bit) over each one's seq and body. */
export interface Sums {
  count: number;
  totalBytes: number;
  checksum: number;
}

/** What a driver tells of a call that is over. */
export interface CallResult {
  /** Absent if the call ended without one. */
  status?: { code: number; message: string; details: DetailSpec[] };
  /** The client gave the call up by itself. A driver that cannot tell says nothing. */
  local?: boolean;
  /** The library's own error when that is no status: its name and message. */
  transportError?: { name: string; message: string };
  replies: Sums & {
    first: number;
    last: number;
    /** No seq is lower than the one before it. */
    ordered: boolean;
    /** Bodies that are not the pattern of their seq. */
    wrong: number;
  };
  firstReply?: FirstReply;
  sent: Sums;
  elapsedMs: number;
}

/** What the first reply says of the call. */
export interface FirstReply extends Sums {
  seq: number;
  bodyBytes: number;
  metadata: Record<string, string[]>;
  timeoutMs: number;
}

/**
 * `count` unary calls at once on one connection, with ascending seq. Call i asks the server for a delay of
 * `i * 7919 % 101` hundredths of `maxDelayMs`, so that the responses overtake each other.
 */
export interface BurstSpec {
  count: number;
  firstSeq?: number;
  bodyBytes?: number;
  maxDelayMs: number;
}

/** What became of a burst. */
export interface BurstResult {
  /** Number of calls by status code. */
  statuses: Record<string, number>;
  /** Number of calls that ended without a status, by the error's name. */
  transportErrors: Record<string, number>;
  /** Answers that belong to another call or have another body. */
  wrong: number;
  /** Answers that came after one of a later call. */
  overtaken: number;
  /** Calls that were open at the same time. */
  mostOpen: number;
  elapsedMs: number;
}

/** What happened to a call at the server; `seq` is that of its first request. */
export interface ServerEvent {
  event: 'started' | 'finished' | 'cancelled';
  method: string;
  seq: number;
  /** Of a finished call. */
  code?: number;
  /** Of a cancelled call. */
  cause?: 'deadline' | 'cancelled';
}

/** One call of grpc.testing.TestService (test_service.proto). Absent numbers are 0, all bodies are zeros. */
export interface TestCall {
  /** Default: grpc.testing.TestService. */
  service?: string;
  rpc:
    'EmptyCall' | 'UnaryCall' | 'StreamingInputCall' | 'StreamingOutputCall' | 'FullDuplexCall' | 'UnimplementedCall';
  /** Exactly one, unless the rpc is StreamingInputCall or FullDuplexCall. */
  requests: readonly TestRequest[];
  /** FullDuplexCall: wait for a request's responses before sending the next request. */
  lockstep?: boolean;
  /** Do not close the sending side. */
  keepOpen?: boolean;
  metadata?: Readonly<Record<string, readonly string[]>>;
  /** The call's deadline, in ms from now. */
  timeoutMs?: number;
}

/** One request; a rpc whose message lacks a field gets none. */
export interface TestRequest {
  /** Size of payload.body. */
  payloadBytes?: number;
  /** response_parameters; of UnaryCall the only one is response_size. */
  responseSizes?: readonly number[];
  /** response_status. */
  status?: { code: number; message: string };
}

/** What a driver tells of a {@link TestCall} that is over. */
export interface TestCallResult extends Pick<CallResult, 'status' | 'transportError'> {
  responses: {
    payloadBytes: number;
    /** The body is nothing but zeros. */
    zeros: boolean;
    /** 0 where the message has none. */
    aggregatedPayloadSize: number;
    /** Values by key, as the response has them. */
    echoed: Record<string, string[]>;
  }[];
}

/** A client that makes the calls it is told to make. */
export class Driver {
  constructor(
    readonly peer: PeerName,
    private readonly channel: Channel,
  ) {}

  async connect(connection: string, address: string): Promise<void> {
    await this.channel.command('connect', { connection, address });
  }

  /** Makes a call and waits for its end. `call` is a name for {@link awaitReplies} and {@link cancel}. */
  async call(connection: string, spec: CallSpec, call?: string): Promise<CallResult> {
    const { op, ...fields } = spec;
    return (await this.channel.command(op, { ...fields, connection, call })) as CallResult;
  }

  /** Makes a call of grpc.testing.TestService and waits for its end. */
  async testService(connection: string, spec: TestCall, call?: string): Promise<TestCallResult> {
    return (await this.channel.command('test-service', { ...spec, connection, call })) as TestCallResult;
  }

  /** Waits until a running call has got so many replies. */
  async awaitReplies(call: string, count: number): Promise<void> {
    await this.channel.command('await-replies', { call, count });
  }

  /** How far a call is. */
  async progress(call: string): Promise<Progress> {
    return (await this.channel.command('progress', { call })) as Progress;
  }

  /** The driver's process, if it is not this one. */
  get pid(): number | undefined {
    return this.channel.pid;
  }

  async cancel(call: string): Promise<void> {
    await this.channel.command('cancel', { call });
  }

  async burst(connection: string, spec: BurstSpec): Promise<BurstResult> {
    return (await this.channel.command('burst', { ...spec, connection })) as BurstResult;
  }

  /** Closes the library's client. */
  async close(connection: string): Promise<void> {
    await this.channel.command('close', { connection });
  }

  /** Ends the sending side of the connection below the library. */
  async halfClose(connection: string): Promise<void> {
    await this.channel.command('half-close', { connection });
  }

  stop(): Promise<void> {
    return this.channel.stop();
  }
}

/** A server of interop.v1.Interop and grpc.testing.TestService. */
export class ServerPeer {
  constructor(
    readonly peer: PeerName,
    readonly address: string,
    private readonly channel: Channel,
  ) {}

  /** Closes all accepted connections at once, below the library. */
  async dropConnections(): Promise<void> {
    await this.channel.command('drop-connections');
  }

  /** Ends the sending side of all accepted connections, below the library. */
  async halfClose(): Promise<void> {
    await this.channel.command('half-close');
  }

  /** How many connections are open now, and were accepted so far. */
  async connections(): Promise<{ open: number; accepted: number }> {
    return (await this.channel.command('connections')) as { open: number; accepted: number };
  }

  /** What happened so far. */
  async events(options: { clear?: boolean } = {}): Promise<ServerEvent[]> {
    return ((await this.channel.command('events', options)) as { events: ServerEvent[] }).events;
  }

  /** Waits until this has happened to a call. */
  async awaitEvent(event: ServerEvent['event'], method: string, seq: number): Promise<ServerEvent> {
    return ((await this.channel.command('await-event', { event, method, seq })) as { event: ServerEvent }).event;
  }

  /** How far a call is that runs; rejects when none does. */
  async progress(method: string, seq: number): Promise<Progress> {
    return (await this.channel.command('progress', { method, seq })) as Progress;
  }

  /** The server's process, if it is not this one. */
  get pid(): number | undefined {
    return this.channel.pid;
  }

  /** Waits until no connection is open and no call runs. */
  async awaitIdle(): Promise<void> {
    await this.channel.command('await-idle');
  }

  /** Leaves out of account what is open and runs now. */
  async forget(): Promise<void> {
    await this.channel.command('forget');
  }

  stop(): Promise<void> {
    return this.channel.stop();
  }
}
