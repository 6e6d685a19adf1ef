export type { TtrpcCallOptions, TtrpcCallParent } from './api/call-options.js';
export type { TtrpcClientOptions } from './api/client-options.js';
export type { AsyncService, ObservableService, ReservedName, TtrpcStreamSource } from './api/client-types.js';
export type {
  InterceptedCall,
  InterceptedOptions,
  TtrpcClientInterceptor,
  TtrpcClientNext,
} from './api/interceptor.js';
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
