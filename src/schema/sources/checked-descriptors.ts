import { describe } from '../codec/encode/encode-error.js';
import { SchemaError } from '../schema-error.js';
import type { MethodDescriptor, ServiceDescriptor } from '../service-descriptor.js';

const SHAPES: readonly unknown[] = ['unary', 'server-streaming', 'client-streaming', 'bidi'];

/**
 * The services of the option `descriptors`, by name. Two descriptors of one service may be given where their rpcs are
 * the same (a generator's adapter makes a new one each time).
 * @throws {SchemaError} for anything but a descriptor
 */
export function checkedDescriptors(descriptors: readonly ServiceDescriptor[]): Map<string, ServiceDescriptor> {
  if (!Array.isArray(descriptors)) {
    throw new SchemaError(`descriptors: expected an array of ServiceDescriptors, got ${describe(descriptors)}`);
  }
  const services = new Map<string, ServiceDescriptor>();
  for (const [at, descriptor] of (descriptors as readonly ServiceDescriptor[]).entries()) {
    check(`descriptors[${at}]`, descriptor);
    const known = services.get(descriptor.name);
    if (known !== undefined && signature(known) !== signature(descriptor)) {
      throw new SchemaError(
        `descriptors: two define ${descriptor.name} differently: ${signature(known)}; ${signature(descriptor)}`,
      );
    }
    if (known === undefined) services.set(descriptor.name, descriptor);
  }
  return services;
}

function check(place: string, descriptor: ServiceDescriptor): void {
  const { name, methods } = (descriptor ?? {}) as Partial<ServiceDescriptor>;
  const got = generated(descriptor);
  if (typeof name !== 'string' || typeof methods !== 'object' || methods === null || got !== undefined) {
    throw new SchemaError(
      `${place}: expected an object with a name and methods (a ServiceDescriptor), got ${got ?? describe(descriptor)}`,
    );
  }
  for (const [key, method] of Object.entries(methods)) checkMethod(`${place}: ${name}/${key}`, key, method);
}

/** Generated code is given here without its adapter. */
function generated(value: unknown): string | undefined {
  const { kind, fullName } = (value ?? {}) as { kind?: unknown; fullName?: unknown };
  if (kind === 'service') return 'a service of protobuf-es: fromProtobufEs() makes a descriptor of it';
  return typeof fullName === 'string' ? 'a definition of ts-proto: fromTsProto() makes a descriptor of it' : undefined;
}

function checkMethod(place: string, key: string, method: MethodDescriptor): void {
  const { name, shape, request, response } = (method ?? {}) as Partial<MethodDescriptor>;
  if (name !== key) throw new SchemaError(`${place}: expected a method named '${key}', got ${describe(name)}`);
  if (!SHAPES.includes(shape)) {
    throw new SchemaError(`${place}: expected a shape (${SHAPES.join(', ')}), got ${describe(shape)}`);
  }
  for (const [part, codec] of Object.entries({ request, response })) {
    if (typeof codec?.encode === 'function' && typeof codec.decode === 'function') continue;
    throw new SchemaError(`${place}: ${part}: expected a codec with encode and decode, got ${describe(codec)}`);
  }
}

function signature({ methods }: ServiceDescriptor): string {
  return Object.values(methods)
    .map(({ name, shape, request, response }) => `${name} (${shape}, ${request.typeName}, ${response.typeName})`)
    .sort()
    .join(', ');
}
