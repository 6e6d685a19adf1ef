/**
 * Traces and metrics of ttrpc calls by OpenTelemetry's semantic conventions. Exported as `nestjs-ttrpc/opentelemetry`; needs
 * `@opentelemetry/api`.
 * @packageDocumentation
 */
export { TtrpcInstrumentation, type TtrpcInstrumentationConfig } from './ttrpc-instrumentation.js';
