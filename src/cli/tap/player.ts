import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mux } from '../../nri/mux.js';
import { FrameFlag, FrameType, HEADER_BYTES, writeHeader } from '../../protocol/wire/frame.js';
import { ToolError } from '../tool-error.js';
import { SeenBytes, type FrameWatcher, type SeenFrame, type Side } from './frame.js';
import type { RecordedFrame, Recording } from './recording.js';

/** So much more than was recorded is too much, in bytes of a connection: a server may send for ever. */
const MAX_EXTRA_BYTES = 64 * 1024 * 1024;

/** What a frame takes in memory beside its data, about. */
const FRAME_OVERHEAD_BYTES = 1024;

/** How a recording is played. */
export interface PlayOptions {
  /** Makes a connection to the server. */
  dial(): Promise<Duplex>;
  /** Is told of each frame of the replay, both ways, in its order. */
  readonly watcher: FrameWatcher;
  /** The gaps between frames are kept as they were recorded. */
  readonly keepsTime: boolean;
  /** How long the server may take for what is awaited, in ms. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Plays the client's side of a recording: a frame is sent when all frames that the server had sent before it have come, or
 * their streams are over. Resolves with what is missing, or undefined when everything came.
 * @throws ToolError when the server cannot be reached
 */
export async function play({ lines, nri }: Recording, options: PlayOptions): Promise<string | undefined> {
  const player = new Player(nri, options);
  try {
    // It may be ahead of the client.
    for (const line of lines) if (line.event === 'frame' && line.from === 'server') player.allow(line);
    for (const line of lines) {
      if (options.signal.aborted) return 'interrupted';
      if (line.event === 'frame' && line.from === 'server') {
        player.expect(line);
        continue;
      }
      if (line.event === 'end' && line.from === 'server') continue;
      const late = await player.caughtUp();
      if (late !== undefined) return late;
      if (options.keepsTime) await player.timeOf(line.at);
      if (options.signal.aborted) return 'interrupted';
      if (line.event === 'connected') await player.connect(line.connection);
      else if (line.event === 'frame') player.send(line);
      else player.end(line.connection, line.event === 'disconnected');
    }
    return await player.caughtUp();
  } finally {
    await player.close();
  }
}

class Player {
  readonly #connections = new Map<number, PlayedConnection>();
  /** By connection: how many frames the server had sent on each stream. */
  readonly #recorded = new Map<number, Map<string, number>>();
  readonly #start = performance.now();
  #wake: () => void = () => undefined;

  constructor(
    private readonly isNri: boolean,
    private readonly options: PlayOptions,
  ) {}

  /** The server will have sent this frame. */
  allow({ connection, mux, stream }: RecordedFrame): void {
    const counts = this.#recorded.get(connection) ?? new Map<string, number>();
    this.#recorded.set(connection, counts);
    add(counts, keyOf(mux, stream), 1);
  }

  /** The server had sent this frame: it is awaited before the client goes on. */
  expect(frame: RecordedFrame): void {
    this.#connections.get(frame.connection)?.expect(frame);
  }

  async connect(number: number): Promise<void> {
    const socket = await this.options.dial();
    this.#connections.set(
      number,
      new PlayedConnection(
        number,
        socket,
        this.isNri,
        this.#recorded.get(number) ?? new Map(),
        this.options.watcher,
        () => this.#wake(),
      ),
    );
  }

  send(frame: RecordedFrame): void {
    this.#connections.get(frame.connection)?.send(frame);
  }

  end(number: number, isOver: boolean): void {
    this.#connections.get(number)?.end(isOver);
  }

  /**
   * Resolves when all that the server had sent has come, and it has taken what was sent to it; with what has not happened,
   * when it takes too long.
   */
  async caughtUp(): Promise<string | undefined> {
    const { signal, patienceMs } = this.options;
    const connections = [...this.#connections.values()];
    for (;;) {
      const tooMuch = firstOf(connections, (each) => each.tooMuch);
      if (tooMuch !== undefined) return tooMuch;
      const missing = firstOf(connections, (each) => each.missing());
      if (missing === undefined) return undefined;
      const isLate = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => settle(true), patienceMs);
        const onAbort = (): void => settle(false);
        const settle = (late: boolean): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          this.#wake = () => undefined;
          resolve(late);
        };
        this.#wake = () => settle(false);
        signal.addEventListener('abort', onAbort);
        if (signal.aborted) settle(false);
      });
      if (signal.aborted) return 'interrupted';
      if (isLate) return `${missing} within ${patienceMs / 1000} s`;
    }
  }

  /** Resolves `at` ms after the beginning, or when the replay is interrupted. */
  async timeOf(at: number): Promise<void> {
    const { signal } = this.options;
    for (let left = at; left > 0 && !signal.aborted;) {
      left = this.#start + at - performance.now();
      // A longer timer fires at once.
      if (left > 0) await sleep(Math.min(left, 2 ** 31 - 1), undefined, { signal }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((each) => each.close()));
  }
}

