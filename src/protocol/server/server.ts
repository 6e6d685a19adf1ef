import type { Duplex } from 'node:stream';
import { parseAddress } from '../socket/address.js';
import { checkAuthorizeOption, checkCredentials, type AnyAuthorize } from './authorize.js';
import { AuthorizeGate, type GateKeeper } from './authorize-gate.js';
import { Budget } from '../core/budget.js';
import { sampleCall, type CallSample } from './call-sample.js';
import { callStatsOf, type CallStats, type CallStatsOption } from '../core/call-stats.js';
import { DecodeAccount } from '../core/decode-budget.js';
import { debugCalls } from '../core/debug-calls.js';
import { publishRefused } from '../core/diagnostics.js';
import { RequestEnvelope } from '../wire/request-envelope.js';
import { TtrpcError } from '../core/errors.js';
import { listen, type Listener, type ListenOptions } from '../socket/listener.js';
import { MethodTable } from './method-table.js';
import { ConnectedPeer, type Peer } from './peer.js';
import { noRefusals, type RefusalReason, type Refusals, type ServerStats } from './refusals.js';
import type { ServerMethod } from './server-call.js';
import { ServerConnection, type ServerConnectionOwner } from './server-connection.js';
import { checkCloseOptions, serverLimits, type CloseOptions, type ServerLimits } from './server-options.js';
import { checkSocketFileOptions, restrictsSocketFile } from '../socket/socket-file-options.js';
import { TtrpcStatus } from '../core/status.js';
import { socketReadsOf } from '../socket/socket-reads.js';
import { Timer } from '../core/timer.js';
import { Watchdog } from '../connection/watchdog.js';

/** Options of a server, beside what it serves. */
export interface ServerCoreOptions extends Partial<ServerLimits>, ListenOptions, CallStatsOption {
  /**
   * Asked for each connection before its first frame is handled; false, or an error, closes it.
   * Default: every peer that the socket's permissions let in.
   */
  authorize?: AnyAuthorize | undefined;
}

/** What a server tells of itself. */
export interface ServerObserver {
  /** A connection was accepted. */
  onConnection?(peer: Peer): void;
  /** A connection has ended. */
  onDisconnection?(peer: Peer): void;
  /** A limit, or `authorize`, has refused something; `what` says it in words. */
  onRefused?(reason: RefusalReason, peer: Peer, what: string): void;
}

/** Listeners, connections and their limits: a server below the level of what a handler looks like. */
export class ServerCore implements ServerConnectionOwner, GateKeeper {
  readonly methods = new MethodTable<ServerMethod>();
  readonly limits: ServerLimits;
  readonly request: RequestEnvelope;
  readonly budget: Budget;
  readonly decoding: DecodeAccount;
  readonly callStats: CallStats | undefined;
  readonly #options: ServerCoreOptions;
  readonly #observer: ServerObserver;
  /** What relative paths are relative to. */
  readonly #folder = workingDirectory();
  readonly #listeners: Listener[] = [];
  readonly #connections = new Set<ServerConnection>();
  /** Accepted and not yet authorised. */
  readonly #gate: AuthorizeGate;
  readonly #refused: Refusals = noRefusals();
  readonly #watchdog: Watchdog;
  /** Of the newest connection; it keeps the code of a call compiled, see {@link sampleCall}. */
  #sample: CallSample | undefined;
  /** Connections that we have closed and whose sockets are not gone yet. */
  #leaving = 0;
  #closing: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  /** @throws {RangeError} that names the option when a limit is not a positive number */
  constructor(options: ServerCoreOptions = {}, observer: ServerObserver = {}) {
    debugCalls();
    this.#options = options;
    this.#observer = observer;
    this.limits = serverLimits(options);
    this.callStats = callStatsOf(options);
    checkAuthorizeOption(options.authorize);
    checkSocketFileOptions(options);
    socketReadsOf(options);
    this.#gate = new AuthorizeGate(this, this.limits.authorizeTimeoutMs);
    this.request = new RequestEnvelope(this.limits.maxMetadataBytes);
    this.budget = new Budget(this.limits.maxBufferedBytesPerServer);
    this.decoding = new DecodeAccount(this.limits);
    this.#watchdog = new Watchdog(this.#connections, this.limits);
  }

