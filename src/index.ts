/**
 * ttrpc, containerd's RPC protocol, as a NestJS microservice transport.
 * @packageDocumentation
 */
export * from './client/index.js';
export * from './common/index.js';
export * from './decorators/index.js';
export * from './gateway/index.js';
export * from './schema/index.js';
export * from './transport/index.js';
export type { BackoffOptions } from './protocol/client/backoff.js';
export type { ChannelOptions, ChannelStatus, RouteOptions } from './protocol/client/channel.js';
export type { ClientLimits } from './protocol/client/client-connection.js';
export type { ConnectionStatus } from './protocol/client/shared-connection.js';
export type { StreamPoolOptions } from './protocol/client/stream-pool.js';
export type { DurationStats } from './protocol/core/duration-histogram.js';
export type { DecodeBudget, DecodeLimits } from './protocol/core/decode-budget.js';
export type { CallStatsOption, MethodStats } from './protocol/core/call-stats.js';
export type { ErrorExposure } from './protocol/core/errors.js';
export { TtrpcMetadata, type MetadataInit } from './protocol/core/metadata.js';
export type { MethodShape } from './protocol/core/method-shape.js';
export { TtrpcStatus, type StatusDetail, type StatusObject } from './protocol/core/status.js';
export {
  requireRoot,
  requireUidGid,
  sameUser,
  type AnyAuthorize,
  type Authorize,
} from './protocol/server/authorize.js';
export type { RawContext } from './protocol/server/call-context.js';
export type { Peer } from './protocol/server/peer.js';
export type { PeerCredentials } from './protocol/server/peer-credentials.js';
export type { RefusalReason, Refusals, ServerStats } from './protocol/server/refusals.js';
export type { ServerCoreOptions } from './protocol/server/server.js';
export type { CloseOptions, ServerLimits } from './protocol/server/server-options.js';
export type { ListenOptions } from './protocol/socket/listener.js';
export type { SocketFileOptions, SocketOwner } from './protocol/socket/socket-file-options.js';
export type { SocketReads, SocketReadsOption } from './protocol/socket/socket-reads.js';
export { bytesCodec, type MessageCodec, type WriteArena } from './protocol/wire/message-codec.js';
