export type { BackoffOptions } from '../protocol/client/backoff.js';
export type {
  ChannelOptions,
  ChannelStats,
  ChannelStatus,
  ClientStats,
  RouteOptions,
} from '../protocol/client/channel.js';
export type { ClientLimits } from '../protocol/client/client-connection.js';
export type { StreamPoolOptions } from '../protocol/client/stream-pool.js';
export type { TtrpcCallOptions, TtrpcCallParent } from './api/call-options.js';
export type { TtrpcClientOptions } from './api/client-options.js';
export type { AsyncService, ObservableService, ReservedName, TtrpcStreamSource } from './api/client-types.js';
export type {
  InterceptedCall,
  InterceptedOptions,
  TtrpcClientInterceptor,
  TtrpcClientNext,
} from './api/interceptor.js';
export type { TtrpcRetryOptions } from './api/retry-options.js';
export type { TtrpcServiceOf } from './api/service-of.js';
export type { TtrpcChannel } from './api/ttrpc-channel.js';
export { getTtrpcServiceToken, type TtrpcServiceTokenOptions } from './module/service-token.js';
export {
  TtrpcClientsModule,
  type TtrpcClientAsyncRegistration,
  type TtrpcClientOptionsFactory,
  type TtrpcClientRegistration,
  type TtrpcClientsOf,
  type TtrpcClientTokens,
} from './module/ttrpc-clients.module.js';
export {
  TtrpcClient,
  type TtrpcClientEvents,
  type TtrpcClientStatus,
  type TtrpcMethodPattern,
} from './api/ttrpc-client.js';
