import type { Duplex } from 'node:stream';
import { Budget } from '../core/budget.js';
import { CallTable } from '../connection/call-table.js';
import { deadlineError, requestError } from './call-errors.js';
import type { ClientCall, ClientCallHost } from './client-call.js';
import { Connection, type ConnectionRole } from '../connection/connection.js';
import { ResponseEnvelope } from '../wire/response-envelope.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import { FrameFlag, FrameType, MAX_STREAM_ID } from '../wire/frame.js';
import { publishClosed } from '../core/diagnostics.js';
import { tooLong, type FrameWriter } from '../wire/frame-writer.js';
import type { MessageCodec } from '../wire/message-codec.js';
import { sendsRequestStream, sendsResponseStream } from '../core/method-shape.js';
import { heldCodec } from '../wire/held-message.js';
import { PendingCalls } from './pending-calls.js';
import type { DrainWaiter } from '../connection/send-queue.js';
import { limit } from '../core/limit.js';
import { messageLimit } from '../wire/message-limit.js';
import { TtrpcStatus } from '../core/status.js';
import { checkTimeoutMs, timeoutNanoUntil } from '../core/timer.js';
import { Sighting, type Watched } from '../connection/watchdog.js';

/** Limits of a client, all with safe defaults. */
export interface ClientLimits {
  /** Largest data of one frame, each way. Default 4 MiB, the protocol's own. */
  maxMessageBytes: number;
  /** What one request stream may hold ahead of its server; past it the call ends with RESOURCE_EXHAUSTED. Default 16 MiB. */
  maxBufferedBytes: number;
  /**
   * Status of one response, in bytes of its message and details (128 more for each of these). Of a larger one the message is
   * cut and the details are dropped; the error's `limit` names this option. Default 2 MiB.
   */
  maxStatusBytes: number;
  /** How long a frame may take from its first byte to its last, in ms; then the connection is closed. Default 30,000. */
  frameTimeoutMs: number;
}

/** Fills in the defaults. @throws RangeError that names the option */
export function clientLimits(options: Partial<ClientLimits>): ClientLimits {
  return {
    maxMessageBytes: messageLimit(options.maxMessageBytes),
    maxBufferedBytes: limit(options, 'maxBufferedBytes', 16 * 1024 * 1024),
    maxStatusBytes: limit(options, 'maxStatusBytes', 2 * 1024 * 1024),
    frameTimeoutMs: checkTimeoutMs(options.frameTimeoutMs ?? 30_000, 'frameTimeoutMs'),
  };
}

/** Ids in reserve below the end of the id space: calls that are being made while the connection is replaced. */
const ID_RESERVE = 2 ** 16;

/**
 * A connection with this many abandoned streams (given up here, not ended by the server) takes no new calls: another
 * connection takes its place. There is no cancel frame, so the server keeps each of them, with its place among the calls
 * that it allows, until its connection ends. Far below the calls that servers allow, and enough that the new connection
 * costs nothing noticeable.
 */
export const MAX_ABANDONED_STREAMS = 128;

/**
 * The same for a connection that cannot be replaced: beyond it new streams fail, unary calls go on. A quarter of what our
 * server allows by default, so that abandoned streams never take all places of a connection.
 */
export const MAX_ABANDONED_STREAMS_ON_ONE = 1024;

/** The user of a connection: it learns what becomes of it. */
export interface ConnectionOwner {
  /** `call` has left the connection. */
  onCallGone(connection: ClientConnection, call: ClientCall): void;
  /** The connection is gone; calls that still wait at it fail next, unless they are taken out. */
  onGone(connection: ClientConnection, error: TtrpcError): void;
}

/** The client's role on one connection: gives each call its id and each frame to its call. */
export class ClientConnection implements ConnectionRole, Watched, ClientCallHost {
  readonly connection: Connection;
  readonly #calls = new CallTable<ClientCall>();
  readonly #response: ResponseEnvelope;
  /**
   * Calls that wait because the server does not take what was written. Here and not behind the socket, so that what waits
   * is bounded.
   */
  readonly #pending: PendingCalls;
  #nextId = 1;
  /** As {@link Watched.sighting}. */
  readonly sighting = new Sighting();

