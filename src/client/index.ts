export type { TtrpcCallOptions, TtrpcCallParent } from './call-options.js';
export type { TtrpcClientOptions } from './client-options.js';
export type { AsyncService, ObservableService, ReservedName, TtrpcStreamSource } from './client-types.js';
export type { InterceptedCall, InterceptedOptions, TtrpcClientInterceptor, TtrpcClientNext } from './interceptor.js';
export { getTtrpcServiceToken, type TtrpcServiceTokenOptions } from './service-token.js';
export {
  TtrpcClientsModule,
  type TtrpcClientAsyncRegistration,
  type TtrpcClientOptionsFactory,
  type TtrpcClientRegistration,
  type TtrpcClientsOf,
  type TtrpcClientTokens,
} from './ttrpc-clients.module.js';
export {
  TtrpcClient,
  type TtrpcClientEvents,
  type TtrpcClientStatus,
  type TtrpcMethodPattern,
} from './ttrpc-client.js';
