import { Inject, Module, Optional, type DynamicModule } from '@nestjs/common';
import { describe } from '../protocol/core/describe.js';
import { refuseUnknownOptions, type OptionNames } from '../protocol/core/option-names.js';
import { reflectionControllers } from './reflection.controllers.js';
import { REFLECTED_SERVICES, TtrpcReflection } from './ttrpc-reflection.js';

/** Options of {@link TtrpcReflectionModule.register}. */
export interface TtrpcReflectionOptions {
  /**
   * List these services only, by their qualified names. The files that define the others can still be asked for: this is
   * for a shorter list, not for secrets. Default: all that the server serves, reflection included.
   */
  services?: readonly string[] | undefined;
}

/**
 * Serves grpc.reflection.v1 and v1alpha beside the services of an application: each of its ttrpc servers describes
 * itself.
 */
@Module({})
export class TtrpcReflectionModule {
  /** @internal @throws an Error for the class itself among `imports`: it would serve nothing */
  constructor(@Optional() @Inject(REFLECTED_SERVICES) services?: unknown) {
    if (services !== undefined) return;
    throw new Error(
      'TtrpcReflectionModule: expected TtrpcReflectionModule.register() among the imports, got the class',
    );
  }

  /** @throws TypeError for `services` that are not an array of names, and for a name that is no option */
  static register(options: TtrpcReflectionOptions = {}): DynamicModule {
    const services = checkedServices(options);
    return {
      module: TtrpcReflectionModule,
      controllers: reflectionControllers(services),
      providers: [{ provide: REFLECTED_SERVICES, useValue: services ?? null }, TtrpcReflection],
    };
  }
}

const OPTIONS: OptionNames<TtrpcReflectionOptions> = { services: true };

function checkedServices(options: TtrpcReflectionOptions): readonly string[] | undefined {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`TtrpcReflectionModule: expected options such as { services }, got ${describe(given)}`);
  }
  refuseUnknownOptions('TtrpcReflectionModule', given, OPTIONS);
  const { services } = options;
  if (services === undefined) return undefined;
  if (!Array.isArray(services) || services.some((name) => typeof name !== 'string')) {
    throw new TypeError(`TtrpcReflectionModule: services: expected an array of names, got ${describe(services)}`);
  }
  if (services.length === 0) {
    throw new TypeError(
      'TtrpcReflectionModule: services: expected at least one name; without the option all are listed',
    );
  }
  return [...new Set(services as readonly string[])];
}