  /** Streams that were abandoned here and that the server has not ended, by their ids. */
  #abandoned: Set<number> | undefined;

  /** Starts to speak on `duplex`. `replaceable` says that another connection can take its place. */
  constructor(
    duplex: Duplex,
    readonly limits: ClientLimits,
    private readonly owner?: ConnectionOwner,
    private readonly replaceable = true,
    private readonly address?: string,
  ) {
    this.connection = new Connection(duplex, this, {
      side: 'client',
      address: address ?? 'duplex',
      maxMessageBytes: limits.maxMessageBytes,
      budget: new Budget(4 * limits.maxBufferedBytes),
    });
    this.#response = new ResponseEnvelope(limits.maxStatusBytes);
    this.#pending = new PendingCalls(this.connection.budget);
  }

  /** The write side. */
  get writer(): FrameWriter {
    return this.connection.writer;
  }

  /** Calls in flight, and those that wait to be. */
  get callCount(): number {
    return this.#calls.size + this.#pending.size;
  }

  /** As {@link ConnectionRole.probesPeer}: a reader who is slow still gets what the server sent before it went. */
  readonly probesPeer = false;

  /** As {@link Watched.onLimit}. */
  onLimit(limit: string, ms: number): void {
    const message = `the server has not finished a frame: ${limit} is ${ms} ms`;
    this.close(new TtrpcError(TtrpcStatus.UNAVAILABLE, message, { limit }));
  }

  /** False while requests wait because the server does not take what was written: then {@link begin} lets one wait, too. */
  get takesRequests(): boolean {
    return this.#pending.size === 0 && this.writer.writable;
  }

