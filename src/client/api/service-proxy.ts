import { capitalised, uncapitalised } from '../../common/method-name.js';
import { sendsResponseStream } from '../../protocol/core/method-shape.js';
import type { ServiceDescriptor } from '../../schema/service-descriptor.js';
import type { TtrpcCallOptions } from './call-options.js';
import type { Calls } from '../calls/calls.js';
import type { AsyncCalls } from '../../protocol/client/runtime-calls.js';
import { ClientMethod } from './client-method.js';
import type { ReservedName } from './client-types.js';

/** Names that others look for on any object (`await`, Nest, JSON, text): no rpc is reachable by them. */
const RESERVED_NAMES: ReadonlySet<string> = new Set<ReservedName>([
  'then',
  'onModuleInit',
  'onModuleDestroy',
  'onApplicationBootstrap',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
  'toJSON',
  'toString',
  'valueOf',
  'constructor',
]);

type ProxyFunction = (request: unknown, options?: TtrpcCallOptions) => unknown;

/** A proxy whose functions give cold Observables. */
export function observableProxy(service: ServiceDescriptor, calls: Calls): object {
  return proxy(service, (method) => (request, options) => calls.observe(method, request, options));
}

/** A proxy whose functions give Promises, and AsyncIterables where the server streams. */
export function asyncProxy(service: ServiceDescriptor, calls: AsyncCalls<TtrpcCallOptions>): object {
  return proxy(service, (method) =>
    sendsResponseStream(method.shape)
      ? (request, options) => calls.iterate(method, request, options)
      : (request, options) => calls.promise(method, request, options),
  );
}

/**
 * A frozen plain object with a function for each rpc, by its name and by its name with a small first letter. Where one
 * rpc is named as another one's other form, the name is its own.
 */
function proxy(service: ServiceDescriptor, makeFunction: (method: ClientMethod) => ProxyFunction): object {
  const functions = new Map<string, ProxyFunction>();
  for (const descriptor of Object.values(service.methods)) {
    const call = makeFunction(new ClientMethod(service, descriptor));
    functions.set(descriptor.name, call);
    for (const name of [capitalised(descriptor.name), uncapitalised(descriptor.name)]) {
      if (!Object.hasOwn(service.methods, name)) functions.set(name, call);
    }
  }
  const object = {};
  for (const [name, value] of functions) {
    // Defined, not assigned: an rpc may be named as a setter of Object's (`__proto__`).
    if (!RESERVED_NAMES.has(name)) Object.defineProperty(object, name, { value, enumerable: true });
  }
  return Object.freeze(object);
}
