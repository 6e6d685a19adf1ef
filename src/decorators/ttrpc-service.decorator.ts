import { Controller, type ControllerOptions } from '@nestjs/common';
import { serviceName } from '../client/module/service-token.js';
import type { MethodDescriptor, ServiceDescriptor } from '../schema/service-descriptor.js';
import { handlerMark, registerHandler, type HandlerFunction } from '../transport/nest-seam/handler-metadata.js';
import type { TtrpcServiceDecorator } from './handler-types.js';
import { noteServiceClass } from '../transport/binding/service-classes.js';

/** Options of {@link TtrpcService}: those of `@Controller()` that a service can use. */
export type TtrpcServiceOptions = Pick<ControllerOptions, 'scope' | 'durable'>;

/**
 * Makes a class the controller of a service, named in full (`demo.v1.Greeter`), by its short name where that is unique in the
 * schema, or by a descriptor. It is a `@Controller()` too. Its handlers are the methods with `@TtrpcMethod`, also
 * inherited ones. The name is checked at `listen()`; a descriptor that knows its types checks the handlers when the
 * class is compiled, and need not be among the server's `descriptors`. @throws TypeError for anything else
 */
export function TtrpcService<All extends Record<string, MethodDescriptor>>(
  service: ServiceDescriptor<All>,
  options?: TtrpcServiceOptions,
): TtrpcServiceDecorator<All>;
export function TtrpcService(service: string | ServiceDescriptor, options?: TtrpcServiceOptions): ClassDecorator;
export function TtrpcService(service: string | ServiceDescriptor, options: TtrpcServiceOptions = {}): ClassDecorator {
  return (target) => {
    const name = serviceName(`@TtrpcService on ${target.name}`, service);
    Controller(options)(target);
    const prototype = target.prototype as object;
    noteServiceClass(prototype, service);
    const descriptor = typeof service === 'string' ? undefined : service;
    for (const property of handlerNames(prototype)) {
      const handler = ownHandler(prototype, property);
      const mark = handlerMark(handler);
      if (!mark) continue;
      const named = mark.service !== undefined;
      registerHandler(prototype, property, handler, {
        service: mark.service ?? name,
        descriptor: named ? undefined : descriptor,
        rpc: mark.rpc,
        className: target.name,
        property,
        signalClosing: mark.signalClosing,
        verifyMessages: mark.checks && ((server) => mark.checks?.verify(target, server)),
      });
    }
  };
}

/** The names of the marked methods of a class and of those that it extends. */
function handlerNames(prototype: object): Set<string> {
  const names = new Set<string>();
  const seen = new Set<string>();
  for (
    let level: object | null = prototype;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(level)) {
      // The lowest class's method counts: one without a decorator that overrides a handler is not a handler. Accessors are not read.
      if (seen.has(name)) continue;
      seen.add(name);
      const value: unknown = Object.getOwnPropertyDescriptor(level, name)?.value;
      if (typeof value === 'function' && handlerMark(value as HandlerFunction)) names.add(name);
    }
  }
  return names;
}

/**
 * The class's own function for a handler. An inherited one is the same function object for all classes that inherit
 * it, and Nest keeps the pattern on that object: so the class gets one of its own that calls it, with its metadata.
 */
function ownHandler(prototype: object, property: string): HandlerFunction {
  const inherited = Reflect.get(prototype, property) as HandlerFunction;
  if (Object.hasOwn(prototype, property)) return inherited;
  const own = function (this: unknown, ...args: never[]): unknown {
    return inherited.apply(this, args);
  };
  for (const key of Reflect.getMetadataKeys(inherited) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, inherited), own);
  }
  Object.defineProperty(own, 'name', { value: inherited.name });
  Object.defineProperty(prototype, property, { value: own, writable: true, configurable: true, enumerable: false });
  return own;
}
