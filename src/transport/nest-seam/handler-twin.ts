import { ROUTE } from './metadata-keys.js';

/** A method beside a handler, for one more transport. */
export interface Twin {
  /** Its name in the class. */
  readonly property: string;
  readonly handler: (...args: never[]) => unknown;
}

/**
 * Adds a method to `target`, a prototype, that calls its method `property`, and returns it. The twin inherits from
 * `handler`, so metadata that decorators write on `handler` (guards, pipes, interceptors, filters), before or after, is
 * found on the twin, unless the twin has its own.
 */
export function defineTwin(target: object, property: string, handler: (...args: never[]) => unknown): Twin {
  const name = `${property} (ttrpc)`;
  const twin = function (this: Record<string, (...args: never[]) => unknown>, ...args: never[]): unknown {
    return handler.apply(this, args);
  };
  Object.setPrototypeOf(twin, handler);
  Object.defineProperty(twin, 'name', { value: handler.name });
  Object.defineProperty(twin, 'length', { value: handler.length });
  // A route of HTTP stays with the method: Nest looks for routes on each.
  Reflect.defineMetadata(ROUTE, undefined, twin);
  for (const key of Reflect.getMetadataKeys(target, property) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, target, property), target, name);
  }
  Object.defineProperty(target, name, { value: twin, writable: true, configurable: true, enumerable: false });
  return { property: name, handler: twin };
}
