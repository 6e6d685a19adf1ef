/**
 * The engine alone, without Nest: ttrpc with bytes as messages. Exported as `nestjs-ttrpc/protocol`.
 * @packageDocumentation
 */
export { connect, type RawCallOptions, type RawClient, type RawClientOptions, type RawStream } from './connect.js';
export { serve, type RawContext, type RawHandle, type RawMethod, type RawServer, type RawServices } from './serve.js';
export { formatAddress, parseAddress, type Address } from './address.js';
export type { BackoffOptions } from './backoff.js';
export type { ChannelOptions, ChannelStatus, RouteOptions } from './channel.js';
export type { ClientLimits } from './client-connection.js';
export { TtrpcError, type ErrorExposure } from './errors.js';
export { FrameFlag, FrameType, HEADER_BYTES, MAX_MESSAGE_BYTES, writeHeader } from './frame.js';
export { FrameReader, type FrameSink } from './frame-reader.js';
export type { ListenOptions } from './listener.js';
export type { DecodeBudget } from './decode-budget.js';
export { bytesCodec, type MessageCodec, type WriteArena } from './message-codec.js';
export { TtrpcMetadata, type MetadataInit } from './metadata.js';
export { sendsRequestStream, sendsResponseStream, type MethodShape } from './method-shape.js';
export { requireRoot, requireUidGid, sameUser, type Authorize } from './authorize.js';
export type { Peer } from './peer.js';
export type { PeerCredentials } from './peer-credentials.js';
export type { RefusalReason, Refusals, ServerStats } from './refusals.js';
export type { ServerCoreOptions } from './server-core.js';
export type { CloseOptions, ServerLimits } from './server-options.js';
export type { SocketFileOptions, SocketOwner } from './socket-file-options.js';
export { statusName, TtrpcStatus, type StatusDetail, type StatusObject } from './status.js';
export type { StreamPoolOptions } from './stream-pool.js';
