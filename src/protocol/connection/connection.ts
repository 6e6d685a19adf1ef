import type { Duplex } from 'node:stream';
import type { Budget } from '../core/budget.js';
import { passesEnd } from '../socket/duplex.js';
import { TtrpcError, messageOf } from '../core/errors.js';
import { foreignProtocol } from '../wire/foreign-protocol.js';
import { FrameReader, type FrameSink } from '../wire/frame-reader.js';
import { FrameWriter, HIGH_WATER_BYTES, type UnsentObserver } from '../wire/frame-writer.js';
import type { ReadSource } from './read-pause.js';
import { PeerProbe } from '../socket/peer-probe.js';
import { Timer } from '../core/timer.js';
import { listenToReads } from '../socket/shared-reads.js';
import { tapFrames, type FramesOf } from './debug-frames.js';
import type { DrainWaiter, StreamSender } from './send-queue.js';
import { TtrpcStatus } from '../core/status.js';

/** How long a closed connection may take until its peer has read what was written and closed, too, in ms. */
const LINGER_MS = 1000;

const NOTHING = new Uint8Array(0);

/** What a role, client or server, does with its connection's frames and its end. */
export interface ConnectionRole extends FrameSink {
  /**
   * True: a peer that is gone is noticed also while the connection is held, at the price of what it had sent before.
   * False: it is noticed when reading goes on, behind all that it had sent.
   */
  readonly probesPeer: boolean;
  /** The connection is gone, once; `error` says why. Nothing more can be sent. */
  onClosed(error: TtrpcError): void;
  /** The Duplex has taken everything that was written. */
  onDrain(): void;
  /** The peer does not speak ttrpc, as `what` says; the connection ends with that at once. */
  onForeignPeer?(what: string): void;
}

/** Named limits of a connection, in bytes, and what names it in debug lines. */
export interface ConnectionLimits extends FramesOf {
  /** Largest data of one frame, each way. */
  maxMessageBytes: number;
  /** What the streams of the connection, its unsent and its unfinished frames may hold together. */
  budget: Budget;
}

/**
 * One byte stream to one peer: one read loop, one write queue, one end. What the frames mean is the business of its
 * role. It knows two states, open and closed; every late event of the Duplex meets a closed connection and does nothing.
 */
export class Connection implements StreamSender, ReadSource, UnsentObserver {
  readonly writer: FrameWriter;
  readonly budget: Budget;
  readonly #duplex: Duplex;
  readonly #reader: FrameReader;
  readonly #role: ConnectionRole;
  readonly #probe: PeerProbe;
  readonly #stopListening: () => void;
  /** Made when a stream has to wait. */
  #waiting: Set<DrainWaiter> | undefined;
  #pauses = 0;
  /** Unsent bytes that the budget counts. */
  #unsent = 0;
  #open = true;

