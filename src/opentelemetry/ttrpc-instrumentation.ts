import {
  context,
  diag,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Counter,
  type Histogram,
  type MeterProvider,
  type Span,
  type TextMapGetter,
  type TextMapSetter,
  type TracerProvider,
  type UpDownCounter,
} from '@opentelemetry/api';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { CallTrace, ConnectionEvent } from '../protocol/core/diagnostics.js';
import type { TtrpcMetadata } from '../protocol/core/metadata.js';
import { warnOfOptions, type OptionNames } from '../protocol/core/option-names.js';
import { endAttributes, isError, originalMethod, startAttributes } from './call-attributes.js';

/** Options of {@link TtrpcInstrumentation}. */
export interface TtrpcInstrumentationConfig {
  /** False: nothing is observed until `enable()`. Default true. */
  enabled?: boolean;
  /** True: `rpc.system`, `rpc.service`, `rpc.method` and a numeric `rpc.ttrpc.status_code`, as Go's otelttrpc 0.1.0. Default false. */
  oldNames?: boolean;
}

const OPTIONS: OptionNames<TtrpcInstrumentationConfig> = { enabled: true, oldNames: true };

const NAME = 'nestjs-ttrpc/opentelemetry';
const VERSION = '0.1.0';

/** Seconds; the boundaries that the semantic conventions give. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Keys of metadata are lower-case, whatever a propagator writes: Go's peers look them up so. */
const setter: TextMapSetter<TtrpcMetadata> = {
  set: (metadata, key, value) => void metadata.set(key.toLowerCase(), value),
};

const getter: TextMapGetter<TtrpcMetadata> = {
  keys: (metadata) => [...new Set([...metadata].map(([key]) => key))],
  get: (metadata, key) => {
    const values = metadata.getAll(key);
    return values.length > 1 ? values : values[0];
  },
};

/** What is known of a call from its start to its end. */
interface ObservedCall {
  readonly span: Span;
  /** With the span: the parent of what the handler does. */
  readonly context: Context;
  readonly attributes: Attributes;
}

interface Instruments {
  readonly duration: Record<CallTrace['side'], Histogram>;
  readonly active: Record<CallTrace['side'], UpDownCounter>;
  readonly sent: Record<CallTrace['side'], Counter>;
  readonly received: Record<CallTrace['side'], Counter>;
  readonly connections: UpDownCounter;
}

/**
 * Spans and metrics for the calls of all ttrpc clients and servers of the process, by the tracing channels of the engine:
 * nothing is patched, so that it may be registered before or after the library is loaded. Pass it to
 * `registerInstrumentations({ instrumentations: [new TtrpcInstrumentation()] })`. What a propagator or an exporter throws
 * goes to OpenTelemetry's `diag`; the call goes on.
 */
export class TtrpcInstrumentation {
  readonly instrumentationName = NAME;
  readonly instrumentationVersion = VERSION;
  readonly #observed = new WeakMap<CallTrace, ObservedCall>();
  #config: TtrpcInstrumentationConfig;
  #tracers: TracerProvider | undefined;
  #meters: MeterProvider | undefined;
  #instruments: Instruments | undefined;
  #enabled = false;

