import { describe } from '../core/describe.js';
import { TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';
import type { MethodDescriptor, ServiceDescriptor } from '../wire/service-descriptor.js';
import type { RawContext } from './call-context.js';
import { EngineCall, type EngineHandler, type RawHandle } from './raw-handler.js';
import type { ServerCall, ServerMethod } from './server-call.js';

/** The message that may be left out: a handler that returns nothing responds with it. */
const EMPTY_TYPE = 'google.protobuf.Empty';

/** True for messages without fields; what generators add to each message does not count. */
type HasNoFields<Message> = unknown extends Message
  ? false
  : [Exclude<keyof Message, '$typeName' | '$unknown' | '$type'>] extends [never]
    ? true
    : false;

type RequestOf<Method extends MethodDescriptor> = Method['shape'] extends 'unary' | 'server-streaming'
  ? ReturnType<Method['request']['decode']>
  : AsyncIterableIterator<ReturnType<Method['request']['decode']>, undefined>;

type MessageOf<Method extends MethodDescriptor> =
  | Parameters<Method['response']['encode']>[0]
  | (HasNoFields<ReturnType<Method['response']['decode']>> extends true ? void : never);

type ResponseOf<Method extends MethodDescriptor> = Method['shape'] extends 'unary' | 'client-streaming'
  ? MessageOf<Method> | Promise<MessageOf<Method>>
  : | AsyncIterable<MessageOf<Method>>
    | Iterable<MessageOf<Method>>
    | Promise<AsyncIterable<MessageOf<Method>> | Iterable<MessageOf<Method>>>;

type Handler<Method extends MethodDescriptor> = (request: RequestOf<Method>, context: RawContext) => ResponseOf<Method>;

/**
 * What handlers of messages without types look like: what they take is what they say. A class fits by `object`, which an index
 * signature alone would refuse.
 */
// `any`: the schema was read at run time, so that nothing is known of a request; `unknown` would refuse each handler that names its type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type UntypedHandlers = object | Readonly<Record<string, (request: any, context: RawContext) => unknown>>;

/**
 * Handlers for the rpcs of a service, by their names or those with a small first letter; an rpc without one is UNIMPLEMENTED.
 * Of a service whose messages have no types (`loadServices`), the requests are `any`.
 */
export type ServiceHandlers<All extends Record<string, MethodDescriptor>> = string extends keyof All
  ? UntypedHandlers
  : {
      [Name in keyof All & string as Name | Uncapitalize<Name>]?: Handler<All[Name]>;
    };

/** A service with its handlers, for `serve`; made by {@link implement}. */
export class ServiceImplementation {
  /** @internal */
  constructor(
    readonly service: ServiceDescriptor,
    private readonly handlers: ReadonlyMap<string, RawHandle<unknown, unknown>>,
  ) {}

  /** @internal Its rpcs as a server takes them. */
  *methods(exposeErrors: boolean | undefined): Iterable<ServerMethod> {
    for (const [name, handle] of this.handlers) {
      const { shape, request, response } = this.service.methods[name] as MethodDescriptor;
      const bound = { request, response, handle, exposeErrors };
      const open = (call: ServerCall) => new TypedCall(call, bound);
      yield { service: this.service.name, method: name, shape, open, sample: (call) => open(call).parts() };
    }
  }
}

/**
 * Typed handlers for a service, for `serve`: `implement(Task, { async state(request, context) { … } })`. They get what the
 * request's codec decodes, or an iterator of it, and return what the response's codec encodes, or an iterable of that.
 * A TtrpcError is the call's status, any other error UNKNOWN without its message; returning nothing is INTERNAL unless the
 * response is google.protobuf.Empty. `handlers` may be an instance of a class.
 * @throws TypeError for a handler that is not a function, and for a function that belongs to no rpc
 */
export function implement<All extends Record<string, MethodDescriptor>>(
  service: ServiceDescriptor<All>,
  handlers: ServiceHandlers<All>,
): ServiceImplementation {
  const found = new Map<string, RawHandle<unknown, unknown>>();
  const used = new Set<string>();
  for (const rpc of Object.keys(service.methods)) {
    const name = [rpc, rpc.charAt(0).toLowerCase() + rpc.slice(1)].find((each) => Reflect.get(handlers, each) != null);
    if (name === undefined) continue;
    const handle: unknown = Reflect.get(handlers, name);
    if (typeof handle !== 'function') {
      throw new TypeError(`handler ${name} of ${service.name}: expected a function, got ${describe(handle)}`);
    }
    used.add(name);
    found.set(rpc, handle.bind(handlers) as RawHandle<unknown, unknown>);
  }
  for (const [name, value] of Object.entries(handlers)) {
    if (typeof value !== 'function' || used.has(name)) continue;
    const known = Object.keys(service.methods).join(', ');
    throw new TypeError(`handler ${name}: ${service.name} has no such rpc; it has ${known}`);
  }
  return new ServiceImplementation(service, found);
}

class TypedCall extends EngineCall<unknown, unknown> {
  constructor(call: ServerCall, handler: EngineHandler<unknown, unknown>) {
    super(call, handler);
  }

  protected override toMessage(value: unknown): unknown {
    if (value !== undefined && value !== null) return value;
    const { typeName } = this.handler.response;
    if (typeName === EMPTY_TYPE) return {};
    throw new TtrpcError(
      TtrpcStatus.INTERNAL,
      `the handler of ${this.service}/${this.method} gave ${String(value)}: expected a ${typeName}`,
    );
  }
}
