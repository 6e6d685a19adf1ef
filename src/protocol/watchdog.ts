/** What a {@link Watchdog} looks at. */
export interface Watched {
  /** A number that changes with each frame that is complete. */
  readonly framesRead: number;
  /** True while a frame has begun and is not whole. */
  readonly midFrame: boolean;
  /** True while we ourselves do not read. */
  readonly held: boolean;
  /** Calls in flight. */
  readonly callCount: number;
}

/** Limits in ms; undefined for none. */
export interface WatchdogLimits {
  frameTimeoutMs: number | undefined;
  idleTimeoutMs: number | undefined;
}

/**
 * Ends connections that hold their place and do nothing with it: a frame that does not become whole (slow loris), or no
 * call for a long time. It looks now and then instead of arming a timer for each frame, so that what is well pays nothing;
 * a limit may be exceeded by a quarter.
 */
export class Watchdog {
  #timer: NodeJS.Timeout | undefined;
  #frames = -1;
  #midSince: number | undefined;
  #idleSince: number | undefined;

  constructor(
    private readonly watched: Watched,
    private readonly limits: WatchdogLimits,
    private readonly onLimit: (limit: 'frameTimeoutMs' | 'idleTimeoutMs', ms: number) => void,
  ) {
    const shortest = Math.min(limits.frameTimeoutMs ?? Infinity, limits.idleTimeoutMs ?? Infinity);
    if (shortest === Infinity) return;
    this.#timer = setInterval(() => this.#look(), Math.max(10, Math.min(shortest / 4, 2 ** 31 - 1)));
    // It watches what others keep alive.
    this.#timer.unref();
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { framesRead, midFrame, held, callCount } = this.watched;
    const now = Date.now();
    const moved = framesRead !== this.#frames;
    this.#frames = framesRead;
    this.#midSince = midFrame && !held && !moved ? (this.#midSince ?? now) : undefined;
    this.#idleSince = callCount === 0 && !moved ? (this.#idleSince ?? now) : undefined;
    const { frameTimeoutMs = Infinity, idleTimeoutMs = Infinity } = this.limits;
    if (this.#midSince !== undefined && now - this.#midSince >= frameTimeoutMs) {
      this.onLimit('frameTimeoutMs', frameTimeoutMs);
    } else if (this.#idleSince !== undefined && now - this.#idleSince >= idleTimeoutMs) {
      this.onLimit('idleTimeoutMs', idleTimeoutMs);
    }
  }
}
