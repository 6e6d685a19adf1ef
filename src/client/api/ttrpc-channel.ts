import type { ChannelStats, ChannelStatus } from '../../protocol/client/channel.js';

/** What {@link TtrpcClient.unwrap} gives: the connections of a client, as its engine has them. */
export interface TtrpcChannel {
  /** How the shared connections stand. */
  readonly status: ChannelStatus;
  /** What the channel has now. */
  readonly stats: ChannelStats;
  /** Connects the shared connections now. Rejects with a TtrpcError (UNAVAILABLE) when that fails. */
  connect(): Promise<void>;
  /** Closes all connections for good; calls in flight and later ones end with UNAVAILABLE. A second call is harmless. */
  close(): void;
}