  /** Starts to read `duplex` and owns it from now on. */
  constructor(duplex: Duplex, role: ConnectionRole, limits: ConnectionLimits) {
    this.#duplex = duplex;
    this.#role = role;
    this.budget = limits.budget;
    this.#probe = new PeerProbe(duplex);
    const tap = tapFrames(limits, role, duplex);
    this.writer = new FrameWriter(tap?.duplex ?? duplex, limits.maxMessageBytes, this);
    const budget = role.onUnaffordableFrame && limits.budget;
    const sink = tap?.sink ?? role;
    this.#reader = new FrameReader(sink, limits.maxMessageBytes, budget, this.#onFirstBytes, tap === undefined);
    this.#stopListening = listenToReads(duplex, this.#reader);
    duplex.on('drain', this.#onDrain);
    duplex.on('end', this.#onEnd);
    duplex.on('close', this.#onDuplexClose);
    duplex.on('error', this.#onError);
    duplex.resume();
    // A Duplex that ended before we listened emits no further event.
    if (duplex.destroyed || duplex.readableEnded) process.nextTick(this.#onEnd);
  }

  /** False once the connection has ended, for whatever reason. */
  get open(): boolean {
    return this.#open;
  }

  /** Frames whose header has been read. */
  get framesRead(): number {
    return this.#reader.framesRead;
  }

  /** True while a frame has begun and is not whole. */
  get midFrame(): boolean {
    return this.#reader.midFrame;
  }

  /** True while it is not read. */
  get paused(): boolean {
    return this.#pauses > 0;
  }

  /** Stops reading until the same number of {@link resumeReading} calls. */
  pauseReading(): void {
    if (this.#pauses++ > 0 || !this.#open) return;
    this.#duplex.pause();
    if (this.#role.probesPeer) this.#probe.start();
  }

  /** Takes one {@link pauseReading} back. */
  resumeReading(): void {
    if (--this.#pauses > 0 || !this.#open) return;
    this.#probe.stop();
    this.#duplex.resume();
  }

  /** As {@link UnsentObserver.onUnsent}. What every connection may have on its way is not counted. */
  onUnsent(bytes: number): void {
    const counted = Math.max(0, bytes - HIGH_WATER_BYTES);
    if (counted > this.#unsent) this.budget.force(counted - this.#unsent);
    else this.budget.give(this.#unsent - counted);
    this.#unsent = counted;
  }

  /** As {@link UnsentObserver.checkLarge}: each of many peers could leave its first response untaken. */
  checkLarge(bytes: number): void {
    if (this.budget.fits(bytes)) return;
    const limit = this.budget.exceededBy(bytes);
    const message = `too much is held for peers that do not take it; ${bytes} bytes more exceed the limit of ${limit} bytes`;
    throw new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, message, { limit: 'maxBufferedBytes' });
  }

  /** As {@link StreamSender.awaitDrain}. */
  awaitDrain(output: DrainWaiter): void {
    (this.#waiting ??= new Set()).add(output);
  }

  /** As {@link StreamSender.forget}. */
  forget(output: DrainWaiter): void {
    this.#waiting?.delete(output);
  }

  /** Calls `callback` once the Duplex has taken all that was written, at once if it has; never after the end. */
  whenTaken(callback: () => void): void {
    this.writer.flush();
    const duplex = this.#duplex;
    if (!this.#open) return;
    if (duplex.writableLength === 0) callback();
    else duplex.write(NOTHING, () => this.#open && callback());
  }

  /**
   * Ends the connection in order: what was written leaves, then our side closes, and what comes is read and dropped until
   * the peer closes, too. A socket that is closed at once fails the next write of a peer who does not know yet, and with
   * that the peer loses what it has not read. Takes a second at most; `onGone` is called at its end.
   */
  close(error: TtrpcError, onGone: () => void): void {
    if (!this.#open) {
      onGone();
      return;
    }
    this.writer.flush();
    this.#closed(error);
    const duplex = this.#duplex;
    if (duplex.destroyed || duplex.readableEnded) {
      duplex.destroy();
      onGone();
      return;
    }
    const gone = (): void => {
      bound.clear();
      duplex.off('close', gone);
      duplex.destroy();
      onGone();
    };
    // A peer that has stopped reading does not notice the end: it must not keep the socket for ever.
    const bound = new Timer(LINGER_MS, gone);
    duplex.on('close', gone);
    duplex.on('end', () => duplex.destroy());
    if (!passesEnd(duplex)) duplex.on('finish', () => duplex.destroy());
    duplex.resume();
    duplex.end();
  }

  /** Ends the connection at once; what was not sent is dropped. */
  destroy(error: TtrpcError): void {
    if (!this.#open) return;
    this.#closed(error);
    this.#duplex.destroy();
  }

  #closed(error: TtrpcError): void {
    this.#open = false;
    this.#reader.stop();
    this.onUnsent(0);
    this.#probe.stop();
    this.writer.discard();
    this.#waiting = undefined;
    this.#stopListening();
    this.#duplex.off('drain', this.#onDrain);
    this.#duplex.off('end', this.#onEnd);
    this.#duplex.off('close', this.#onDuplexClose);
    // 'error' keeps its listener: an error that comes after the end must not become an uncaught exception.
    this.#role.onClosed(error);
  }

  readonly #onFirstBytes = (first: Uint8Array): void => {
    const protocol = foreignProtocol(first);
    if (!protocol) return;
    const what = `this peer speaks ${protocol}, not ttrpc`;
    this.#role.onForeignPeer?.(what);
    this.destroy(new TtrpcError(TtrpcStatus.UNAVAILABLE, what));
  };

  readonly #onDrain = (): void => {
    this.onUnsent(0);
    this.#role.onDrain();
    // In turns: who has more to send than fits now goes to the end of the line.
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = undefined;
    for (const output of waiting) {
      if (!this.#open) return;
      if (!output.onDrain()) this.awaitDrain(output);
    }
  };

  // A peer that half-closes is gone: Go, too, answers none of its calls any more (PROTOCOL.md, "Call shapes").
  readonly #onEnd = (): void => {
    const cut = this.#reader.midFrame ? ' in the middle of a frame' : '';
    this.destroy(new TtrpcError(TtrpcStatus.UNAVAILABLE, `the peer closed the connection${cut}`));
  };

  readonly #onDuplexClose = (): void => this.#onEnd();

  readonly #onError = (error: unknown): void => {
    this.destroy(
      new TtrpcError(TtrpcStatus.UNAVAILABLE, `the connection failed: ${messageOf(error)}`, { cause: error }),
    );
  };
}
