import { Inject } from '@nestjs/common';
import { TtrpcMethod } from '../decorators/ttrpc-method.decorator.js';
import { TtrpcService } from '../decorators/ttrpc-service.decorator.js';
import { loadProtoText } from '../schema/sources/proto-text.js';
import { amendHandlers } from '../transport/nest-seam/handler-metadata.js';
import { statusOf } from './health.controller.js';
import { PROTOS } from './generated/protos.js';
import { TtrpcHealth, type TtrpcServingStatus } from './ttrpc-health.js';

/** What the rpc `Version` of kata's health service says. */
export interface KataVersions {
  /** Version of the protocol that the agent speaks. Default: the empty string. */
  grpcVersion?: string | undefined;
  /** Version of the agent. Default: the empty string. */
  agentVersion?: string | undefined;
}

/** The token of {@link KataVersions}. */
export const KATA_VERSIONS = Symbol.for('nestjs-ttrpc:kata-versions');

const schema = loadProtoText(PROTOS.kata, { enums: String, defaults: true, keepCase: true });

/** Serves grpc.Health, as kata's agent does, from a {@link TtrpcHealth}. */
@TtrpcService(schema.resolve('grpc.Health'))
export class KataHealthController {
  constructor(
    @Inject(TtrpcHealth) private readonly health: TtrpcHealth,
    @Inject(KATA_VERSIONS) private readonly versions: KataVersions,
  ) {}

  /** The status of one service. @throws NOT_FOUND for a service without one */
  @TtrpcMethod({ pipes: false })
  check({ service }: { service: string }): { status: TtrpcServingStatus } {
    return { status: statusOf(this.health, service) };
  }

  /** The versions that the module was given. */
  @TtrpcMethod({ pipes: false })
  version(): { grpc_version: string; agent_version: string } {
    const { grpcVersion = '', agentVersion = '' } = this.versions;
    return { grpc_version: grpcVersion, agent_version: agentVersion };
  }
}

amendHandlers(KataHealthController.prototype, { module: 'kata of TtrpcHealthModule' });