  /** Observes from now on, unless `enabled` is false. */
  constructor(config: TtrpcInstrumentationConfig = {}) {
    this.#config = checked(config);
    if (this.#config.enabled) this.enable();
  }

  /** Observes the calls that begin from now on. */
  enable(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    for (const [name, listener] of this.#listeners) subscribe(name, listener);
  }

  /** Observes nothing more; calls in flight get no end. */
  disable(): void {
    if (!this.#enabled) return;
    this.#enabled = false;
    for (const [name, listener] of this.#listeners) unsubscribe(name, listener);
  }

  /** The provider of the spans' tracer. Default: the global one. */
  setTracerProvider(provider: TracerProvider): void {
    this.#tracers = provider;
  }

  /** The provider of the metrics' meter. Default: the global one. */
  setMeterProvider(provider: MeterProvider): void {
    this.#meters = provider;
    this.#instruments = undefined;
  }

  /** Replaces the options; they count for calls that begin from now on. */
  setConfig(config: TtrpcInstrumentationConfig): void {
    this.#config = checked(config);
  }

  /** The options. */
  getConfig(): TtrpcInstrumentationConfig {
    return this.#config;
  }

  readonly #listeners: readonly (readonly [string, (message: unknown) => void])[] = [
    ['tracing:nestjs-ttrpc.client:start', guarded((call) => this.#clientStarts(call as CallTrace))],
    ['tracing:nestjs-ttrpc.client:asyncEnd', guarded((call) => this.#ends(call as CallTrace))],
    ['tracing:nestjs-ttrpc.server:start', guarded((call) => this.#serverStarts(call as CallTrace))],
    ['tracing:nestjs-ttrpc.server:asyncEnd', guarded((call) => this.#ends(call as CallTrace))],
    ['nestjs-ttrpc.connection.opened', guarded((event) => this.#connection(event as ConnectionEvent, 1))],
    ['nestjs-ttrpc.connection.closed', guarded((event) => this.#connection(event as ConnectionEvent, -1))],
  ];

  #clientStarts(call: CallTrace): void {
    const served = call.parent && this.#observed.get(call.parent);
    const active = context.active();
    // A call that is made for another one is its child, wherever it is made; one made within it may have a nearer parent.
    const parent = served && trace.getSpan(active) === undefined ? served.context : active;
    const observed = this.#begin(call, SpanKind.CLIENT, parent);
    try {
      propagation.inject(observed.context, call.metadata, setter);
    } catch (error) {
      diag.error(`${NAME}: the propagator failed for a request of ${call.service}/${call.method}`, error);
    }
  }

  #serverStarts(call: CallTrace): void {
    let parent = ROOT_CONTEXT;
    try {
      parent = propagation.extract(ROOT_CONTEXT, call.metadata, getter);
    } catch (error) {
      diag.error(`${NAME}: the propagator failed for a call of ${call.service}/${call.method}`, error);
    }
    const observed = this.#begin(call, SpanKind.SERVER, parent);
    const inner = call.runInContext;
    call.runInContext = (run) => context.with(observed.context, inner ? () => inner(run) : run);
  }

  #begin(call: CallTrace, kind: SpanKind, parent: Context): ObservedCall {
    const { name, attributes } = startAttributes(call, this.#config.oldNames === true);
    const tracer = (this.#tracers ?? trace).getTracer(NAME, VERSION);
    const span = tracer.startSpan(name, { kind, attributes: { ...attributes, ...originalMethod(call) } }, parent);
    const observed = { span, context: trace.setSpan(parent, span), attributes };
    this.#observed.set(call, observed);
    this.#meter().active[call.side].add(1, attributes);
    return observed;
  }

  #ends(call: CallTrace): void {
    const observed = this.#observed.get(call);
    if (!observed) return;
    const { span, attributes } = observed;
    const end = endAttributes(call, this.#config.oldNames === true);
    span.setAttributes(end);
    if (isError(call)) span.setStatus({ code: SpanStatusCode.ERROR, message: call.error?.message ?? '' });
    span.end();
    const meter = this.#meter();
    const all = { ...attributes, ...end };
    meter.duration[call.side].record((performance.now() - call.startTime) / 1000, all, observed.context);
    meter.active[call.side].add(-1, attributes);
    meter.sent[call.side].add(call.messagesSent, attributes);
    meter.received[call.side].add(call.messagesReceived, attributes);
  }

  #connection({ side }: ConnectionEvent, change: number): void {
    this.#meter().connections.add(change, { 'rpc.system.name': 'ttrpc', 'ttrpc.side': side });
  }

  #meter(): Instruments {
    if (this.#instruments) return this.#instruments;
    const meter = (this.#meters ?? metrics).getMeter(NAME, VERSION);
    const both = <T>(make: (side: CallTrace['side']) => T): Record<CallTrace['side'], T> => ({
      client: make('client'),
      server: make('server'),
    });
    return (this.#instruments = {
      duration: both((side) =>
        meter.createHistogram(`rpc.${side}.call.duration`, {
          unit: 's',
          description: 'How long calls take, from the call to its end.',
          advice: { explicitBucketBoundaries: DURATION_BUCKETS },
        }),
      ),
      active: both((side) =>
        meter.createUpDownCounter(`ttrpc.${side}.active_calls`, { unit: '{call}', description: 'Calls in flight.' }),
      ),
      sent: both((side) =>
        meter.createCounter(`ttrpc.${side}.messages.sent`, { unit: '{message}', description: 'Messages sent.' }),
      ),
      received: both((side) =>
        meter.createCounter(`ttrpc.${side}.messages.received`, {
          unit: '{message}',
          description: 'Messages received.',
        }),
      ),
      connections: meter.createUpDownCounter('ttrpc.connections', {
        unit: '{connection}',
        description: 'Open connections.',
      }),
    });
  }
}

/** Node makes an uncaught exception of what a subscriber throws: nothing of ours may end the process. */
function guarded(listener: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message);
    } catch (error) {
      diag.error(`${NAME}: a call was not observed`, error);
    }
  };
}

/** The options with their defaults. A name that is none is a warning of the process: other instrumentations may share the object. */
function checked(config: TtrpcInstrumentationConfig): TtrpcInstrumentationConfig {
  warnOfOptions('TtrpcInstrumentation', config, OPTIONS);
  return { enabled: true, ...config };
}
