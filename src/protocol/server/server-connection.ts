import type { Duplex } from 'node:stream';
import { Budget } from '../core/budget.js';
import { CallTable } from '../connection/call-table.js';
import { Connection, type ConnectionRole } from '../connection/connection.js';
import type { RequestEnvelope } from '../wire/request-envelope.js';
import type { DecodeAccount } from '../core/decode-budget.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import { FrameFlag, FrameType } from '../wire/frame.js';
import { tooLong, type FrameWriter } from '../wire/frame-writer.js';
import type { MethodTable } from './method-table.js';
import type { Peer } from './peer.js';
import { ServerCall, type ServerCallHost, type ServerMethod } from './server-call.js';
import type { ServerLimits } from './server-options.js';
import { publishClosed, publishOpened, TracedCall, tracesServers, type CallCounter } from '../core/diagnostics.js';
import { TtrpcMetadata } from '../core/metadata.js';
import type { MethodShape } from '../core/method-shape.js';
import { TtrpcStatus, type StatusObject } from '../core/status.js';
import { BoundedSet, UsedIds } from './used-ids.js';
import type { RefusalReason } from './refusals.js';
import { Sighting, type Watched } from '../connection/watchdog.js';

/** A connection that does not take its responses is not read while it has more unsent bytes than this. */
const PAUSE_UNSENT_BYTES = 1024 * 1024;

/** What a server gives its connections, and what they report to it. */
export interface ServerConnectionOwner {
  readonly methods: MethodTable<ServerMethod>;
  readonly limits: ServerLimits;
  /** Reads the requests of all connections, one at a time. */
  readonly request: RequestEnvelope;
  /** Bytes that the streams of all connections may hold. */
  readonly budget: Budget;
  /** Counts what decoding makes of the requests of all connections. */
  readonly decoding: DecodeAccount;
  /** Counts the calls; undefined where they are not counted. */
  readonly callStats: CallCounter | undefined;
  /** Something was refused: a counter and a log line. */
  onRefused(reason: RefusalReason, peer: Peer, what: string): void;
  /** The connection is gone. */
  onConnectionClosed(connection: ServerConnection): void;
  /** A connection that drains has no calls left. */
  onConnectionIdle(connection: ServerConnection): void;
}

/** What is known of the method that a request names; without a shape it is not served. */
interface CallNames {
  readonly service: string;
  readonly method: string;
  readonly shape?: MethodShape;
}

/** The server's role on one connection: finds the method for each request and the call for each message. */
export class ServerConnection implements ConnectionRole, ServerCallHost, Watched {
  readonly connection: Connection;
  readonly #calls = new CallTable<ServerCall>();
  readonly #used = new UsedIds();
  /** Streams that we ended before their client did: what it still sends is swallowed. */
  readonly #cutShort = new BoundedSet();
  /** Streams whose requests we refused: their clients may send more before they learn of it. */
  readonly #refused = new BoundedSet();
  /** As {@link Watched.sighting}. */
  readonly sighting = new Sighting();
  #draining = false;
  #leaving = false;
  #pausedForUnsent = false;
  #isShared = false;
  /** Handlers that go on although their calls are over. */
  #stragglers = 0;

  /** Starts to serve `duplex`. */
  constructor(
    duplex: Duplex,
    readonly peer: Peer,
    private readonly owner: ServerConnectionOwner,
  ) {
    this.connection = new Connection(duplex, this, {
      side: 'server',
      address: peer.address,
      maxMessageBytes: owner.limits.maxMessageBytes,
      budget: new Budget(owner.limits.maxBufferedBytesPerConnection, owner.budget),
    });
    publishOpened('server', peer.address);
  }

  /** As {@link Watched.onLimit}. */
  onLimit(limit: 'frameTimeoutMs' | 'idleTimeoutMs', ms: number): void {
    this.owner.onRefused(limit, this.peer, `a connection is closed: ${limit} is ${ms} ms`);
    this.connection.destroy(new TtrpcError(TtrpcStatus.UNAVAILABLE, `${limit} has passed`));
  }

  /** Named limits, the server's. */
  get limits(): ServerLimits {
    return this.owner.limits;
  }

  /** As {@link ServerCallHost.maxBufferedBytes}. */
  get maxBufferedBytes(): number {
    return this.owner.limits.maxBufferedBytes;
  }

  /** As {@link ServerCallHost.decoding}. */
  get decoding(): DecodeAccount {
    return this.owner.decoding;
  }

  /** The write side. */
  get writer(): FrameWriter {
    return this.connection.writer;
  }

