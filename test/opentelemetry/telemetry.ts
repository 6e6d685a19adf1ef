import { context, propagation, trace, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { TtrpcInstrumentation, type TtrpcInstrumentationConfig } from '../../src/opentelemetry/index.js';

/** A span as the tests compare it. */
export interface TestSpan {
  name: string;
  kind: string;
  id: string;
  traceId: string;
  parent: string | undefined;
  status: string;
  attributes: Record<string, unknown>;
}

/** OpenTelemetry with the ttrpc instrumentation, exporting to memory. */
export class Telemetry {
  readonly instrumentation: TtrpcInstrumentation;
  readonly #spans = new InMemorySpanExporter();
  readonly #tracers = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#spans)] });
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader = new PeriodicExportingMetricReader({ exporter: this.#metrics, exportIntervalMillis: 3_600_000 });
  readonly #meters = new MeterProvider({ readers: [this.#reader] });
  readonly #unregister: () => void;

  constructor(config?: TtrpcInstrumentationConfig) {
    this.#tracers.register();
    this.instrumentation = new TtrpcInstrumentation(config);
    this.#unregister = registerInstrumentations({
      instrumentations: [this.instrumentation],
      tracerProvider: this.#tracers,
      meterProvider: this.#meters,
    });
  }

  /** The spans that have ended, in the order of their ends. */
  spans(): TestSpan[] {
    return this.#spans.getFinishedSpans().map((span) => ({
      name: span.name,
      kind: SpanKind[span.kind].toLowerCase(),
      id: span.spanContext().spanId,
      traceId: span.spanContext().traceId,
      parent: span.parentSpanContext?.spanId,
      status: SpanStatusCode[span.status.code],
      attributes: span.attributes,
    }));
  }

  /** Resolves once so many spans have ended. */
  async ended(count: number): Promise<TestSpan[]> {
    while (this.spans().length < count) await new Promise((resolve) => setImmediate(resolve));
    return this.spans();
  }

  /** The instruments by name, with all that they have counted. */
  async metrics(): Promise<Map<string, MetricData>> {
    this.#metrics.reset();
    await this.#reader.forceFlush();
    const [last] = this.#metrics.getMetrics().slice(-1);
    return new Map(last?.scopeMetrics.flatMap(({ metrics }) => metrics).map((each) => [each.descriptor.name, each]));
  }

  /** Leaves nothing behind. */
  async close(): Promise<void> {
    this.#unregister();
    await this.#meters.shutdown();
    await this.#tracers.shutdown();
    trace.disable();
    context.disable();
    propagation.disable();
  }
}