  /**
   * False when a call needs another connection: this one is gone, its id space nearly used up, or the server keeps too many
   * of its abandoned streams.
   */
  get usable(): boolean {
    return (
      this.connection.open &&
      this.#nextId <= MAX_STREAM_ID - ID_RESERVE &&
      (!this.replaceable || this.#abandoned === undefined || this.#abandoned.size < MAX_ABANDONED_STREAMS)
    );
  }

  /** Starts a call with the request that it keeps, as soon as the server takes it. */
  begin(call: ClientCall): void {
    if (this.takesRequests) this.start(call, heldCodec, call.keptRequest);
    else if (this.#pending.add(call)) this.connection.awaitDrain(this.#drainWaiter);
  }

  /**
   * Starts `call` now: writes its first frame (with `value`, unless it sends a stream) and gives it its id. The one way onto
   * a connection. A call that cannot start has failed: its value does not encode or is too large, its deadline has
   * passed, or the connection is closed.
   */
  start<T>(call: ClientCall, codec: MessageCodec<T>, value: T): void {
    if (!call.open) return;
    const { method, start } = call;
    try {
      const timeoutNano = this.#timeoutNano(call);
      const id = this.#nextId;
      if (sendsRequestStream(method.shape)) {
        this.#checkAbandoned();
        this.writer.writeStreamRequest(id, method.prefix, timeoutNano, start.metadata);
      } else {
        const flags = method.shape === 'unary' ? 0 : FrameFlag.RemoteClosed;
        if (flags !== 0) this.#checkAbandoned();
        this.writer.writeRequest(id, flags, method.prefix, codec, value, timeoutNano, start.metadata);
      }
      // The frame is queued: only now has the call used an id.
      this.#nextId += 2;
      call.id = id;
      this.#calls.add(call);
      call.onStarted(this);
    } catch (error) {
      call.fail(requestError(error));
    }
  }

  /** Takes out the calls that wait: nothing of them was written. */
  takePending(): ClientCall[] {
    return this.#pending.takeAll();
  }

  /** Ends the connection; calls in flight end with `error`. */
  close(error: TtrpcError): void {
    this.connection.destroy(error);
  }

  /** As {@link ConnectionRole.onFrame}. */
  onFrame(streamId: number, type: number, flags: number, buf: Uint8Array, start: number, end: number): void {
    const call = this.#calls.get(streamId);
    // Frames for ids that are not open are dropped: late ones of calls that were given up, or a peer's second word.
    if (!call) {
      const ends = type === FrameType.Response || (type === FrameType.Data && (flags & FrameFlag.RemoteClosed) !== 0);
      if (ends) this.#abandoned?.delete(streamId);
      return;
    }
    if (type === FrameType.Response) {
      this.#onResponse(call, buf, start, end);
    } else if (type !== FrameType.Data) {
      this.#protocolError(call, `a frame of the unknown type ${type}`);
    } else if (!sendsResponseStream(call.method.shape)) {
      this.#protocolError(call, `a Data frame on a ${call.method.shape} call`);
    } else {
      const closes = (flags & FrameFlag.RemoteClosed) !== 0;
      // No-data without remote-closed is an empty message to the peers' clients.
      if (!closes || (flags & FrameFlag.NoData) === 0) call.receive(buf, start, end);
      if (closes) call.end();
    }
  }

  /** As {@link ConnectionRole.onOversizedFrame}. */
  onOversizedFrame(streamId: number, _type: number, _flags: number, length: number): void {
    const call = this.#calls.get(streamId);
    if (!call) return;
    call.fail(tooLong(length, this.limits.maxMessageBytes));
  }

  /** As {@link ConnectionRole.onDrain}. */
  onDrain(): void {
    // Streams and requests wait at the connection; a client never stops reading because of its own writes.
  }

  /** As {@link ConnectionRole.onClosed}. */
  onClosed(error: TtrpcError): void {
    for (const call of this.#calls.all()) call.fail(error);
    if (this.address !== undefined) publishClosed('client', this.address, error);
    this.owner?.onGone(this, error);
    this.#pending.fail(error);
  }

  /** As {@link ClientCallHost.onCallEnded}. */
  onCallEnded(call: ClientCall): void {
    if (!this.#calls.delete(call)) return;
    if (!call.endedByServer && call.method.shape !== 'unary' && this.connection.open) {
      (this.#abandoned ??= new Set()).add(call.id);
    }
    this.owner?.onCallGone(this, call);
  }

  /** Starts calls while the server takes them. */
  readonly #drainWaiter: DrainWaiter = {
    onDrain: () => {
      while (this.writer.writable) {
        const call = this.#pending.shift();
        if (!call) return true;
        this.start(call, heldCodec, call.keptRequest);
      }
      return this.#pending.size === 0;
    },
  };

  /** What is left of the call's time, when its request is queued for writing. */
  #timeoutNano(call: ClientCall): number {
    if (!this.connection.open) {
      throw new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the connection is closed', { unsent: true });
    }
    const { deadline } = call.start;
    if (deadline === undefined) return 0;
    const now = performance.now();
    if (deadline <= now) throw deadlineError();
    return timeoutNanoUntil(deadline, now);
  }

  /** Only a connection without another in its place has that many. */
  #checkAbandoned(): void {
    if (this.#abandoned === undefined || this.#abandoned.size < MAX_ABANDONED_STREAMS_ON_ONE) return;
    const message =
      `the server has not ended ${this.#abandoned.size} abandoned streams of this connection, which cannot be replaced ` +
      `(the limit is ${MAX_ABANDONED_STREAMS_ON_ONE}): unary calls go on, new streams fail`;
    throw new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, message, { unsent: true });
  }

  #onResponse(call: ClientCall, buf: Uint8Array, start: number, end: number): void {
    const response = this.#response;
    try {
      response.parse(buf, start, end);
    } catch (error) {
      this.#protocolError(call, `a Response that does not parse: ${messageOf(error)}`);
      return;
    }
    const { status, statusCut, payloadStart, payloadEnd } = response;
    if (status && statusCut) {
      const message = `${status.message} (cut, without details: the status exceeds ${this.limits.maxStatusBytes} bytes)`;
      call.onStatus(new TtrpcError(status.code, message, { limit: 'maxStatusBytes' }));
    } else if (status) {
      call.onStatus(new TtrpcError(status.code, status.message, { details: status.details }));
    } else if (!sendsResponseStream(call.method.shape)) {
      call.respond(buf, payloadStart, payloadEnd);
    } else {
      if (payloadEnd > payloadStart) call.receive(buf, payloadStart, payloadEnd);
      call.end();
    }
  }

  #protocolError(call: ClientCall, what: string): void {
    call.fail(new TtrpcError(TtrpcStatus.INTERNAL, `the server broke the protocol: it sent ${what}`));
  }
}