class PlayedConnection {
  readonly #mux: Mux | undefined;
  /** By mux and stream: frames that the server had sent more than it has now; below 0 it is ahead. */
  readonly #owed = new Map<string, number>();
  /** Those streams on which frames are awaited. */
  readonly #awaited = new Set<string>();
  readonly #over = new Set<string>();
  /** By mux and stream: frames that may still come. */
  readonly #allowed: Map<string, number>;
  readonly #muxed = new Set<Duplex>();
  #extraBytes = 0;
  #tooMuch: string | undefined;
  #closed = false;

  constructor(
    private readonly number: number,
    private readonly socket: Duplex,
    isNri: boolean,
    recorded: ReadonlyMap<string, number>,
    private readonly watcher: FrameWatcher,
    private readonly onChange: () => void,
  ) {
    this.#allowed = new Map(recorded);
    const bytes = new SeenBytes(number, 'server', isNri, {
      onFrame: (frame) => this.#onFrame(frame),
      onNote: (note) => watcher.onNote(note),
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

  expect({ mux, stream }: RecordedFrame): void {
    const key = keyOf(mux, stream);
    if (add(this.#owed, key, 1) > 0 && !this.#over.has(key)) this.#awaited.add(key);
  }

  /** What the server sends for ever, in words. */
  get tooMuch(): string | undefined {
    return this.#tooMuch;
  }

  /** What the server still owes, in words. */
  missing(): string | undefined {
    if (this.#closed) return undefined;
    const where = `on connection ${this.number}`;
    for (const key of this.#awaited) {
      const count = this.#owed.get(key);
      return `the server has not sent ${count === 1 ? 'a frame' : `${count} frames`} of stream ${key} ${where}`;
    }
    const isFull = [this.socket, ...this.#muxed].some((each) => each.writableNeedDrain);
    return isFull ? `the server has not read what was sent ${where}` : undefined;
  }

  send(frame: RecordedFrame): void {
    const { mux, stream, type, flags, connection } = frame;
    const data = Buffer.from(frame.data, 'base64');
    const key = keyOf(mux, stream);
    // Ids are used once; NRI's runtime uses its own for its calls.
    if (type === FrameType.Request) this.#over.delete(key);
    this.watcher.onFrame({ connection, mux, from: 'client', stream, type, flags, data });
    if (this.#closed || this.socket.destroyed) return;
    const bytes = Buffer.alloc(HEADER_BYTES + data.length);
    writeHeader(bytes, 0, data.length, stream, type, flags);
    data.copy(bytes, HEADER_BYTES);
    if (!this.#mux) this.socket.write(bytes);
    // What a peer has sent on connection 0, which NRI does not have, is left out.
    else if (mux !== undefined && mux > 0) this.#within(this.#mux, mux).write(bytes);
  }

  /** The client had ended its half, or the whole connection. */
  end(isOver: boolean): void {
    if (isOver) this.socket.end(() => this.socket.destroy());
    else this.socket.end();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.closed) {
        resolve();
        return;
      }
      this.socket.once('close', () => resolve());
      this.socket.destroy();
    });
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

  #onFrame(frame: SeenFrame): void {
    const key = keyOf(frame.mux, frame.stream);
    const isAwaited = this.#awaited.has(key);
    const ends = frame.type === FrameType.Response || (frame.flags & FrameFlag.RemoteClosed) !== 0;
    if (ends && frame.type !== FrameType.Request) this.#over.add(key);
    if (add(this.#owed, key, -1) <= 0 || this.#over.has(key)) this.#awaited.delete(key);
    if (add(this.#allowed, key, -1) < 0) this.#extraBytes += frame.data.length + FRAME_OVERHEAD_BYTES;
    if (this.#extraBytes > MAX_EXTRA_BYTES) {
      this.#tooMuch ??= `the server sends without an end what is not recorded, of stream ${key} on connection ${this.number}`;
      this.socket.destroy();
    } else this.watcher.onFrame(frame);
    // Others do not show that the server goes on with what is awaited.
    if (isAwaited || this.#tooMuch !== undefined) this.onChange();
  }
}

/** Adds to the number of a key; gives the sum. */
function add(counts: Map<string, number>, key: string, number: number): number {
  const sum = (counts.get(key) ?? 0) + number;
  counts.set(key, sum);
  return sum;
}

function firstOf<T, R>(all: readonly T[], value: (each: T) => R | undefined): R | undefined {
  for (const each of all) {
    const found = value(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keyOf(mux: number | undefined, stream: number): string {
  return mux === undefined ? String(stream) : `${mux}/${stream}`;
}

/** Checks that a recording has something to play. @throws ToolError */
export function checkPlayable({ lines }: Recording, file: string): void {
  const isClient = (side: Side): boolean => side === 'client';
  if (!lines.some((line) => line.event === 'frame' && isClient(line.from))) {
    throw new ToolError(`${file} has no frame of a client: there is nothing to replay`);
  }
}
