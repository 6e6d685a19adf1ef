/**
 * Counts, durations and queue lengths of ttrpc calls without OpenTelemetry. Exported as `nestjs-ttrpc/metrics`; needs no
 * other package.
 * @packageDocumentation
 */
export type { ClientStats } from '../protocol/client/channel.js';
export type { MethodStats } from '../protocol/core/call-stats.js';
export { DURATION_BOUNDS_MS, percentile, type DurationStats } from '../protocol/core/duration-histogram.js';
export type { ServerStats } from '../protocol/server/refusals.js';
export type { SideMetrics, TtrpcMetricsSnapshot } from './snapshot.js';
export { TtrpcMetrics, type TtrpcMetricsOptions } from './ttrpc-metrics.js';
