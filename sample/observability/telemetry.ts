import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { TtrpcInstrumentation } from 'nestjs-ttrpc/opentelemetry';

/** OpenTelemetry's metrics, which the gateway serves: the exporter opens no port of its own. */
export const exporter = new PrometheusExporter({ preventServerStart: true });

registerInstrumentations({
  instrumentations: [new TtrpcInstrumentation()],
  meterProvider: new MeterProvider({ readers: [exporter] }),
});
