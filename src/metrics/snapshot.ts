import type { ClientStats } from '../protocol/client/channel.js';
import type { MethodStats } from '../protocol/core/call-stats.js';
import type { ServerStats } from '../protocol/server/refusals.js';

/** What all servers, or all clients, of the process have counted. */
export interface SideMetrics {
  /** Calls by method. */
  readonly methods: readonly MethodStats[];
  /** Connections that were opened. */
  readonly connectionsOpened: number;
  /** Connections that have ended, for whatever reason. */
  readonly connectionsClosed: number;
}

/** What `TtrpcMetrics.snapshot` gives. */
export interface TtrpcMetricsSnapshot {
  /** Of all servers of the process, since the metrics were made. */
  readonly server: SideMetrics;
  /** Of all clients of the process, since the metrics were made. */
  readonly client: SideMetrics;
  /** What the servers in the options have now. */
  readonly servers: Readonly<Record<string, ServerStats>>;
  /** What the clients in the options have now. */
  readonly clients: Readonly<Record<string, ClientStats>>;
}
