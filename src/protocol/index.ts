/**
 * The engine alone, without Nest: ttrpc with bytes as messages. Exported as `nestjs-ttrpc/protocol`.
 * @packageDocumentation
 */
export {
  connect,
  type ConnectFunction,
  type RawCallOptions,
  type RawClient,
  type RawClientOptions,
} from './client/connect.js';
export type { ServiceClient } from './client/service-client.js';
export type { RawStream } from './client/raw-stream.js';
export { serve, type RawServer } from './server/serve.js';
export type { RawContext } from './server/call-context.js';
export type { RawHandle, RawMethod, RawServices } from './server/raw-handler.js';
export { implement, ServiceImplementation, type ServiceHandlers } from './server/implement.js';
export type { MethodDescriptor, ServiceDescriptor } from './wire/service-descriptor.js';
export { acceptConnections, type AcceptedConnections, type AcceptOptions } from './socket/accepted-connections.js';
export { formatAddress, parseAddress, type Address } from './socket/address.js';
export type { BackoffOptions } from './client/backoff.js';
export type { ChannelOptions, ChannelStats, ChannelStatus, ClientStats, RouteOptions } from './client/channel.js';
export type { ClientLimits } from './client/client-connection.js';
export type { ConnectionStatus } from './client/shared-connection.js';
export { TtrpcError, type ErrorExposure, type TtrpcErrorOptions } from './core/errors.js';
export { FrameFlag, FrameType, HEADER_BYTES, MAX_MESSAGE_BYTES, writeHeader } from './wire/frame.js';
export { FrameReader, type FrameSink } from './wire/frame-reader.js';
export type { CallStatsOption, MethodStats } from './core/call-stats.js';
export type { CallTrace, ConnectionEvent, MessageEvent } from './core/diagnostics.js';
export type { DurationStats } from './core/duration-histogram.js';
export type { ListenOptions } from './socket/listener.js';
export type { DecodeBudget, DecodeLimits } from './core/decode-budget.js';
export { bytesCodec, type MessageCodec, type WriteArena } from './wire/message-codec.js';
export { TtrpcMetadata, type MetadataInit } from './core/metadata.js';
export { sendsRequestStream, sendsResponseStream, type MethodShape } from './core/method-shape.js';
export { requireRoot, requireUidGid, sameUser, type AnyAuthorize, type Authorize } from './server/authorize.js';
export type { Peer } from './server/peer.js';
export type { PeerCredentials } from './server/peer-credentials.js';
export type { RefusalReason, Refusals, ServerStats } from './server/refusals.js';
export type { ServerCoreOptions } from './server/server.js';
export type { CloseOptions, ServerLimits } from './server/server-options.js';
export type { SocketFileOptions, SocketOwner } from './socket/socket-file-options.js';
export type { SocketReads, SocketReadsOption } from './socket/socket-reads.js';
export { statusName, TtrpcStatus, type StatusDetail, type StatusObject } from './core/status.js';
export type { StreamPoolOptions } from './client/stream-pool.js';
