import { Inject, Module, Optional, type DynamicModule } from '@nestjs/common';
import { describe } from '../protocol/core/describe.js';
import { refuseUnknownOptions, type OptionNames } from '../protocol/core/option-names.js';
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
  /** @internal @throws an Error for the class itself among `imports`: it would serve nothing */
  constructor(@Optional() @Inject(KATA_VERSIONS) versions?: unknown) {
    if (versions !== undefined) return;
    throw new Error('TtrpcHealthModule: expected TtrpcHealthModule.register() among the imports, got the class');
  }

  /** @throws TypeError for options of another kind or name; for a status that does not exist when the application starts */
  static register(options: TtrpcHealthOptions = {}): DynamicModule {
    checkOptions(options);
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

const OPTIONS: OptionNames<TtrpcHealthOptions> = { statuses: true, kata: true, isGlobal: true };
const VERSIONS: OptionNames<KataVersions> = { grpcVersion: true, agentVersion: true };

function checkOptions(options: TtrpcHealthOptions): void {
  const expected = (what: string, value: unknown): TypeError =>
    new TypeError(`TtrpcHealthModule: expected ${what}, got ${describe(value)}`);
  if (!isRecord(options)) throw expected('options such as { statuses }', options);
  refuseUnknownOptions('TtrpcHealthModule', options, OPTIONS);
  const { statuses, kata, isGlobal } = options as Record<keyof TtrpcHealthOptions, unknown>;
  if (statuses !== undefined && !isRecord(statuses))
    throw expected('statuses: an object of statuses by name', statuses);
  if (isGlobal !== undefined && typeof isGlobal !== 'boolean') throw expected('isGlobal: true or false', isGlobal);
  if (kata === undefined || typeof kata === 'boolean') return;
  if (!isRecord(kata)) throw expected('kata: true, false or an object of versions', kata);
  refuseUnknownOptions('kata', kata, VERSIONS);
  for (const name of ['grpcVersion', 'agentVersion'] as const) {
    const version = kata[name];
    if (version !== undefined && typeof version !== 'string') throw expected(`kata.${name}: a string`, version);
  }
}

/** True for what object literals and JSON make: a Map or an array has its entries elsewhere. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}
