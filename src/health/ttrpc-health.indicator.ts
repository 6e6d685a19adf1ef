import { Inject, Injectable } from '@nestjs/common';
import type { TtrpcCallOptions } from '../client/api/call-options.js';
import { TtrpcClient } from '../client/api/ttrpc-client.js';
import { TtrpcException } from '../common/ttrpc-exception.js';
import { describe } from '../protocol/core/describe.js';
import { messageOf } from '../protocol/core/errors.js';
import { refuseUnknownOptions, type OptionNames } from '../protocol/core/option-names.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { loadProtoText } from '../schema/sources/proto-text.js';
import { PROTOS } from './generated/protos.js';
import { TtrpcHealth, type TtrpcWatchedStatus } from './ttrpc-health.js';

/** What an indicator of @nestjs/terminus returns: the one entry has the key that it was given. */
export type TtrpcHealthIndicatorResult<Key extends string = string> = Record<
  Key,
  { status: 'up' | 'down'; servingStatus?: TtrpcWatchedStatus; message?: string }
>;

/** Options of {@link TtrpcHealthIndicator.checkService}. */
export interface TtrpcHealthCheckOptions {
  /** The service to ask for. Default: the empty name, the whole server. */
  service?: string | undefined;
  /** How long to wait for the connection and the response, in ms. Default 1,000. */
  timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 1000;

interface HealthClient {
  check(request: { service: string }, options: TtrpcCallOptions): Promise<{ status: TtrpcWatchedStatus }>;
}

const descriptor = loadProtoText(PROTOS.health, { enums: String, defaults: true }).resolve('grpc.health.v1.Health');

/**
 * A health indicator for @nestjs/terminus 11 and 12: `health.check([() => ttrpc.isHealthy('greeter', 'demo.v1.Greeter')])`.
 * A service is up while its status is SERVING.
 */
@Injectable()
export class TtrpcHealthIndicator {
  constructor(@Inject(TtrpcHealth) private readonly health: TtrpcHealth) {}

  /** The health of this application: what its {@link TtrpcHealth} says of `service`, by default of the whole server. */
  isHealthy<Key extends string>(key: Key, service = ''): TtrpcHealthIndicatorResult<Key> {
    return resultOf(key, this.health.getStatus(service) ?? 'SERVICE_UNKNOWN');
  }

  /**
   * The health of another ttrpc server, which serves grpc.health.v1: asks it over a connection of its own. Whatever fails
   * is `down`. @throws TypeError for a name that is no option
   */
  async checkService<Key extends string>(
    key: Key,
    url: string,
    options: TtrpcHealthCheckOptions = {},
  ): Promise<TtrpcHealthIndicatorResult<Key>> {
    checkOptions(options);
    try {
      return resultOf(key, await ask(url, options));
    } catch (error) {
      return { [key]: { status: 'down', message: failureOf(error) } } as TtrpcHealthIndicatorResult<Key>;
    }
  }
}

const OPTIONS: OptionNames<TtrpcHealthCheckOptions> = { service: true, timeoutMs: true };

function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`checkService: expected options such as { service }, got ${describe(options)}`);
  }
  refuseUnknownOptions('checkService', options, OPTIONS);
}

/** Servers that lack a service say its name and no more. */
function failureOf(error: unknown): string {
  const message = messageOf(error);
  if (!(error instanceof TtrpcException) || error.code !== TtrpcStatus.UNIMPLEMENTED) return message;
  return `the server does not serve ${descriptor.name}/Check (UNIMPLEMENTED: ${message})`;
}

async function ask(url: string, options: TtrpcHealthCheckOptions): Promise<TtrpcWatchedStatus> {
  const { service = '', timeoutMs = TIMEOUT_MS } = options;
  const client = new TtrpcClient({ url, descriptors: [descriptor] });
  try {
    const { status } = await client.getAsyncService<HealthClient>(descriptor.name).check({ service }, { timeoutMs });
    return status;
  } finally {
    await client.close();
  }
}

function resultOf<Key extends string>(key: Key, servingStatus: TtrpcWatchedStatus): TtrpcHealthIndicatorResult<Key> {
  const status = servingStatus === 'SERVING' ? 'up' : 'down';
  return { [key]: { status, servingStatus } } as TtrpcHealthIndicatorResult<Key>;
}
