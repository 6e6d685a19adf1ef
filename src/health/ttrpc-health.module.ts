import { Module, type DynamicModule } from '@nestjs/common';
import { DRAIN_LISTENER } from '../transport/drain-listener.js';
import { HealthController } from './health.controller.js';
import { KATA_VERSIONS, KataHealthController, type KataVersions } from './kata-health.controller.js';
import { TtrpcHealth, type TtrpcServingStatus } from './ttrpc-health.js';
import { TtrpcHealthIndicator } from './ttrpc-health.indicator.js';

/** Options of {@link TtrpcHealthModule.register}. */
export interface TtrpcHealthOptions {
  /** Statuses at the start, by the service's name; the empty name is the whole server. Default: that one SERVING. */
  statuses?: Readonly<Record<string, TtrpcServingStatus>> | undefined;
  /** Serve the older `grpc.Health` of kata's agent, too; an object has the versions that it reports. Default false. */
  kata?: boolean | KataVersions | undefined;
  /** Provide `TtrpcHealth` and `TtrpcHealthIndicator` in all modules. Default false. */
  isGlobal?: boolean | undefined;
}

/**
 * Serves grpc.health.v1.Health (Check, Watch and List) beside the services of an application, on each of its ttrpc
 * servers, and provides {@link TtrpcHealth}, by which the application sets the statuses.
 */
@Module({})
export class TtrpcHealthModule {
  /** @throws TypeError for a status that does not exist; at the start of the application */
  static register(options: TtrpcHealthOptions = {}): DynamicModule {
    const { statuses = {}, kata = false, isGlobal = false } = options;
    const health = (): TtrpcHealth => {
      const made = new TtrpcHealth();
      for (const [service, status] of Object.entries(statuses)) made.setStatus(service, status);
      return made;
    };
    return {
      module: TtrpcHealthModule,
      global: isGlobal,
      controllers: kata === false ? [HealthController] : [HealthController, KataHealthController],
      providers: [
        { provide: TtrpcHealth, useFactory: health },
        { provide: DRAIN_LISTENER, useExisting: TtrpcHealth },
        { provide: KATA_VERSIONS, useValue: typeof kata === 'object' ? kata : {} },
        TtrpcHealthIndicator,
      ],
      exports: [TtrpcHealth, TtrpcHealthIndicator],
    };
  }
}
