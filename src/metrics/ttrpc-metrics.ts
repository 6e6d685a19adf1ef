import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientStats } from '../protocol/client/channel.js';
import { CallStats } from '../protocol/core/call-stats.js';
import { describe } from '../protocol/core/describe.js';
import type { CallTrace, ConnectionEvent } from '../protocol/core/diagnostics.js';
import { refuseUnknownOptions, type OptionNames } from '../protocol/core/option-names.js';
import type { ServerStats } from '../protocol/server/refusals.js';
import { prometheusText } from './prometheus-text.js';
import type { SideMetrics, TtrpcMetricsSnapshot } from './snapshot.js';

/** Whose connections and queues {@link TtrpcMetrics} reports beside the calls, each by a name that its label gets. */
export interface TtrpcMetricsOptions {
  /** Servers: a `TtrpcServer`, or what `serve` gives. */
  servers?: Readonly<Record<string, { readonly stats: ServerStats }>> | undefined;
  /** Clients: a `TtrpcClient`, or what `connect` gives. */
  clients?: Readonly<Record<string, { readonly stats: ClientStats }>> | undefined;
}

const OPTIONS: OptionNames<TtrpcMetricsOptions> = { servers: true, clients: true };

class Side {
  readonly calls = new CallStats();
  opened = 0;
  closed = 0;

  snapshot(): SideMetrics {
    return { methods: this.calls.snapshot(), connectionsOpened: this.opened, connectionsClosed: this.closed };
  }
}

/**
 * Counts the calls of all ttrpc servers and clients of the process from its making to {@link close}, by method and status,
 * with their durations, messages and bytes. It listens to the diagnostics channels: what it costs is paid only while there
 * is one. For a single server or client its option `callStats` counts the same.
 */
export class TtrpcMetrics {
  readonly #sides = { server: new Side(), client: new Side() };
  readonly #servers: Map<string, { readonly stats: ServerStats }>;
  readonly #clients: Map<string, { readonly stats: ClientStats }>;
  readonly #listeners: readonly (readonly [string, (message: unknown) => void])[];

  /** Counts from now on. @throws TypeError for a server or client without `stats`, and for an unknown option */
  constructor(options: TtrpcMetricsOptions = {}) {
    refuseUnknownOptions('TtrpcMetrics', options, OPTIONS);
    const { servers, clients } = options;
    this.#servers = sources('servers', servers);
    this.#clients = sources('clients', clients);
    const begin = (call: unknown): void => this.#sides[(call as CallTrace).side].calls.begin(call as CallTrace);
    const end = (call: unknown): void => this.#sides[(call as CallTrace).side].calls.end(call as CallTrace);
    this.#listeners = [
      ['tracing:nestjs-ttrpc.server:start', begin],
      ['tracing:nestjs-ttrpc.server:asyncEnd', end],
      ['tracing:nestjs-ttrpc.client:start', begin],
      ['tracing:nestjs-ttrpc.client:asyncEnd', end],
      ['nestjs-ttrpc.connection.opened', (event) => void this.#sides[(event as ConnectionEvent).side].opened++],
      ['nestjs-ttrpc.connection.closed', (event) => void this.#sides[(event as ConnectionEvent).side].closed++],
    ];
    for (const [name, listener] of this.#listeners) subscribe(name, listener);
  }

  /** What was counted so far, and what the servers and clients in the options have now. */
  snapshot(): TtrpcMetricsSnapshot {
    return {
      server: this.#sides.server.snapshot(),
      client: this.#sides.client.snapshot(),
      servers: statsOf(this.#servers),
      clients: statsOf(this.#clients),
    };
  }

  /** The {@link snapshot} in Prometheus' text format 0.0.4; send it as `text/plain; version=0.0.4; charset=utf-8`. */
  prometheus(): string {
    return prometheusText(this.snapshot());
  }

  /** Counts nothing more; what was counted stays. A second call is harmless. */
  close(): void {
    for (const [name, listener] of this.#listeners) unsubscribe(name, listener);
  }
}

function sources<S>(
  option: string,
  given: Readonly<Record<string, { readonly stats: S }>> | undefined,
): Map<string, { readonly stats: S }> {
  const named = new Map(Object.entries(given ?? {}));
  for (const [name, source] of named) {
    const stats: unknown = (source as { stats?: unknown } | undefined)?.stats;
    if (typeof stats === 'object' && stats !== null) continue;
    throw new TypeError(`${option}: expected something with stats as ${JSON.stringify(name)}, got ${describe(source)}`);
  }
  return named;
}

function statsOf<S>(named: Map<string, { readonly stats: S }>): Record<string, S> {
  return Object.fromEntries(Array.from(named, ([name, source]) => [name, source.stats]));
}
