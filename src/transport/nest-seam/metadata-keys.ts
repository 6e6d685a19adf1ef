/**
 * The metadata keys of Nest and TypeScript that this library reads or writes. Nest 11 and 12 use the same ones and
 * export none of them; `metadata-keys.spec.ts` checks each against what the installed Nest writes.
 */

/** On a handler: its patterns, an array. */
export const PATTERN = 'microservices:pattern';

/** On a handler: the id of its transport. Nest keeps one for each function. */
export const TRANSPORT = 'microservices:transport';

/** On a handler: what its decorator was given beside the pattern; Nest passes it to `addHandler`. */
export const EXTRAS = 'microservices:pattern_extras';

/** On a handler: {@link EVENT} for an event, 1 for a message. */
export const HANDLER_TYPE = 'microservices:handler_type';

/** The value of {@link HANDLER_TYPE} that `@EventPattern` writes. */
export const EVENT = 2;

/** On a class, by method: its decorated parameters, by `<kind>:<index>`. */
export const PARAMETERS = '__routeArguments__';

/** In {@link PARAMETERS}: `@Payload()` on the first parameter. */
export const FIRST_PAYLOAD = '3:0';

/** In {@link PARAMETERS}: `@Ctx()` on the second parameter. */
export const SECOND_CONTEXT = '6:1';

/** On a class or a handler: what `@UseFilters()` was given. */
export const FILTERS = '__exceptionFilters__';

/** On a filter's class: what `@Catch()` was given. */
export const CAUGHT_TYPES = '__filterCatchExceptions__';

/** On a class or a handler: what `@UsePipes()` was given. */
export const PIPES = '__pipes__';

/** On a handler: the path of an HTTP route. */
export const ROUTE = 'path';

/** On a prototype, by method: the types of its parameters, as TypeScript emits them. */
export const PARAMETER_TYPES = 'design:paramtypes';

/** Nest's gRPC decorators by the value of `streaming` in their pattern, `{ service, rpc, streaming }`. */
export const GRPC_DECORATORS = {
  no_stream: 'GrpcMethod',
  rx_stream: 'GrpcStreamMethod',
  pt_stream: 'GrpcStreamCall',
} as const;
