import { MAX_TIMEOUT_MS } from '../core/timer.js';

/** The reading of a connection, as a {@link Watchdog} sees it. */
export interface WatchedReading {
  /** A number that changes with each frame that is complete. */
  readonly framesRead: number;
  /** True while a frame has begun and is not whole. */
  readonly midFrame: boolean;
  /** True while we ourselves do not read. */
  readonly paused: boolean;
}

/** What a {@link Watchdog} looks at, and may end. */
export interface Watched {
  readonly connection: WatchedReading;
  /** Calls in flight. */
  readonly callCount: number;
  /** What the watchdog has seen of it. */
  readonly sighting: Sighting;
  /** The limit is exceeded: it must end. */
  onLimit(limit: 'frameTimeoutMs' | 'idleTimeoutMs', ms: number): void;
}

/** Limits in ms; undefined for none. */
export interface WatchdogLimits {
  frameTimeoutMs: number | undefined;
  idleTimeoutMs: number | undefined;
}

/** How a connection looked when the watchdog looked last; times in ms of a clock that is never set, 0 for not at all. */
export class Sighting {
  frames = -1;
  midSince = 0;
  idleSince = 0;
}

/**
 * Ends connections that hold their place and do nothing with it: a frame that does not become whole (slow loris), or no
 * call for a long time. One timer looks at all connections of a server now and then, so that what is well pays nothing;
 * a limit may be exceeded by a quarter.
 */
export class Watchdog {
  readonly #watched: ReadonlySet<Watched>;
  readonly #frameMs: number;
  readonly #idleMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** Looks at all that is in `watched` at the time, from {@link start} on. */
  constructor(watched: ReadonlySet<Watched>, { frameTimeoutMs, idleTimeoutMs }: WatchdogLimits) {
    this.#watched = watched;
    this.#frameMs = frameTimeoutMs ?? Infinity;
    this.#idleMs = idleTimeoutMs ?? Infinity;
  }

  /** Begins to look; harmless when it does already, or when there is no limit. */
  start(): void {
    const shortest = Math.min(this.#frameMs, this.#idleMs);
    if (this.#timer || shortest === Infinity) return;
    this.#timer = setInterval(() => this.#look(), Math.max(10, Math.min(shortest / 4, MAX_TIMEOUT_MS)));
    // It watches what others keep alive.
    this.#timer.unref();
  }

  /** Stops. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = performance.now();
    for (const each of this.#watched) this.#lookAt(each, now);
  }

  #lookAt(watched: Watched, now: number): void {
    const { sighting, connection } = watched;
    const moved = connection.framesRead !== sighting.frames;
    sighting.frames = connection.framesRead;
    sighting.midSince = connection.midFrame && !connection.paused && !moved ? sighting.midSince || now : 0;
    sighting.idleSince = watched.callCount === 0 && !moved ? sighting.idleSince || now : 0;
    if (sighting.midSince > 0 && now - sighting.midSince >= this.#frameMs) {
      watched.onLimit('frameTimeoutMs', this.#frameMs);
    } else if (sighting.idleSince > 0 && now - sighting.idleSince >= this.#idleMs) {
      watched.onLimit('idleTimeoutMs', this.#idleMs);
    }
  }
}
