import { Transport } from '@nestjs/microservices';
import { capitalised } from '../../common/method-name.js';
import { handlerMark, type HandlerFunction } from '../nest-seam/handler-metadata.js';
import { EVENT, HANDLER_TYPE, PATTERN, TRANSPORT } from '../nest-seam/metadata-keys.js';
import { serviceClasses, type ServiceClass } from './service-classes.js';
import type { Schema } from '../../schema/schema.js';

/**
 * Explains rpcs without a handler where a class of their service has a method of that name which is not decorated with
 * `@TtrpcMethod`. `unimplemented` are the rpcs, as `demo.v1.Greeter/SayHello`.
 */
export function unwiredMethods(unimplemented: readonly string[], schema: Schema): string[] {
  const missing = new Set(unimplemented);
  return serviceClasses().flatMap((each) => {
    const service = serviceOf(each, schema);
    if (service === undefined) return [];
    return methodNames(each.prototype).flatMap((name) => {
      const path = [capitalised(name), name].map((rpc) => `${service}/${rpc}`).find((one) => missing.has(one));
      const method = Reflect.get(each.prototype, name) as HandlerFunction;
      if (path === undefined || handlerMark(method)) return [];
      return [`${each.prototype.constructor.name}.${name} does not serve ${path}: ${whatItHas(method)}`];
    });
  });
}

function serviceOf({ service }: ServiceClass, schema: Schema): string | undefined {
  try {
    return schema.resolve(typeof service === 'string' ? service : service.name).name;
  } catch {
    // Of another server.
    return undefined;
  }
}

/** The methods of a class and of those that it extends; accessors are not read. */
function methodNames(prototype: object): string[] {
  const names = new Set<string>();
  const seen = new Set<string>();
  let level: object | null = prototype;
  while (level && level !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (name !== 'constructor' && typeof value === 'function' && !seen.has(name)) names.add(name);
      seen.add(name);
    }
    level = Object.getPrototypeOf(level) as object | null;
  }
  return [...names];
}

function whatItHas(method: HandlerFunction): string {
  if (Reflect.getMetadata(PATTERN, method) === undefined) return 'it has no @TtrpcMethod()';
  const isGrpc = Reflect.getMetadata(TRANSPORT, method) === Transport.GRPC;
  const other = isGrpc
    ? '@GrpcMethod'
    : Reflect.getMetadata(HANDLER_TYPE, method) === EVENT
      ? '@EventPattern'
      : '@MessagePattern';
  return `it has ${other}() and no @TtrpcMethod(); it may have both`;
}
