import type { Duplex } from 'node:stream';
import { Mux } from '../../nri/mux.js';
import { FrameType, HEADER_BYTES, writeHeader } from '../../protocol/wire/frame.js';
import { outliveFailedWrites } from './failed-writes.js';
import { SeenBytes, type FrameWatcher, type SeenFrame } from './frame.js';
import { PlayedStream } from './played-stream.js';
import type { RecordedFrame } from './recorded-line.js';
import { closing } from './relay.js';

/** So much more than was recorded is too much, in bytes of a connection: a server may send for ever. */
const MAX_EXTRA_BYTES = 64 * 1024 * 1024;

/** What a frame takes in memory beside its data, about. */
const FRAME_OVERHEAD_BYTES = 1024;

/** A connection of a replay: sends what its client had sent, and knows what the server still owes. */
export class PlayedConnection {
  /** Resolves when it is closed. */
  readonly closed: Promise<void>;
  readonly #mux: Mux | undefined;
  /** By mux and stream. */
  readonly #streams = new Map<string, PlayedStream>();
  /** Those on which something is awaited. */
  readonly #awaited = new Map<string, PlayedStream>();
  /** By mux and stream: frames that may still come. */
  readonly #allowed: Map<string, number>;
  readonly #muxed = new Set<Duplex>();
  #extraBytes = 0;
  #tooMuch: string | undefined;
  #closed = false;
  /** The server takes no more; what it has sent is still read. */
  #isDeaf = false;

  constructor(
    private readonly number: number,
    private readonly socket: Duplex,
    isNri: boolean,
    recorded: Map<string, number>,
    private readonly watcher: FrameWatcher,
    private readonly onChange: () => void,
  ) {
    this.#allowed = recorded;
    this.closed = closing(socket);
    const bytes = new SeenBytes(number, 'server', isNri, {
      onFrame: (frame) => this.#onFrame(frame),
      onNote: (note) => watcher.onNote(note),
    });
    outliveFailedWrites(socket, () => {
      this.#isDeaf = true;
      onChange();
    });
    socket.on('data', (chunk: Buffer) => bytes.push(chunk));
    socket.on('error', () => undefined);
    const onEnd = (): void => {
      this.#closed = true;
      onChange();
    };
    socket.on('end', onEnd).on('close', onEnd).on('drain', onChange);
    this.#mux = isNri ? new Mux(socket) : undefined;
  }

  /** The server had sent this frame: it is awaited. */
  expect(frame: RecordedFrame): void {
    const key = keyOf(frame.mux, frame.stream);
    const stream = this.#streamOf(key);
    stream.expect(frame);
    if (stream.isAwaited) this.#awaited.set(key, stream);
  }

  /** What the server sends for ever, in words. */
  get tooMuch(): string | undefined {
    return this.#tooMuch;
  }

  /** What the server still owes, in words. */
  missing(): string | undefined {
    if (this.#closed) return undefined;
    const where = `on connection ${this.number}`;
    for (const [key, { missing }] of this.#awaited)
      return `the server has not sent ${missing} of stream ${key} ${where}`;
    if (this.#isDeaf) return undefined;
    const isFull = [this.socket, ...this.#muxed].some((each) => each.writableNeedDrain);
    return isFull ? `the server has not read what was sent ${where}` : undefined;
  }

  /** Sends a frame, unless the server takes no more. */
  send(frame: RecordedFrame): void {
    if (this.#closed || this.#isDeaf || this.socket.destroyed) return;
    const { mux, stream, type, flags, connection } = frame;
    const data = Buffer.from(frame.data, 'base64');
    const key = keyOf(mux, stream);
    if (type === FrameType.Request) {
      this.#streamOf(key).open();
      this.#awaited.delete(key);
    }
    this.watcher.onFrame({ connection, mux, from: 'client', stream, type, flags, data });
    const bytes = Buffer.alloc(HEADER_BYTES + data.length);
    writeHeader(bytes, 0, data.length, stream, type, flags);
    data.copy(bytes, HEADER_BYTES);
    if (!this.#mux) this.socket.write(bytes);
    // What a peer has sent on connection 0, which NRI does not have, is left out.
    else if (mux !== undefined && mux > 0) this.#within(this.#mux, mux).write(bytes);
  }

  /** The client had ended its half, or the whole connection. */
  end(isOver: boolean): void {
    if (isOver && this.#isDeaf) this.socket.destroy();
    else if (isOver) this.socket.end(() => this.socket.destroy());
    else this.socket.end();
  }

  /** Ends the connection now; resolves when it is closed. */
  close(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }

  #within(mux: Mux, id: number): Duplex {
    const connection = mux.open(id);
    if (this.#muxed.has(connection)) return connection;
    this.#muxed.add(connection);
    // What comes on it is read from the trunk.
    return connection
      .on('error', () => undefined)
      .on('drain', this.onChange)
      .resume();
  }

  #streamOf(key: string): PlayedStream {
    let stream = this.#streams.get(key);
    if (!stream) this.#streams.set(key, (stream = new PlayedStream()));
    return stream;
  }

  #onFrame(frame: SeenFrame): void {
    const key = keyOf(frame.mux, frame.stream);
    const stream = this.#streamOf(key);
    const goesOn = stream.take(frame);
    if (!stream.isAwaited) this.#awaited.delete(key);
    const allowed = add(this.#allowed, key, -1);
    if (allowed === 0) this.#allowed.delete(key);
    if (allowed < 0) this.#extraBytes += frame.data.length + FRAME_OVERHEAD_BYTES;
    if (this.#extraBytes > MAX_EXTRA_BYTES) {
      this.#tooMuch ??= `the server sends without an end what is not recorded, of stream ${key} on connection ${this.number}`;
      this.socket.destroy();
    } else this.watcher.onFrame(frame);
    // Others do not show that the server goes on with what is awaited.
    if (goesOn || this.#tooMuch !== undefined) this.onChange();
  }
}

/** Adds to the number of a key; gives the sum. */
export function add(counts: Map<string, number>, key: string, number: number): number {
  const sum = (counts.get(key) ?? 0) + number;
  counts.set(key, sum);
  return sum;
}

/** The name of a stream: its id, behind that of its connection of the mux. */
export function keyOf(mux: number | undefined, stream: number): string {
  return mux === undefined ? String(stream) : `${mux}/${stream}`;
}
