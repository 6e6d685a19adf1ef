import type { ExceptionFilter } from '@nestjs/common';
import type { Application } from './applications.js';
import type { AskedFilters } from './asked-filters.js';
import { CAUGHT_TYPES } from './metadata-keys.js';
import { servesHttp } from './applications.js';

// Nest tries the filters of a method, then of its class, then the global ones. The filter that `@TtrpcMethod` puts on a
// class must come last all the same, so it looks for a global one itself.

/**
 * The global filter that Nest would choose for `exception` in a pipeline that was built with `asked`, if there is one.
 * Where that is not known, those of `application` count, unless `server` is beside HTTP: `connectMicroservice` gives a
 * microservice its own configuration unless it inherits the application's.
 */
export function globalFilter(
  asked: AskedFilters | undefined,
  application: Pick<Application, 'config' | 'adapterHost'> | undefined,
  server: object | undefined,
  exception: unknown,
): ExceptionFilter | undefined {
  const config = asked?.config ?? (server && application && servesHttp(application) ? undefined : application?.config);
  const filters = [...(config?.getGlobalFilters() ?? []), ...(asked?.scoped ?? [])];
  return filters.reverse().find((filter) => catches(filter, exception));
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
