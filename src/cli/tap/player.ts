import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../tool-error.js';
import type { FrameWatcher, Side } from './frame.js';
import { add, keyOf, PlayedConnection } from './played-connection.js';
import type { RecordedFrame, Recording } from './recording.js';

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

function firstOf<T, R>(all: readonly T[], value: (each: T) => R | undefined): R | undefined {
  for (const each of all) {
    const found = value(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Checks that a recording has something to play. @throws ToolError */
export function checkPlayable({ lines }: Recording, file: string): void {
  const isClient = (side: Side): boolean => side === 'client';
  if (!lines.some((line) => line.event === 'frame' && isClient(line.from))) {
    throw new ToolError(`${file} has no frame of a client: there is nothing to replay`);
  }
}
