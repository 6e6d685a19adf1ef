/**
 * ttrpc, containerd's RPC protocol, as a NestJS microservice transport.
 * @packageDocumentation
 */
export * from './client/index.js';
export * from './common/index.js';
export * from './decorators/index.js';
export * from './schema/index.js';
export * from './transport/index.js';
export { TtrpcMetadata, type MetadataInit } from './protocol/metadata.js';
export { bytesCodec, type MessageCodec, type WriteArena } from './protocol/message-codec.js';
export type { MethodShape } from './protocol/method-shape.js';
export { requireRoot, requireUidGid, sameUser, type Authorize } from './protocol/authorize.js';
export type { Peer } from './protocol/peer.js';
export type { PeerCredentials } from './protocol/peer-credentials.js';
export type { RefusalReason, Refusals, ServerStats } from './protocol/refusals.js';
export type { SocketOwner } from './protocol/socket-file-options.js';
export { TtrpcStatus, type StatusDetail, type StatusObject } from './protocol/status.js';
