/**
 * Health checking over ttrpc: grpc.health.v1, kata's grpc.Health, and an indicator for @nestjs/terminus.
 * @packageDocumentation
 */
export type { KataVersions } from './kata-health.controller.js';
export { TtrpcHealth, type TtrpcServingStatus, type TtrpcWatchedStatus } from './ttrpc-health.js';
export {
  TtrpcHealthIndicator,
  type TtrpcHealthCheckOptions,
  type TtrpcHealthIndicatorResult,
} from './ttrpc-health.indicator.js';
export { TtrpcHealthModule, type TtrpcHealthOptions } from './ttrpc-health.module.js';
