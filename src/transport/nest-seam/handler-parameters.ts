import { Ctx, Payload } from '@nestjs/microservices';
import { FIRST_PAYLOAD, PARAMETERS, PARAMETER_TYPES, SECOND_CONTEXT } from './metadata-keys.js';
import { hiding, type ParameterMetadata } from './parameter-stage.js';

/**
 * Makes the undecorated first and second parameter of a handler the request and the context, as `@Payload()` and `@Ctx()`
 * would. (Nest passes undecorated parameters by one list for all custom transports, and that
 * has no context.) Where no pipe applies, Nest is kept from resolving them, see {@link hiding}.
 */
export function completeParameters(target: object, property: string): void {
  // Also what a method that this one overrides says: Nest takes that over.
  const decorated = places(Reflect.getMetadata(PARAMETERS, target.constructor, property));
  if (!decorated.has(0)) Payload()(target, property, 0);
  if (!decorated.has(1) && takesContext(target, property)) Ctx()(target, property, 1);
  const metadata = Reflect.getOwnMetadata(PARAMETERS, target.constructor, property) as ParameterMetadata | undefined;
  if (metadata)
    Reflect.defineMetadata(PARAMETERS, hiding(metadata, target.constructor, property), target.constructor, property);
}

/**
 * Leaves Nest nothing to resolve: the handler gets the request and the context as they are, without pipes.
 * @throws an Error when a parameter is decorated, which would need them.
 */
export function passParameters(target: object, property: string): void {
  if (places(Reflect.getOwnMetadata(PARAMETERS, target.constructor, property)).size > 0) {
    throw new Error(
      `${target.constructor.name}.${property}: \`pipes: false\` takes the parameters (request, context), without decorators`,
    );
  }
  Reflect.defineMetadata(PARAMETERS, {}, target.constructor, property);
}

/**
 * As {@link passParameters}, for a handler whose messages pass pipes one by one: `@Payload()` may stand on the first
 * parameter, with pipes, and `@Ctx()` on the second.
 * @throws an Error for other decorators, which would need the pipes of the stream
 */
export function passStream(target: object, property: string): void {
  const parameters = (Reflect.getOwnMetadata(PARAMETERS, target.constructor, property) ?? {}) as Record<string, object>;
  const others = Object.entries(parameters).filter(
    ([key, { data }]: [string, { data?: unknown }]) =>
      (key !== FIRST_PAYLOAD && key !== SECOND_CONTEXT) || data !== undefined,
  );
  if (others.length > 0) {
    throw new Error(
      `${target.constructor.name}.${property}: validateMessages takes the parameters (messages, context): ` +
        '@Payload() on the first and @Ctx() on the second, or no decorators',
    );
  }
  Reflect.defineMetadata(PARAMETERS, {}, target.constructor, property);
}

/** What Nest knows of a method's parameters now, to be written for `property` of a class. */
export function keepParameters(target: object, method: string): (target: object, property: string) => void {
  const kept: unknown = Reflect.getOwnMetadata(PARAMETERS, target.constructor, method);
  return ({ constructor: owner }, property) => {
    if (kept === undefined) Reflect.deleteMetadata(PARAMETERS, owner, property);
    else Reflect.defineMetadata(PARAMETERS, kept, owner, property);
  };
}

/** The places of the parameters of which Nest's metadata tell. */
function places(metadata: unknown): Set<number> {
  const parameters = (metadata ?? {}) as Record<string, { index: number }>;
  return new Set(Object.values(parameters).map(({ index }) => index));
}

/**
 * False only for a method that is known to declare one parameter: each one that Nest resolves costs a call several
 * promises, some 10 % of the server's time. Rest and default parameters do not count in a function's `length`.
 */
function takesContext(target: object, property: string): boolean {
  const types: unknown = Reflect.getOwnMetadata(PARAMETER_TYPES, target, property);
  const method = Reflect.get(target, property) as { length: number };
  return !Array.isArray(types) || types.length !== 1 || method.length !== 1;
}
