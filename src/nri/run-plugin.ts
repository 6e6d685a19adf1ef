import type { Duplex } from 'node:stream';
import { Backoff } from '../protocol/client/backoff.js';
import { messageOf, TtrpcError } from '../protocol/core/errors.js';
import { unknownOptions } from '../protocol/core/option-names.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import type { NriHandlers } from './handlers.js';
import { functionsOf, pluginMark } from './plugin-functions.js';
import { identityOf, NRI_OPTIONS, stderrLogger, type NriPluginOptions } from './plugin-options.js';
import { PluginSession, type SessionOptions } from './plugin-session.js';
import { NriRuntime } from './runtime.js';
import { registrationWarning } from './time-limits.js';
import { connectTrunk, DEFAULT_SOCKET, ENVIRONMENT, inheritedTrunk } from './trunk.js';

/** A plugin that runs. */
export interface RunningPlugin {
  /** Index and name, as the runtime shows them: `10-logger`. */
  readonly name: string;
  /** The runtime that it is connected to. */
  readonly runtime: NriRuntime;
  /**
   * Resolves when the plugin has ended: with undefined after `stop()`, with the reason when the runtime is gone and the
   * plugin does not connect again. Never rejects.
   */
  readonly closed: Promise<TtrpcError | undefined>;
  /** Disconnects; handlers that are at work may go on for `gracePeriodMs` (default 0). */
  stop(options?: { gracePeriodMs?: number }): Promise<void>;
}

/**
 * Connects a plugin to the container runtime of this machine, without Nest. Resolves once the runtime has configured it;
 * from then on its functions are called. Rejects, and leaves nothing behind, when the runtime cannot be reached or refuses
 * the plugin, and with INVALID_ARGUMENT for a name, an index or a plugin that is wrong.
 * `runtime` may be given where others hold it already.
 */
export async function runPlugin(
  plugin: NriHandlers,
  options: NriPluginOptions = {},
  runtime: NriRuntime = new NriRuntime(),
): Promise<RunningPlugin> {
  requirePlugin(plugin);
  const logger = options.logger ?? stderrLogger;
  for (const text of unknownOptions('an NRI plugin', options, NRI_OPTIONS)) logger.warn(text);
  const mark = pluginMark(plugin);
  const identity = identityOf({ name: options.name ?? mark.name, index: options.index ?? mark.index });
  const runner = new Runner(options, {
    identity,
    functions: functionsOf(plugin),
    runtime,
    logger,
    failurePolicy: options.failurePolicy,
    unknownEvents: options.unknownEvents ?? 'error',
    isLaunched: options.socket === undefined && process.env[ENVIRONMENT.socket] !== undefined,
  });
  await runner.start();
  return runner;
}

class Runner implements RunningPlugin {
  readonly closed: Promise<TtrpcError | undefined>;
  readonly #backoff: Backoff | undefined;
  readonly #stop = new AbortController();
  #session: PluginSession | undefined;
  #end: (reason: TtrpcError | undefined) => void = () => undefined;

  constructor(
    private readonly options: NriPluginOptions,
    private readonly session: SessionOptions,
  ) {
    const { reconnect = true } = options;
    if (reconnect !== false && this.#path() !== undefined)
      this.#backoff = new Backoff(reconnect === true ? {} : reconnect);
    this.closed = new Promise((resolve) => (this.#end = resolve));
  }

  get name(): string {
    return `${this.session.identity.index}-${this.session.identity.name}`;
  }

  get runtime(): NriRuntime {
    return this.session.runtime;
  }

  async start(): Promise<void> {
    this.#session = await this.#connect();
    void this.#follow(this.#session);
  }

  async stop({ gracePeriodMs = 0 }: { gracePeriodMs?: number } = {}): Promise<void> {
    this.#stop.abort();
    await this.#session?.stop(gracePeriodMs);
    await this.closed;
  }

  /** Undefined where a connection is given. */
  #path(): string | undefined {
    const { socket } = this.options;
    if (typeof socket === 'string') return socket.replace(/^unix:(\/\/)?/, '');
    return socket === undefined && process.env[ENVIRONMENT.socket] === undefined ? DEFAULT_SOCKET : undefined;
  }

  async #connect(): Promise<PluginSession> {
    const trunk = await this.#trunk();
    const { signal } = this.#stop;
    const hangUp = (): void => void trunk.destroy();
    // Until the session is there, which ends its trunk itself, when its handlers are done.
    signal.addEventListener('abort', hangUp);
    if (signal.aborted) hangUp();
    try {
      return await PluginSession.begin(trunk, this.session);
    } finally {
      signal.removeEventListener('abort', hangUp);
    }
  }

  async #trunk(): Promise<Duplex> {
    const path = this.#path();
    if (path !== undefined) return connectTrunk(path, this.#stop.signal);
    const { socket } = this.options;
    if (typeof socket === 'object') return socket;
    const trunk = inheritedTrunk(process.env[ENVIRONMENT.socket] ?? '');
    const { identity, logger } = this.session;
    const warning = registrationWarning(identity, process.uptime() * 1000);
    if (warning !== undefined) logger.warn(warning);
    return trunk;
  }

  /** Connects again, as often as the runtime goes away. */
  async #follow(first: PluginSession): Promise<void> {
    const { logger } = this.session;
    let reason = await first.closed;
    while (this.#backoff && !this.#stop.signal.aborted) {
      logger.warn(`NRI: plugin ${this.name}: ${reason?.message}; it connects again`);
      this.#session = await this.#again(this.#backoff);
      if (!this.#session) break;
      logger.log(`NRI: plugin ${this.name} is connected again`);
      reason = await this.#session.closed;
    }
    this.#end(this.#stop.signal.aborted ? undefined : reason);
  }

  async #again(backoff: Backoff): Promise<PluginSession | undefined> {
    let last = '';
    backoff.reset();
    while (!this.#stop.signal.aborted) {
      await this.#wait(backoff.next());
      if (this.#stop.signal.aborted) break;
      try {
        const session = await this.#connect();
        if (!this.#stop.signal.aborted) return session;
        await session.stop();
      } catch (error) {
        const text = messageOf(error);
        if (text !== last && !this.#stop.signal.aborted) this.session.logger.warn(`NRI: plugin ${this.name}: ${text}`);
        last = text;
      }
    }
    return undefined;
  }

  #wait(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    });
  }
}

function requirePlugin(plugin: unknown): asserts plugin is object {
  if (typeof plugin === 'object' && plugin !== null) return;
  throw new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, 'an NRI plugin is an object with a function for each event');
}
