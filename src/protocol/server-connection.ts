import type { Duplex } from 'node:stream';
import { Budget } from './budget.js';
import { Connection, type ConnectionRole } from './connection.js';
import { RequestEnvelope } from './envelope.js';
import { messageOf, TtrpcError } from './errors.js';
import { FrameFlag, FrameType } from './frame.js';
import { tooLong, type FrameWriter } from './frame-writer.js';
import type { MethodTable } from './method-table.js';
import type { Peer } from './peer.js';
import { ServerCall, type ServerMethod } from './server-call.js';
import type { ServerLimits } from './server-options.js';
import { TtrpcStatus, type StatusObject } from './status.js';
import { BoundedSet, UsedIds } from './stream-ids.js';

/** A connection that does not take its answers is not read above so many unsent bytes. */
const HOLD_UNSENT_BYTES = 1024 * 1024;

/** What a server tells its connections and hears of them. */
export interface ServerConnectionOwner {
  readonly methods: MethodTable<ServerMethod>;
  readonly limits: ServerLimits;
  /** Bytes that the streams of all connections may hold. */
  readonly budget: Budget;
  /** The connection is gone. */
  onConnectionClosed(connection: ServerConnection): void;
  /** A connection that drains has no calls left. */
  onConnectionIdle(connection: ServerConnection): void;
}

/** The server's role on one connection: finds the method for each request and the call for each message. */
export class ServerConnection implements ConnectionRole {
  readonly connection: Connection;
  readonly #calls = new Map<number, ServerCall>();
  readonly #used = new UsedIds();
  /** Streams that we ended before their client did: what it still sends is swallowed. */
  readonly #cutShort = new BoundedSet();
  readonly #request = new RequestEnvelope();
  #draining = false;
  #heldForUnsent = false;

  /** Starts to serve `duplex`. */
  constructor(
    duplex: Duplex,
    readonly peer: Peer,
    private readonly owner: ServerConnectionOwner,
  ) {
    this.connection = new Connection(duplex, this, {
      maxMessageBytes: owner.limits.maxMessageBytes,
      budget: new Budget(owner.limits.maxBufferedBytesPerConnection, owner.budget),
    });
  }

  /** Named limits, the server's. */
  get limits(): ServerLimits {
    return this.owner.limits;
  }

  /** The write side. */
  get writer(): FrameWriter {
    return this.connection.writer;
  }

  /** Calls that are open on this connection. */
  get callCount(): number {
    return this.#calls.size;
  }

