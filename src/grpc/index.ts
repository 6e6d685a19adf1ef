/**
 * Controllers and clients that are written for Nest's gRPC transport, over ttrpc.
 * @packageDocumentation
 */
export { TtrpcGrpcCall } from './grpc-call.js';
export { TtrpcGrpcClient, type TtrpcGrpcCallOptions, type TtrpcGrpcClientOptions } from './grpc-client.js';
export { TtrpcGrpcMetadata, type GrpcMetadataLike, type GrpcMetadataValue } from './grpc-metadata.js';
export type { IgnoredGrpcOptions } from './grpc-options.js';
export { TtrpcGrpcServer, type TtrpcGrpcServerOptions } from './grpc-server.js';
export { TtrpcServiceError } from './grpc-status.js';
export { TtrpcGrpcStream } from './grpc-stream.js';
