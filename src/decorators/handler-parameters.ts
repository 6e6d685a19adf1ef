import { Ctx, Payload } from '@nestjs/microservices';

/** Where Nest keeps what the parameter decorators of a class say, by method. */
const PARAM_ARGS = '__routeArguments__';

/**
 * Gives a handler's undecorated first and second parameter what they stand for, the request and the context, as
 * `@Payload()` and `@Ctx()` would. (Nest passes undecorated parameters by one list for all custom transports, and that
 * has no context.)
 */
export function completeParameters(target: object, property: string): void {
  const given = (Reflect.getMetadata(PARAM_ARGS, target.constructor, property) ?? {}) as Record<
    string,
    { index: number }
  >;
  const decorated = new Set(Object.values(given).map(({ index }) => index));
  if (!decorated.has(0)) Payload()(target, property, 0);
  if (!decorated.has(1)) Ctx()(target, property, 1);
}
