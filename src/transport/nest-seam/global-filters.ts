import type { ExceptionFilter } from '@nestjs/common';
import type { Application } from './applications.js';
import { CAUGHT_TYPES } from './metadata-keys.js';
import { servesHttp } from './applications.js';
import { usesConfig } from './pipeline-building.js';

// Nest tries the filters of a method, then of its class, then the global ones. The filter that `@TtrpcMethod` puts on a
// class must come last all the same, so it looks for a global one itself.

/**
 * The global filter that Nest would choose for `exception` in a pipeline of `server`, if there is one; without a server,
 * in one of the application's own. Request-scoped global filters are not among them: they have no instance outside
 * Nest's own look-up.
 */
export function globalFilter(
  application: Pick<Application, 'config' | 'adapterHost'>,
  server: object | undefined,
  exception: unknown,
): ExceptionFilter | undefined {
  const { config } = application;
  // `connectMicroservice` gives a microservice its own configuration unless it inherits the application's.
  if (server && servesHttp(application) && !usesConfig(server, config)) return undefined;
  return [...config.getGlobalFilters()].reverse().find((filter) => catches(filter, exception));
}

function catches(filter: ExceptionFilter, exception: unknown): boolean {
  const types = (Reflect.getMetadata(CAUGHT_TYPES, filter.constructor) ?? []) as (abstract new () => unknown)[];
  return types.length === 0 || types.some((type) => isInstance(exception, type));
}

/** False also for what cannot be asked: a revoked Proxy has no prototype to look at. */
function isInstance(value: unknown, type: abstract new () => unknown): boolean {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}
