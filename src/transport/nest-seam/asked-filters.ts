import type { ExceptionFilter } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';

// Nest builds a handler's pipeline when it registers the handler, or, for a controller in request scope, with each call.
// It asks a configuration for its global filters, adds those in request scope, which are made for this one call, and then
// reads the `catch` of each filter of the class, all in one synchronous run. Which configuration that is (the
// application's, or that of a connected microservice of its own) nothing public tells, so the question is overheard.

/** The global filters of one pipeline. */
export interface AskedFilters {
  /** What Nest has asked. Filters may be added to it later. */
  readonly config: ApplicationConfig;
  /** Those in request scope, made for the call that the pipeline is for. */
  readonly scoped: readonly ExceptionFilter[];
}

/** What was asked last in this run. */
let asked: AskedFilters | undefined;

/** Prototypes that are overheard. */
const overheard = new WeakSet<object>();

/** From now on {@link askedFilters} knows what is asked of this configuration and of all others of its class. */
export function overhearFilters({ constructor }: ApplicationConfig): void {
  const prototype = constructor.prototype as ApplicationConfig;
  const own = Object.getOwnPropertyDescriptor(prototype, 'getGlobalFilters');
  if (overheard.has(prototype) || typeof own?.value !== 'function') return;
  overheard.add(prototype);
  const getGlobalFilters = own.value as ApplicationConfig['getGlobalFilters'];
  Object.defineProperty(prototype, 'getGlobalFilters', {
    ...own,
    value(this: ApplicationConfig) {
      const filters = getGlobalFilters.call(this);
      note({ config: this, scoped: [] });
      // Nest adds the filters in request scope with `concat`.
      return Object.defineProperty([...filters], 'concat', {
        value: (...more: ExceptionFilter[][]) => {
          note({ config: this, scoped: more.flat() });
          return filters.concat(...more);
        },
      });
    },
  });
}

/** What the pipeline is built with that Nest builds now; undefined at any other time. */
export function askedFilters(): AskedFilters | undefined {
  return asked;
}

function note(filters: AskedFilters): void {
  asked = filters;
  // Not queueMicrotask: fake timers of tests stop that.
  void Promise.resolve().then(() => (asked = undefined));
}
