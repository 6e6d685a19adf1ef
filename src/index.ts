/**
 * ttrpc, containerd's RPC protocol, as a NestJS microservice transport.
 * @packageDocumentation
 */
export * from './client/index.js';
export * from './common/index.js';
export * from './decorators/index.js';
export * from './schema/index.js';
export * from './transport/index.js';
export { TtrpcMetadata, type MetadataInit } from './protocol/core/metadata.js';
export { bytesCodec, type MessageCodec, type WriteArena } from './protocol/wire/message-codec.js';
export type { MethodShape } from './protocol/core/method-shape.js';
export { requireRoot, requireUidGid, sameUser, type Authorize } from './protocol/server/authorize.js';
export type { Peer } from './protocol/server/peer.js';
export type { PeerCredentials } from './protocol/server/peer-credentials.js';
export type { RefusalReason, Refusals, ServerStats } from './protocol/server/refusals.js';
export type { SocketOwner } from './protocol/socket/socket-file-options.js';
export { TtrpcStatus, type StatusDetail, type StatusObject } from './protocol/core/status.js';
