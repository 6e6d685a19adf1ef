import { capitalised } from '../../common/method-name.js';
import { sendsRequestStream } from '../../protocol/core/method-shape.js';
import { SchemaError } from '../../schema/schema-error.js';
import type { Schema } from '../../schema/schema.js';
import type { MethodDescriptor, ServiceDescriptor } from '../../schema/service-descriptor.js';
import { didYouMean } from '../../protocol/core/suggest.js';
import type { HandlerCallback } from './bound-handler.js';
import { handlerName, type HandlerInfo } from './handler-info.js';

/** A handler as Nest registers it with a server. */
export interface RegisteredHandler {
  readonly info: HandlerInfo;
  readonly callback: HandlerCallback;
  /** The same object for all that are registered in one turn of the event loop, as Nest does it for an application. */
  readonly turn?: object | undefined;
}

/** The error for a server that two applications share. */
export const TWO_APPLICATIONS =
  'one TtrpcServer is the strategy of two applications: make a new TtrpcServer for each application';

/** A handler and the rpc that it serves. */
export interface Binding {
  readonly service: ServiceDescriptor;
  readonly method: MethodDescriptor;
  readonly handler: RegisteredHandler;
}

/** What {@link bindHandlers} found. */
export interface Bindings {
  readonly bindings: readonly Binding[];
  /** Handlers of services that this server does not serve, each with the reason. */
  readonly foreign: readonly { handler: RegisteredHandler; reason: Error }[];
  /** `demo.v1.Greeter/SayHello` for each rpc that is served and has no handler. */
  readonly unimplemented: readonly string[];
}

/**
 * Finds the rpc for each handler. `packages` are those to which the service's name of a handler of another transport may
 * be relative.
 * @throws an Error for a handler of a served service that names none of its rpcs (with the one that was probably meant),
 * and for two handlers of one rpc.
 */
export function bindHandlers(
  handlers: readonly RegisteredHandler[],
  schema: Schema,
  served: ReadonlySet<ServiceDescriptor>,
  packages: readonly string[] = [],
): Bindings {
  const bindings = new Map<string, Binding>();
  const foreign: { handler: RegisteredHandler; reason: Error }[] = [];
  for (const handler of handlers) {
    const service = resolve(handler.info, schema, served, packages);
    if (!('methods' in service)) {
      foreign.push({ handler, reason: service });
      continue;
    }
    const method = findMethod(handler.info, service, schema);
    const path = `${service.name}/${method.name}`;
    if (handler.info.verifyMessages && !sendsRequestStream(method.shape)) {
      throw new Error(
        `${handlerName(handler.info)}: validateMessages is for rpcs whose requests are a stream, and ${path} is ` +
          `${method.shape}: leave it out, pipes apply to its request as it is`,
      );
    }
    const other = bindings.get(path);
    if (other && isForeign(other) !== isForeign({ handler })) {
      // One method with both decorators comes twice.
      if (isForeign(other)) bindings.set(path, { service, method, handler });
      continue;
    }
    if (other && other.handler.info === handler.info && other.handler.turn !== handler.turn) {
      throw new Error(TWO_APPLICATIONS);
    }
    if (other && handler.info.module !== undefined && other.handler.info.module === handler.info.module) {
      throw new Error(registeredTwice(handler.info.module));
    }
    if (other && other.handler.info === handler.info) {
      throw new Error(
        `${handlerName(handler.info)} is registered twice for ${path}: ${handler.info.className} is a controller of two ` +
          `modules, or one TtrpcServer is the strategy of two applications; name it in one module, and make a new ` +
          `TtrpcServer for each application`,
      );
    }
    if (other) {
      throw new Error(
        `two handlers serve ${path}: ${handlerName(other.handler.info)} and ${handlerName(handler.info)}; one rpc has one handler`,
      );
    }
    bindings.set(path, { service, method, handler });
  }
  const unimplemented = [...served].flatMap((service) =>
    Object.values(service.methods)
      .map((method) => `${service.name}/${method.name}`)
      .filter((path) => !bindings.has(path)),
  );
  return { bindings: [...bindings.values()], foreign, unimplemented };
}

function registeredTwice(module: string): string {
  return (
    `${module}.register() was called for two modules of the application: keep what it returns, and import that in both, or ` +
    `call it once, in the root module`
  );
}

function isForeign({ handler }: Pick<Binding, 'handler'>): boolean {
  return handler.info.foreign !== undefined;
}

/**
 * The service of a handler. @throws a SchemaError when the schema does not have it, or has several that it can be
 */
export function serviceOf(info: HandlerInfo, schema: Schema, packages: readonly string[]): ServiceDescriptor {
  if (info.foreign) {
    const relative = packages.map((name) => schema.services.get(`${name}.${info.service}`)).find((each) => each);
    if (relative) return relative;
  }
  return schema.resolve(info.descriptor?.name ?? info.service);
}

function resolve(
  info: HandlerInfo,
  schema: Schema,
  served: ReadonlySet<ServiceDescriptor>,
  packages: readonly string[],
): ServiceDescriptor | Error {
  let service: ServiceDescriptor;
  try {
    service = serviceOf(info, schema, packages);
  } catch (error) {
    if (error instanceof SchemaError) return error;
    throw error;
  }
  if (served.has(service)) return service;
  return new Error(`service ${service.name} is not among the \`services\` of this server`);
}

function findMethod(info: HandlerInfo, service: ServiceDescriptor, schema: Schema): MethodDescriptor {
  const names =
    info.rpc === undefined ? [capitalised(info.property), info.property] : [info.rpc, capitalised(info.rpc)];
  // Own properties only: a user's descriptor may be an object with a prototype.
  const name = names.find((each) => Object.hasOwn(service.methods, each));
  const method = name === undefined ? undefined : service.methods[name];
  if (method) return method;
  const wanted = names[0] ?? '';
  const known = Object.keys(service.methods);
  const named = info.rpc === undefined ? undefined : serviceNamed(info.rpc, schema);
  if (named) {
    const [example = 'SayHello'] = Object.keys(named.methods);
    throw new Error(
      `${handlerName(info)}: @TtrpcMethod('${info.rpc}') names a service where an rpc is expected; ` +
        `write @TtrpcMethod('${info.rpc}', '${example}')`,
    );
  }
  throw new Error(
    `${handlerName(info)}: service ${service.name} has no rpc ${wanted}; it has ${known.join(', ') || 'none'}.${didYouMean(wanted, known)}`,
  );
}

function serviceNamed(name: string, schema: Schema): ServiceDescriptor | undefined {
  try {
    return schema.resolve(name);
  } catch {
    return undefined;
  }
}
