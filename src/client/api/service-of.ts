import type { ReceivedFrom, ResponseOf, SentTo } from '../../protocol/wire/method-types.js';
import type { MethodDescriptor, ServiceDescriptor } from '../../schema/service-descriptor.js';
import type { TtrpcCallOptions } from './call-options.js';
import type { ReservedName } from './client-types.js';

/** What a handler gets and a caller passes: a whole message, as the codec decodes it. */
type Request<Method extends MethodDescriptor> = ReturnType<Method['request']['decode']>;

type Argument<Method extends MethodDescriptor> = SentTo<Method, Request<Method>, AsyncIterable<Request<Method>>>;

/** What a handler returns and a caller gets: whole messages, too. */
type Result<Method extends MethodDescriptor> = ReceivedFrom<
  Method,
  Promise<ResponseOf<Method>>,
  AsyncIterable<ResponseOf<Method>>
>;

/**
 * A function with the parameters of a method: a class's method may declare narrower ones, such as the TtrpcContext that
 * a server passes where a caller passes options.
 */
type Method<Of extends MethodDescriptor> = {
  method(request: Argument<Of>, call?: TtrpcCallOptions): Result<Of>;
}['method'];

/** The one name of an rpc: with a small first letter, unless that is reserved or another rpc's. */
type NameOf<Name extends string, All> =
  Uncapitalize<Name> extends ReservedName | Exclude<keyof All, Name> ? Name : Uncapitalize<Name>;

/**
 * The one interface of a typed descriptor for both sides: a controller `implements TtrpcServiceOf<typeof Greeter>`, and
 * `client.getAsyncService(Greeter)` is one. Whoever calls it need not know whether it is a proxy or an object of the same
 * process.
 *
 * Single responses are Promises; streams, of requests and of responses, are AsyncIterables. Messages are whole ones in
 * both directions, so that an object that gets them as the caller made them finds every field. The second parameter is
 * what a caller passes; a handler may declare it as its `TtrpcContext`, whose `metadata` and `signal` it has in common.
 */
export type TtrpcServiceOf<Service extends ServiceDescriptor> = {
  [Name in keyof Service['methods'] & string as NameOf<Name, Service['methods']>]: Method<Service['methods'][Name]>;
};
