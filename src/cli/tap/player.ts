import type { Duplex } from 'node:stream';
import { ToolError } from '../tool-error.js';
import type { FrameWatcher, Side } from './frame.js';
import { FrameGaps } from './frame-gaps.js';
import { add, keyOf, PlayedConnection } from './played-connection.js';
import type { RecordedFrame, RecordedLine } from './recorded-line.js';
import type { Recording } from './recording.js';

/** How a recording is played. */
export interface PlayOptions {
  /** Makes a connection to the server. */
  dial(): Promise<Duplex>;
  /** Is told of each frame of the replay, both ways, in its order. */
  readonly watcher: FrameWatcher;
  /** Is told of each frame of the recording when it is its turn, or the replay has stopped before it. */
  readonly recorded: Pick<FrameWatcher, 'onFrame'>;
  /** The gaps between frames are kept as they were recorded. */
  readonly keepsTime: boolean;
  /** How long the server may take for what is awaited, in ms. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Plays the client's side of a recording: a frame is sent when all frames that the server had sent before it have come, or
 * their streams are over. Resolves with why it stopped, or undefined when everything was played and has come.
 * @throws ToolError when the server cannot be reached at all
 */
export async function play({ lines, nri }: Recording, options: PlayOptions): Promise<string | undefined> {
  const player = new Player(nri, options);
  const gaps = options.keepsTime ? new FrameGaps(lines, options.signal) : undefined;
  // It may be ahead of the client.
  for (const line of lines) if (line.event === 'frame' && line.from === 'server') player.allow(line);
  let played = 0;
  const next = (): RecordedLine | undefined => {
    const line = lines[played++];
    if (line?.event === 'frame') {
      options.recorded.onFrame({ ...line, mux: line.mux, data: Buffer.from(line.data, 'base64') });
    }
    return line;
  };
  try {
    for (let line; (line = next());) {
      const stopped = await playLine(line, player, gaps, options.signal);
      if (stopped !== undefined) return stopped;
    }
    return await player.caughtUp();
  } finally {
    await player.close();
    while (next());
  }
}

/** Resolves with why the replay stops, or undefined. */
async function playLine(
  line: RecordedLine,
  player: Player,
  gaps: FrameGaps | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (signal.aborted) return 'interrupted';
  if (line.event === 'frame' && line.from === 'server') {
    player.expect(line);
    return undefined;
  }
  if (line.event === 'end' && line.from === 'server') return undefined;
  const late = await player.caughtUp();
  if (late !== undefined) return late;
  await gaps?.timeOf(line);
  if (signal.aborted) return 'interrupted';
  if (line.event === 'connected') return player.connect(line.connection);
  if (line.event === 'frame') player.send(line);
  else player.end(line.connection, line.event === 'disconnected');
  return undefined;
}

class Player {
  readonly #connections = new Map<number, PlayedConnection>();
  /** Those whose client has left, until they are closed. */
  readonly #leaving = new Set<PlayedConnection>();
  /** Those that may be waited for: thousands that have nothing to say are not asked at each frame. */
  readonly #busy = new Set<PlayedConnection>();
  /** By connection: how many frames the server had sent on each stream. */
  readonly #recorded = new Map<number, Map<string, number>>();
  #isFirst = true;
  #tooMuch: string | undefined;
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
    this.#busyOf(frame.connection)?.expect(frame);
  }

  /**
   * Makes a connection. Resolves with why it cannot be made: a server that has gone meanwhile is a result.
   * @throws ToolError when it is the first one
   */
  async connect(number: number): Promise<string | undefined> {
    let socket;
    try {
      socket = await this.options.dial();
    } catch (error) {
      if (this.#isFirst || !(error instanceof ToolError)) throw error;
      return error.message;
    }
    this.#isFirst = false;
    const allowed = this.#recorded.get(number) ?? new Map<string, number>();
    this.#recorded.delete(number);
    const connection = new PlayedConnection(number, socket, this.isNri, allowed, this.options.watcher, () => {
      this.#tooMuch ??= connection.tooMuch;
      this.#wake();
    });
    this.#connections.set(number, connection);
    return undefined;
  }

  send(frame: RecordedFrame): void {
    this.#busyOf(frame.connection)?.send(frame);
  }

  /** The client had ended its half of a connection, or all of it. */
  end(number: number, isOver: boolean): void {
    const connection = this.#connections.get(number);
    connection?.end(isOver);
    if (!connection || !isOver) return;
    this.#connections.delete(number);
    this.#busy.delete(connection);
    this.#leaving.add(connection);
    void connection.closed.then(() => this.#leaving.delete(connection));
  }

  /**
   * Resolves when all that the server had sent has come, and it has taken what was sent to it; with what has not happened,
   * when it takes too long.
   */
  async caughtUp(): Promise<string | undefined> {
    const { signal, patienceMs } = this.options;
    for (;;) {
      if (this.#tooMuch !== undefined) return this.#tooMuch;
      const missing = this.#missing();
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

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values(), ...this.#leaving].map((each) => each.close()));
  }

  #busyOf(number: number): PlayedConnection | undefined {
    const connection = this.#connections.get(number);
    if (connection) this.#busy.add(connection);
    return connection;
  }

  #missing(): string | undefined {
    for (const connection of this.#busy) {
      const missing = connection.missing();
      if (missing !== undefined) return missing;
      this.#busy.delete(connection);
    }
    return undefined;
  }
}

/** Checks that a recording has something to play. @throws ToolError */
export function checkPlayable({ lines }: Recording, file: string): void {
  const isClient = (side: Side): boolean => side === 'client';
  if (!lines.some((line) => line.event === 'frame' && isClient(line.from))) {
    throw new ToolError(`${file} has no frame of a client: there is nothing to replay`);
  }
}