  /** Calls that are open on this connection. */
  get callCount(): number {
    return this.#calls.size;
  }

  /** Handlers that go on although their calls are over. */
  get stragglerCount(): number {
    return this.#stragglers;
  }

  /** As {@link ServerCallHost.isShared}. */
  get isShared(): boolean {
    return this.#isShared;
  }

  /** As {@link ConnectionRole.probesPeer}: the handlers of a client that is gone must not go on. */
  readonly probesPeer = true;

  /** Refuses new calls from now on; an idle connection can be closed at once. `notice` is for the streams, if any. */
  drain(notice: TtrpcError, toAllStreams: boolean): void {
    this.#draining = true;
    for (const call of this.#calls.all()) {
      const { shape, signalsClosing } = call.method;
      if (shape !== 'unary' && (toAllStreams || signalsClosing === true)) call.notifyClosing(notice);
    }
    this.#leaveWhenIdle();
  }

  /** Ends all calls with `error`'s status, then the connection; `onGone` is called when its socket is gone, within a second. */
  close(error: TtrpcError, onGone: () => void): void {
    for (const call of this.#calls.all()) call.abort(error, error);
    this.connection.close(error, onGone);
  }

  /** As {@link ConnectionRole.onFrame}. */
  onFrame(streamId: number, type: number, flags: number, buf: Uint8Array, start: number, end: number): void {
    if ((streamId & 1) === 0) {
      this.#refuse(streamId, TtrpcStatus.INVALID_ARGUMENT, 'StreamID must be odd for client initiated streams');
    } else if (type === FrameType.Request) {
      this.#onRequest(streamId, buf, start, end);
    } else if (type === FrameType.Data) {
      this.#onData(streamId, flags, buf, start, end);
    }
    // Other types are for later versions of the protocol.
    this.#pauseForUnsent();
  }

  /** As {@link ConnectionRole.onOversizedFrame}. */
  onOversizedFrame(streamId: number, type: number, _flags: number, length: number): void {
    const error = tooLong(length, this.limits.maxMessageBytes);
    this.#refuseUnread(streamId, type, error.code, error.message, 'maxMessageBytes');
    this.#pauseForUnsent();
  }

  /** As {@link FrameSink.onUnaffordableFrame}. */
  onUnaffordableFrame(streamId: number, type: number, _flags: number, limit: number): void {
    const message = `too much is held for peers to take this message; the limit is ${limit} bytes`;
    this.#refuseUnread(streamId, type, TtrpcStatus.RESOURCE_EXHAUSTED, message, 'maxBufferedBytes');
    this.#pauseForUnsent();
  }

  /** As {@link ConnectionRole.onDrain}. */
  onDrain(): void {
    if (!this.#pausedForUnsent) return;
    this.#pausedForUnsent = false;
    this.connection.resumeReading();
  }

  /** As {@link ConnectionRole.onForeignPeer}. */
  onForeignPeer(what: string): void {
    this.owner.onRefused('foreignProtocol', this.peer, what);
  }

  /** As {@link ConnectionRole.onClosed}. */
  onClosed(error: TtrpcError): void {
    const reason = new TtrpcError(TtrpcStatus.CANCELLED, `the client is gone: ${error.message}`, { cause: error });
    for (const call of this.#calls.all()) call.abort(reason);
    publishClosed('server', this.peer.address, error);
    this.owner.onConnectionClosed(this);
  }

  /** As {@link ServerCallHost.checkBacklog}. */
  checkBacklog(): void {
    const limit = this.#exceededBacklog();
    if (limit !== undefined) throw backlogError(this.writer.unsentBytes, limit);
  }

  /** As {@link ServerCallHost.writeStatus}: without details, and with a short message, for such a peer. */
  writeStatus(streamId: number, status: StatusObject): void {
    const limit = this.#exceededBacklog();
    const fitting =
      limit === undefined
        ? status
        : { code: status.code, message: backlogError(this.writer.unsentBytes, limit).message };
    this.writer.writeStatus(streamId, fitting);
  }

  /** As {@link ServerCallHost.onStraggler}; it counts as a call meanwhile. */
  onStraggler(): () => void {
    this.#stragglers++;
    return () => void this.#stragglers--;
  }

  /** The limit that is exceeded while this peer does not take what was written; backlogs of other peers do not count. */
  #exceededBacklog(): number | undefined {
    return this.writer.backlogged(0) ? this.connection.budget.exceededBy(0) : undefined;
  }

  #pauseForUnsent(): void {
    if (this.#pausedForUnsent || !this.writer.backlogged(PAUSE_UNSENT_BYTES)) return;
    this.#pausedForUnsent = true;
    this.connection.pauseReading();
  }

  /** As {@link ServerCallHost.onRefused}. */
  onRefused(reason: RefusalReason, what: string): void {
    this.owner.onRefused(reason, this.peer, what);
  }

  /** As {@link ServerCallHost.onCallEnded}. */
  onCallEnded(call: ServerCall): void {
    if (!this.#calls.delete(call)) return;
    if (!call.inputClosed) this.#cutShort.add(call.id);
    this.#leaveWhenIdle();
  }

  /** A connection that drains is idle when its last call has ended and the client has taken all of the responses. */
  #leaveWhenIdle(): void {
    if (!this.#draining || this.#leaving || this.#calls.size > 0) return;
    this.#leaving = true;
    this.connection.whenTaken(() => this.owner.onConnectionIdle(this));
  }

  #onRequest(streamId: number, buf: Uint8Array, start: number, end: number): void {
    if (!this.#used.use(streamId)) {
      this.#refuseRequest(streamId, TtrpcStatus.INVALID_ARGUMENT, 'StreamID cannot be re-used and must increment');
      return;
    }
    const { request } = this.owner;
    let method: ServerMethod | undefined;
    try {
      request.parse(buf, start, end);
      const { serviceStart, serviceEnd, methodStart, methodEnd } = request;
      method = this.owner.methods.find(buf, serviceStart, serviceEnd, buf, methodStart, methodEnd);
      if (!method) {
        // Only here do the names become strings; an envelope with invalid ones does not parse.
        const service = request.serviceIn(buf);
        const name = request.methodIn(buf);
        const known = this.owner.methods.hasService(service);
        const message = known ? `method ${name}` : `service ${service}`;
        this.#refuseCall(streamId, { service, method: name }, TtrpcStatus.UNIMPLEMENTED, message);
        return;
      }
    } catch (error) {
      if (error instanceof TtrpcError) this.#refuseRequest(streamId, error.code, error.message, 'maxMetadataBytes');
      else this.#refuseRequest(streamId, TtrpcStatus.INVALID_ARGUMENT, `unmarshal request error: ${messageOf(error)}`);
      return;
    }
    if (this.#draining) {
      this.#refuseCall(streamId, method, TtrpcStatus.UNAVAILABLE, 'the server is closing');
    } else if (this.#calls.size + this.#stragglers >= this.limits.maxConcurrentCalls) {
      const limit = this.limits.maxConcurrentCalls;
      const ended = this.#stragglers > 0 ? ` (${this.#stragglers} of them have ended, their handlers have not)` : '';
      const message = `${limit} calls are open on this connection, the limit${ended}`;
      this.#refuseCall(streamId, method, TtrpcStatus.RESOURCE_EXHAUSTED, message, 'maxConcurrentCalls');
    } else if (request.timeoutNano < 0) {
      const message = 'the deadline of the call had passed when it came';
      this.#refuseCall(streamId, method, TtrpcStatus.DEADLINE_EXCEEDED, message);
    } else {
      this.#begin(streamId, method, buf);
    }
  }

  #begin(streamId: number, method: ServerMethod, buf: Uint8Array): void {
    const { payloadStart, payloadEnd, timeoutNano, metadata, metadataBytes } = this.owner.request;
    const call = new ServerCall(this, streamId, method, metadata);
    const requestBytes = payloadEnd - payloadStart + metadataBytes;
    const limit = call.bookRequest(requestBytes);
    if (limit !== undefined) {
      const message = `requests of ${this.connection.budget.used} bytes are in flight; ${requestBytes} more exceed the limit of ${limit} bytes`;
      this.#refuseCall(streamId, method, TtrpcStatus.RESOURCE_EXHAUSTED, message, 'maxBufferedBytes');
      return;
    }
    this.#calls.add(call);
    if (this.#calls.size > 1) this.#isShared = true;
    if (this.#traces()) call.trace = this.#trace(method);
    try {
      call.begin(timeoutNano / 1e6, buf, payloadStart, payloadEnd);
    } catch (error) {
      this.#reject(call, error);
    }
  }

  /** True while somebody wants to know of calls. */
  #traces(): boolean {
    return this.owner.callStats !== undefined || tracesServers();
  }

  /** The trace of the call whose request has just been parsed. */
  #trace({ service, method, shape }: CallNames): TracedCall {
    const { metadata = new TtrpcMetadata(), timeoutNano } = this.owner.request;
    const deadline = timeoutNano === 0 ? undefined : Date.now() + timeoutNano / 1e6;
    const { address } = this.peer;
    const counter = this.owner.callStats;
    return new TracedCall('server', { service, method, shape, address, metadata, deadline, counter });
  }

  /** Responds to a request, well formed, that begins no call. */
  #refuseCall(streamId: number, names: CallNames, code: TtrpcStatus, message: string, reason?: RefusalReason): void {
    const trace = this.#traces() ? this.#trace(names) : undefined;
    trace?.run(() => undefined);
    this.#refuseRequest(streamId, code, message, reason);
    trace?.finish({ code, message });
  }

