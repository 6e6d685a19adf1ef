import type { ServiceDescriptor } from '../../schema/service-descriptor.js';

/** A class with `@TtrpcService`. */
export interface ServiceClass {
  readonly prototype: object;
  readonly service: string | ServiceDescriptor;
}

let classes: { prototype: WeakRef<object>; service: string | ServiceDescriptor }[] = [];

/** Notes a class with `@TtrpcService`, so that a server can report why an rpc has no handler. */
export function noteServiceClass(prototype: object, service: string | ServiceDescriptor): void {
  classes = classes.filter((each) => each.prototype.deref() !== undefined);
  classes.push({ prototype: new WeakRef(prototype), service });
}

/** The classes that have not been collected. */
export function serviceClasses(): ServiceClass[] {
  return classes.flatMap(({ prototype: reference, service }) => {
    const prototype = reference.deref();
    return prototype ? [{ prototype, service }] : [];
  });
}