  /** The bound addresses. */
  get addresses(): string[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** What listens, one for each address. */
  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /** Kept for V8, see {@link sampleCall}; undefined before the first connection. */
  get sample(): CallSample | undefined {
    return this.#sample;
  }

  /** Open connections. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Binds each address; when one fails, all are given up and its error is raised. */
  async listen(urls: readonly string[]): Promise<string[]> {
    const addresses = urls.map((url) => parseAddress(url, this.#folder));
    if (restrictsSocketFile(this.#options) && urls.length > 0 && !addresses.some(({ kind }) => kind === 'unix')) {
      throw new TtrpcError(
        TtrpcStatus.INVALID_ARGUMENT,
        `socketMode and socketOwner protect the file of a unix socket; ${urls.join(', ')} has none: use authorize`,
      );
    }
    if (urls.length > 0) checkCredentials(this.#options.authorize);
    try {
      for (const address of addresses) {
        this.#listeners.push(await listen(address, this.#options, (socket, from) => this.accept(socket, from)));
        if (this.#closing) throw closingError();
      }
    } catch (error) {
      await this.#unbind();
      throw error;
    }
    return this.addresses;
  }

  /** Serves one more connection, whatever made it. */
  accept(duplex: Duplex, address: string): void {
    const peer: Peer = new ConnectedPeer(duplex, address);
    // Until it has an owner an error must not be an uncaught exception.
    duplex.on('error', ignore);
    if (this.#closing) {
      duplex.destroy();
    } else if (this.#connections.size + this.#gate.size >= this.limits.maxConnections) {
      duplex.destroy();
      this.onRefused('maxConnections', peer, `${this.limits.maxConnections} connections are open, the limit`);
    } else if (this.#options.authorize) {
      this.#gate.ask(duplex, peer);
    } else {
      this.onAdmitted(duplex, peer);
    }
  }

  /**
   * Accepts nothing more, refuses new calls, lets calls in flight finish for `gracePeriodMs`, then aborts them.
   * Resolves when no socket is left, at most a second after that; a second call waits for the first. Rejects with a
   * RangeError for an invalid grace period.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions(options);
    await (this.#closing ??= this.#close(options));
  }

  /** What is open, held and was refused. */
  get stats(): ServerStats {
    let calls = 0;
    let unsentBytes = 0;
    let stragglers = 0;
    for (const connection of this.#connections) {
      calls += connection.callCount;
      unsentBytes += connection.writer.unsentBytes;
      stragglers += connection.stragglerCount;
    }
    return {
      connections: this.#connections.size,
      calls,
      bufferedBytes: this.budget.used,
      unsentBytes,
      stragglers,
      authorizing: this.#gate.size,
      decodedBytes: this.decoding.used,
      refused: { ...this.#refused },
      methods: this.callStats?.snapshot() ?? [],
    };
  }

  /** As {@link ServerConnectionOwner.onRefused}. */
  onRefused(reason: RefusalReason, peer: Peer, what: string): void {
    this.#refused[reason]++;
    publishRefused(peer.address, reason, what);
    this.#observer.onRefused?.(reason, peer, what);
  }

  /** As {@link ServerConnectionOwner.onConnectionClosed}. */
  onConnectionClosed(connection: ServerConnection): void {
    this.#connections.delete(connection);
    this.#observer.onDisconnection?.(connection.peer);
    if (this.#connections.size === 0) this.#watchdog.stop();
    this.#checkEmpty();
  }

  /** As {@link ServerConnectionOwner.onConnectionIdle}. */
  onConnectionIdle(connection: ServerConnection): void {
    this.#end(connection);
  }

  /** As {@link GateKeeper.authorize}; without the option each peer is let in at once. */
  authorize(peer: Peer): boolean | Promise<boolean> {
    const { authorize } = this.#options;
    return authorize === undefined || authorize(peer);
  }

  /** As {@link GateKeeper.onDenied}. */
  onDenied(peer: Peer, why: string): void {
    this.onRefused('authorize', peer, why);
  }

  /** As {@link GateKeeper.onAdmitted}. */
  onAdmitted(duplex: Duplex, peer: Peer): void {
    const connection = new ServerConnection(duplex, peer, this);
    this.#connections.add(connection);
    this.#sample = sampleCall(connection, this.methods.first);
    this.#watchdog.start();
    this.#observer.onConnection?.(peer);
  }

  async #close({ gracePeriodMs = 0, signalStreams = false }: CloseOptions): Promise<void> {
    const unbound = this.#unbind();
    this.#gate.close();
    for (const connection of [...this.#connections]) connection.drain(closingError(), signalStreams);
    await this.#emptied(gracePeriodMs);
    await unbound;
  }

  async #unbind(): Promise<void> {
    for (const closed of this.#listeners.splice(0).map((listener) => listener.close())) await closed;
  }

  async #emptied(gracePeriodMs: number): Promise<void> {
    if (this.#isEmpty) return;
    await new Promise<void>((resolve) => {
      const timer = new Timer(gracePeriodMs, () => {
        for (const connection of [...this.#connections]) this.#end(connection);
      });
      this.#onEmpty = () => {
        timer.clear();
        resolve();
      };
    });
  }

  #end(connection: ServerConnection): void {
    this.#leaving++;
    connection.close(closingError(), () => {
      this.#leaving--;
      this.#checkEmpty();
    });
  }

  get #isEmpty(): boolean {
    return this.#connections.size === 0 && this.#leaving === 0;
  }

  #checkEmpty(): void {
    if (this.#isEmpty) this.#onEmpty?.();
  }
}

/** Undefined where it is gone: only a relative path needs it. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function closingError(): TtrpcError {
  return new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the server is closing');
}

function ignore(): void {
  // The connection's own listener, once it is there, deals with errors.
}
