import type { MethodStats } from '../protocol/core/call-stats.js';
import { DURATION_BOUNDS_MS, type DurationStats } from '../protocol/core/duration-histogram.js';
import type { TtrpcMetricsSnapshot } from './snapshot.js';

/** Upper bounds of the exported buckets, in ms: some of {@link DURATION_BOUNDS_MS}, since each is a time series. */
const EXPORTED_BOUNDS_MS = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000,
] as const;

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** A snapshot in Prometheus' text format 0.0.4. */
export function prometheusText({ server, client, servers, clients }: TtrpcMetricsSnapshot): string {
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, samples: readonly Sample[]): void => {
    if (samples.length === 0) return;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of samples) lines.push(`${name}${written(labels)} ${value}`);
  };
  for (const [side, { methods, connectionsOpened, connectionsClosed }] of Object.entries({ server, client })) {
    const each = (value: (method: MethodStats) => number): Sample[] =>
      methods.map((method) => [{ service: method.service, method: method.method }, value(method)]);
    const own = `ttrpc_${side}`;
    family(
      `${own}_calls_started_total`,
      'counter',
      'Calls that have begun.',
      each(({ started }) => started),
    );
    family(
      `${own}_calls_in_flight`,
      'gauge',
      'Calls that have begun and not ended.',
      each(({ inFlight }) => inFlight),
    );
    family(
      `${own}_timeouts_total`,
      'counter',
      'Calls ended by their deadline.',
      each(({ timeouts }) => timeouts),
    );
    family(
      `${own}_cancels_total`,
      'counter',
      'Calls that were cancelled.',
      each(({ cancels }) => cancels),
    );
    family(
      `${own}_messages_sent_total`,
      'counter',
      'Messages sent.',
      each((method) => method.messagesSent),
    );
    family(
      `${own}_messages_received_total`,
      'counter',
      'Messages received.',
      each((method) => method.messagesReceived),
    );
    family(
      `${own}_sent_bytes_total`,
      'counter',
      'Bytes of messages sent.',
      each(({ bytesSent }) => bytesSent),
    );
    family(
      `${own}_received_bytes_total`,
      'counter',
      'Bytes of messages received.',
      each((method) => method.bytesReceived),
    );
    lines.push(...histogram(`${own}_call_duration_seconds`, 'How long calls took, by status.', methods));
    family(`${own}_connections_opened_total`, 'counter', 'Connections opened.', [[{}, connectionsOpened]]);
    family(`${own}_connections_closed_total`, 'counter', 'Connections that have ended.', [[{}, connectionsClosed]]);
  }
  const now = <S>(label: string, stats: Readonly<Record<string, S>>, value: (each: S) => number): Sample[] =>
    Object.entries(stats).map(([name, each]) => [{ [label]: name }, value(each)]);
  const bothNow = [
    ['connections', 'Open connections.', (each: { connections: number }) => each.connections],
    ['buffered_bytes', 'Bytes that are held for peers.', (each: { bufferedBytes: number }) => each.bufferedBytes],
    ['unsent_bytes', 'Bytes that peers have not taken.', (each: { unsentBytes: number }) => each.unsentBytes],
  ] as const;
  for (const [name, help, value] of bothNow) {
    // The intersection of the three parameter types is what both kinds of stats have.
    const of = value as (each: { connections: number; bufferedBytes: number; unsentBytes: number }) => number;
    family(`ttrpc_server_${name}`, 'gauge', help, now('server', servers, of));
    family(`ttrpc_client_${name}`, 'gauge', help, now('client', clients, of));
  }
  family(
    'ttrpc_client_waiting_calls',
    'gauge',
    'Calls that wait for a connection.',
    now('client', clients, ({ waiting }) => waiting),
  );
  family(
    'ttrpc_server_stragglers',
    'gauge',
    'Handlers that go on although their calls are over.',
    now('server', servers, ({ stragglers }) => stragglers),
  );
  family(
    'ttrpc_server_refused_total',
    'counter',
    'What a limit or a rule has refused.',
    Object.entries(servers).flatMap(([name, { refused }]) =>
      Object.entries(refused).map(([reason, count]): Sample => [{ server: name, reason }, count]),
    ),
  );
  return lines.map((line) => `${line}\n`).join('');
}

function histogram(name: string, help: string, methods: readonly MethodStats[]): string[] {
  const lines = methods.flatMap(({ service, method, codes }) =>
    Object.entries(codes).flatMap(([code, stats]) => buckets(name, { service, method, code }, stats)),
  );
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines];
}

/** The lines of one series; its buckets count all calls up to their bounds. */
function buckets(name: string, labels: Labels, { buckets: counts, count, sumMs }: DurationStats): string[] {
  const lines: string[] = [];
  let index = 0;
  let sum = 0;
  for (const bound of EXPORTED_BOUNDS_MS) {
    for (; (DURATION_BOUNDS_MS[index] ?? Infinity) <= bound; index++) sum += counts[index] ?? 0;
    lines.push(`${name}_bucket${written({ ...labels, le: String(bound / 1000) })} ${sum}`);
  }
  lines.push(`${name}_bucket${written({ ...labels, le: '+Inf' })} ${count}`);
  return [...lines, `${name}_sum${written(labels)} ${sumMs / 1000}`, `${name}_count${written(labels)} ${count}`];
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
