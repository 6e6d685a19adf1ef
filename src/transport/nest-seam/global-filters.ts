import { Catch, type ExceptionFilter } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';

// Nest tries the filters of a method, then of its class, then the global ones. The filter that `@TtrpcMethod` puts on a
// class must come last all the same, so it looks for a global one itself. Which global filters apply depends on the
// microservice: `connectMicroservice` gives it a configuration of its own unless it inherits the application's, and no
// public interface tells which. So a filter that never matches is added to the application's: if Nest looks at it
// while it builds the pipeline of one of our handlers, that pipeline has the application's filters.

/** Nothing is an instance of it. */
abstract class Never {
  static [Symbol.hasInstance](): boolean {
    return false;
  }
}

let looks = 0;
let looksBefore = 0;

@Catch(Never)
class Probe implements ExceptionFilter {
  /** Counts who looks. */
  get catch(): () => void {
    looks++;
    return () => undefined;
  }
}

const probed = new WeakSet<ApplicationConfig>();
const usesApplicationConfig = new WeakMap<object, boolean>();

/** Makes it visible which pipelines have the global filters of `config`. */
export function probe(config: ApplicationConfig): void {
  if (probed.has(config)) return;
  probed.add(config);
  config.useGlobalFilters(new Probe());
}

/** Nest is about to build the pipeline of a handler. */
export function beforePipeline(): void {
  looksBefore = looks;
}

/** Nest gives `server` the handler whose pipeline it has built, or will build for each request. */
export function afterPipeline(server: object): void {
  if (looks > looksBefore) usesApplicationConfig.set(server, true);
}

/**
 * The global filter that Nest would choose for `exception` in a pipeline of `server`, if there is one.
 * Request-scoped global filters are not among them: they have no instance outside Nest's own look-up.
 */
export function globalFilter(
  config: ApplicationConfig | undefined,
  server: object | undefined,
  exception: unknown,
): ExceptionFilter | undefined {
  if (!config || (server && !usesApplicationConfig.get(server))) return undefined;
  return [...config.getGlobalFilters()]
    .reverse()
    .find((filter) => !(filter instanceof Probe) && catches(filter, exception));
}

/** Where `@Catch()` keeps its types. */
const CAUGHT_TYPES = '__filterCatchExceptions__';

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