  /** Responds to a frame that is not read, whatever its type. */
  #refuseUnread(streamId: number, type: number, code: TtrpcStatus, message: string, reason: RefusalReason): void {
    if (type !== FrameType.Request || (streamId & 1) === 0) {
      this.#refuse(streamId, code, message, reason);
    } else {
      this.#used.use(streamId);
      this.#refuseRequest(streamId, code, message, reason);
    }
  }

  /** Responds to a request that begins no call. */
  #refuseRequest(streamId: number, code: TtrpcStatus, message: string, reason?: RefusalReason): void {
    if (!this.#calls.get(streamId)) this.#refused.add(streamId);
    this.#refuse(streamId, code, message, reason);
  }

  #onData(streamId: number, flags: number, buf: Uint8Array, start: number, end: number): void {
    const closes = (flags & FrameFlag.RemoteClosed) !== 0;
    const call = this.#calls.get(streamId);
    if (!call || call.ended) {
      const cutShort = call !== undefined || this.#cutShort.has(streamId);
      if (!cutShort) {
        this.#refuseData(streamId, closes);
      } else if (closes) {
        this.#cutShort.delete(streamId);
        if (call) call.inputClosed = true;
      }
      return;
    }
    if (call.method.shape === 'unary') {
      this.#refuse(streamId, TtrpcStatus.INVALID_ARGUMENT, 'data on a unary call');
      return;
    }
    if ((flags & FrameFlag.NoData) === 0) {
      if (call.inputClosed) {
        this.#refuse(streamId, TtrpcStatus.INVALID_ARGUMENT, 'data handling error: the stream is closed');
        return;
      }
      try {
        call.receive(buf, start, end);
      } catch (error) {
        this.#reject(call, error);
      }
    }
    if (closes) {
      call.closeInput();
      if (call.ended) this.#cutShort.delete(streamId);
    }
  }

  /** Responds to data, or to the end, of a stream that is not open. */
  #refuseData(streamId: number, closes: boolean): void {
    const message = 'StreamID is no longer active';
    const isExpected = closes ? this.#refused.delete(streamId) : this.#refused.has(streamId);
    // As Go does, to each frame; but the client's one mistake, if any, was its request, and that is counted already.
    if (isExpected) this.writer.writeStatus(streamId, { code: TtrpcStatus.INVALID_ARGUMENT, message });
    else this.#refuse(streamId, TtrpcStatus.INVALID_ARGUMENT, message);
  }

  /** Ends a call whose message cannot be read, or not be held. */
  #reject(call: ServerCall, error: unknown): void {
    if (error instanceof TtrpcError)
      this.onRefused((error.limit as RefusalReason | undefined) ?? 'protocol', error.message);
    call.reject(statusOf(error));
  }

  /**
   * Answers a frame that is out of order on its own id. Where a call is open there the client takes this for its
   * response, so the call ends with it.
   */
  #refuse(streamId: number, code: TtrpcStatus, message: string, reason?: RefusalReason): void {
    // Only bad frames are counted, not an unknown method, a server that closes or a passed deadline.
    const counted = reason ?? (code === TtrpcStatus.INVALID_ARGUMENT ? 'protocol' : undefined);
    if (counted) this.owner.onRefused(counted, this.peer, message);
    const status = { code, message };
    const call = this.#calls.get(streamId);
    if (!call) {
      this.writer.writeStatus(streamId, status);
      return;
    }
    // What the client still sends there is no new mistake of its own.
    this.#cutShort.add(streamId);
    call.abort(new TtrpcError(TtrpcStatus.CANCELLED, `the client broke the protocol: ${message}`), status);
  }
}

function backlogError(unsentBytes: number, limit: number): TtrpcError {
  const message = `the peer has not taken ${unsentBytes} bytes of responses; the limit is ${limit} bytes`;
  return new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, message, { limit: 'maxBufferedBytes' });
}

function statusOf(error: unknown): StatusObject {
  return error instanceof TtrpcError
    ? error
    : { code: TtrpcStatus.UNKNOWN, message: 'the call failed before its handler was reached' };
}
