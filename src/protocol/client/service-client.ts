import { sendsResponseStream } from '../core/method-shape.js';
import { methodRef } from '../wire/method-ref.js';
import type { ReceivedFrom, RequestOf, ResponseOf, SentTo } from '../wire/method-types.js';
import type { MethodDescriptor, ServiceDescriptor } from '../wire/service-descriptor.js';
import type { CallMethod } from './call-runtime.js';
import type { RouteOptions } from './channel.js';
import type { AsyncCalls } from './runtime-calls.js';

type Streamed<T> = AsyncIterable<T> | Iterable<T>;

type Argument<Method extends MethodDescriptor> = SentTo<Method, RequestOf<Method>, Streamed<RequestOf<Method>>>;

type Single<Method extends MethodDescriptor> = Promise<ResponseOf<Method>>;

type Responses<Method extends MethodDescriptor> = AsyncIterableIterator<ResponseOf<Method>, undefined>;

/** Both at once where the type does not tell the shape: whoever knows it uses the one that it has. */
type Result<Method extends MethodDescriptor> = ReceivedFrom<
  Method,
  Single<Method>,
  Responses<Method>,
  Single<Method> & Responses<Method>
>;

/** Functions for rpcs whose messages have no types. */
interface UntypedClient<Options> {
  // `any`: the schema was read at run time, so that nothing is known of the messages, nor whether they are streamed.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly [rpc: string]: (request: any, options?: Options) => Promise<any> & AsyncIterableIterator<any, undefined>;
}

/**
 * Functions for the rpcs of a service, by their names and those with a small first letter: a Promise, begun at once, or an
 * AsyncIterable, begun by its first `next()`, where the server streams. Of a service whose messages have no types
 * (`loadServices`), any name is taken, and messages are `any`.
 */
export type ServiceClient<All extends Record<string, MethodDescriptor>, Options> = string extends keyof All
  ? UntypedClient<Options>
  : TypedClient<All, Options>;

type TypedClient<All extends Record<string, MethodDescriptor>, Options> = {
  readonly [Name in keyof All & string as Exclude<Name | Uncapitalize<Name>, 'then'>]: (
    request: Argument<All[Name]>,
    options?: Options,
  ) => Result<All[Name]>;
};

/** Makes the functions of a {@link ServiceClient}: a frozen plain object. An rpc named `then` is reachable by `Then` only. */
export function serviceClient<Options extends RouteOptions>(
  service: ServiceDescriptor,
  calls: AsyncCalls<Options>,
): object {
  const functions = new Map<string, unknown>();
  for (const { name, shape, request, response } of Object.values(service.methods)) {
    const method: CallMethod = {
      ref: methodRef(service.name, name, shape),
      shape,
      request,
      response,
      fullName: `${service.name}/${name}`,
    };
    const call = sendsResponseStream(shape)
      ? (message: unknown, options?: Options) => calls.iterate(method, message, options)
      : (message: unknown, options?: Options) => calls.promise(method, message, options);
    functions.set(name, call);
    for (const other of [name.charAt(0).toUpperCase() + name.slice(1), name.charAt(0).toLowerCase() + name.slice(1)]) {
      if (!Object.hasOwn(service.methods, other)) functions.set(other, call);
    }
  }
  // `await` looks for it.
  functions.delete('then');
  const object = {};
  for (const [name, value] of functions) Object.defineProperty(object, name, { value, enumerable: true });
  return Object.freeze(object);
}