  /** Refuses new calls from now on; an idle connection can be closed at once. `notice` is for the streams, if any. */
  drain(notice?: TtrpcError): void {
    this.#draining = true;
    if (notice) {
      for (const call of [...this.#calls.values()]) if (call.method.shape !== 'unary') call.onClosing?.(notice);
    }
    if (this.#calls.size === 0) this.owner.onConnectionIdle(this);
  }

  /** Ends all calls with `error`'s status, then the connection. */
  close(error: TtrpcError): void {
    for (const call of [...this.#calls.values()]) call.abort(error, error);
    this.connection.close(error);
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
    if (!this.#heldForUnsent && this.writer.backlogged(HOLD_UNSENT_BYTES)) {
      this.#heldForUnsent = true;
      this.connection.hold();
    }
  }

  /** As {@link ConnectionRole.onOversizedFrame}. */
  onOversizedFrame(streamId: number, type: number, _flags: number, length: number): void {
    const error = tooLong(length, this.limits.maxMessageBytes);
    if (type === FrameType.Request && (streamId & 1) === 1) this.#used.use(streamId);
    this.#refuse(streamId, error.code, error.message);
  }

  /** As {@link ConnectionRole.onDrain}. */
  onDrain(): void {
    if (!this.#heldForUnsent) return;
    this.#heldForUnsent = false;
    this.connection.release();
  }

  /** As {@link ConnectionRole.onClosed}. */
  onClosed(error: TtrpcError): void {
    const reason = new TtrpcError(TtrpcStatus.CANCELLED, `the client is gone: ${error.message}`, { cause: error });
    for (const call of [...this.#calls.values()]) call.abort(reason);
    this.owner.onConnectionClosed(this);
  }

  /** Raises RESOURCE_EXHAUSTED when the peer has left too many answers untaken for one more. */
  checkBacklog(): void {
    const { unsentBytes } = this.writer;
    const limit = this.limits.maxBufferedBytesPerConnection;
    if (unsentBytes > limit) {
      throw new TtrpcError(
        TtrpcStatus.RESOURCE_EXHAUSTED,
        `the peer has not taken ${unsentBytes} bytes of answers; the limit is ${limit} bytes`,
      );
    }
  }

  /** A call tells that it has ended. */
  onCallEnded(call: ServerCall): void {
    if (this.#calls.get(call.id) !== call) return;
    this.#calls.delete(call.id);
    if (!call.inputClosed) this.#cutShort.add(call.id);
    if (this.#draining && this.#calls.size === 0) this.owner.onConnectionIdle(this);
  }

  #onRequest(streamId: number, buf: Uint8Array, start: number, end: number): void {
    if (!this.#used.use(streamId)) {
      this.#refuse(streamId, TtrpcStatus.INVALID_ARGUMENT, 'StreamID cannot be re-used and must increment');
      return;
    }
    const request = this.#request;
    let method: ServerMethod | undefined;
    try {
      request.parse(buf, start, end);
      const { serviceStart, serviceEnd, methodStart, methodEnd } = request;
      method = this.owner.methods.find(buf, serviceStart, serviceEnd, buf, methodStart, methodEnd);
      if (!method) {
        // The names are made strings only here; bytes that are none are an envelope that does not parse.
        const service = request.serviceIn(buf);
        const name = request.methodIn(buf);
        const known = this.owner.methods.hasService(service);
        this.#refuse(streamId, TtrpcStatus.UNIMPLEMENTED, known ? `method ${name}` : `service ${service}`);
        return;
      }
    } catch (error) {
      this.#refuse(streamId, TtrpcStatus.INVALID_ARGUMENT, `unmarshal request error: ${messageOf(error)}`);
      return;
    }
    if (this.#draining) {
      this.#refuse(streamId, TtrpcStatus.UNAVAILABLE, 'the server is closing');
    } else if (this.#calls.size >= this.limits.maxConcurrentCalls) {
      const limit = this.limits.maxConcurrentCalls;
      this.#refuse(streamId, TtrpcStatus.RESOURCE_EXHAUSTED, `${limit} calls are open on this connection, the limit`);
    } else if (request.timeoutNano < 0) {
      this.#refuse(streamId, TtrpcStatus.DEADLINE_EXCEEDED, 'the deadline of the call had passed when it came');
    } else {
      this.#begin(streamId, method, buf);
    }
  }

  #begin(streamId: number, method: ServerMethod, buf: Uint8Array): void {
    const { payloadStart, payloadEnd, timeoutNano, metadata } = this.#request;
    const timeoutMs = timeoutNano / 1e6;
    const deadline = timeoutNano > 0 ? Date.now() + timeoutMs : undefined;
    const call = new ServerCall(this, streamId, method, metadata, deadline);
    this.#calls.set(streamId, call);
    if (deadline !== undefined) call.startDeadline(timeoutMs);
    try {
      method.start(call, buf, payloadStart, payloadEnd);
      if (!call.inputClosed && payloadEnd > payloadStart) call.receive(buf, payloadStart, payloadEnd);
    } catch (error) {
      call.fail(statusOf(error));
    }
  }

  #onData(streamId: number, flags: number, buf: Uint8Array, start: number, end: number): void {
    const closes = (flags & FrameFlag.RemoteClosed) !== 0;
    const call = this.#calls.get(streamId);
    if (!call || call.ended) {
      const cutShort = call !== undefined || this.#cutShort.has(streamId);
      if (!cutShort) {
        this.#refuse(streamId, TtrpcStatus.INVALID_ARGUMENT, 'StreamID is no longer active');
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
        call.fail(statusOf(error));
      }
    }
    if (closes) {
      call.closeInput();
      if (call.ended) this.#cutShort.delete(streamId);
    }
  }

  /**
   * Answers a frame that is out of order on its own id. Where a call is open there the client takes this for its
   * answer, so the call ends with it.
   */
  #refuse(streamId: number, code: TtrpcStatus, message: string): void {
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

function statusOf(error: unknown): StatusObject {
  return error instanceof TtrpcError
    ? error
    : { code: TtrpcStatus.UNKNOWN, message: 'the call failed before its handler was reached' };
}
