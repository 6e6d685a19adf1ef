import { Inject } from '@nestjs/common';
import { TtrpcException } from '../common/ttrpc-exception.js';
import { TtrpcMethod } from '../decorators/ttrpc-method.decorator.js';
import { TtrpcService } from '../decorators/ttrpc-service.decorator.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { loadProtoText } from '../schema/sources/proto-text.js';
import type { TtrpcContext } from '../transport/call/ttrpc-context.js';
import { amendHandlers } from '../transport/nest-seam/handler-metadata.js';
import { PROTOS } from './generated/protos.js';
import { TtrpcHealth, type TtrpcServingStatus, type TtrpcWatchedStatus } from './ttrpc-health.js';

interface Request {
  service: string;
}

interface Response {
  status: TtrpcWatchedStatus;
}

/** How much of a service's name an error shows, in characters: it comes from the peer. */
const SHOWN = 200;

const schema = loadProtoText(PROTOS.health, { enums: String, defaults: true, keepCase: true });

/** Serves grpc.health.v1.Health from a {@link TtrpcHealth}. */
@TtrpcService(schema.resolve('grpc.health.v1.Health'))
export class HealthController {
  constructor(@Inject(TtrpcHealth) private readonly health: TtrpcHealth) {}

  /** The status of one service. @throws NOT_FOUND for a service without one */
  @TtrpcMethod({ pipes: false })
  check({ service }: Request): Response {
    return { status: statusOf(this.health, service) };
  }

  /** The status of every service that has one. */
  @TtrpcMethod({ pipes: false })
  list(): { statuses: Record<string, Response> } {
    const entries = [...this.health.getStatuses()].map(([service, status]) => [service, { status }] as const);
    return { statuses: Object.fromEntries(entries) };
  }

  /** The status of one service, now and after each change; NOT_SERVING and the end when the server begins to close. */
  @TtrpcMethod({ pipes: false, signalClosing: true })
  async *watch({ service }: Request, { signal }: TtrpcContext): AsyncIterable<Response> {
    for await (const status of this.health.watch(service, signal)) yield { status };
  }
}

amendHandlers(HealthController.prototype, { module: 'TtrpcHealthModule' });

/** The status that a unary call gets. @throws NOT_FOUND for a service without one */
export function statusOf(health: TtrpcHealth, service: string): TtrpcServingStatus {
  const status = health.getStatus(service);
  if (status !== undefined) return status;
  throw new TtrpcException(
    TtrpcStatus.NOT_FOUND,
    `service ${JSON.stringify(service.slice(0, SHOWN))} has no health status`,
  );
}
