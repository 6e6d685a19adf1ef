import { Module, type DynamicModule } from '@nestjs/common';
import { describe } from '../protocol/core/describe.js';
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
  /** @throws TypeError for `services` that are not an array of strings */
  static register({ services }: TtrpcReflectionOptions = {}): DynamicModule {
    if (services !== undefined && !(Array.isArray(services) && services.every((name) => typeof name === 'string'))) {
      throw new TypeError(`TtrpcReflectionModule: services: expected an array of names, got ${describe(services)}`);
    }
    return {
      module: TtrpcReflectionModule,
      controllers: reflectionControllers(services),
      providers: [{ provide: REFLECTED_SERVICES, useValue: services ?? null }, TtrpcReflection],
    };
  }
}
