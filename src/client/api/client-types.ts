import type { Observable } from 'rxjs';
import type { ReceivedFrom, RequestOf, ResponseOf, SentTo } from '../../protocol/wire/method-types.js';
import type { MethodDescriptor } from '../../schema/service-descriptor.js';
import type { TtrpcCallOptions } from './call-options.js';

/**
 * What a function of a proxy takes for a stream of requests. An iterable is pulled only while the server takes its
 * messages; what an Observable is ahead of the server is held, up to `maxBufferedBytes`.
 */
export type TtrpcStreamSource<T> = Observable<T> | AsyncIterable<T> | Iterable<T>;

/** Names that no rpc of a proxy is reachable by; its capitalised name is. */
export type ReservedName =
  | 'then'
  | 'onModuleInit'
  | 'onModuleDestroy'
  | 'onApplicationBootstrap'
  | 'beforeApplicationShutdown'
  | 'onApplicationShutdown'
  | 'toJSON'
  | 'toString'
  | 'valueOf'
  | 'constructor';

/** What the functions for a method take. */
type Argument<Method extends MethodDescriptor> = SentTo<
  Method,
  RequestOf<Method>,
  TtrpcStreamSource<RequestOf<Method>>
>;

type AsyncResult<Method extends MethodDescriptor> = ReceivedFrom<
  Method,
  Promise<ResponseOf<Method>>,
  AsyncIterableIterator<ResponseOf<Method>, undefined>
>;

/** The names of an rpc's functions: `SayHello` and `sayHello`. */
type NamesOf<Name extends string> = Exclude<Name | Capitalize<Name> | Uncapitalize<Name>, ReservedName>;

/** The proxy that `getService` makes for a ServiceDescriptor with these methods: cold Observables. */
export type ObservableService<All extends Record<string, MethodDescriptor>> = {
  readonly [Name in keyof All & string as NamesOf<Name>]: (
    request: Argument<All[Name]>,
    options?: TtrpcCallOptions,
  ) => Observable<ResponseOf<All[Name]>>;
};

/** The proxy that `getAsyncService` makes for a ServiceDescriptor with these methods: Promises and AsyncIterables. */
export type AsyncService<All extends Record<string, MethodDescriptor>> = {
  readonly [Name in keyof All & string as NamesOf<Name>]: (
    request: Argument<All[Name]>,
    options?: TtrpcCallOptions,
  ) => AsyncResult<All[Name]>;
};
