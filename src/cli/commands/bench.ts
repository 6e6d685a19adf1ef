import { BenchRequests } from '../bench/bench-requests.js';
import { calmCompilers } from '../bench/compiler.js';
import { Load, type LoadPlan } from '../bench/load.js';
import { Measurements } from '../bench/measurements.js';
import { ProgressLine } from '../bench/progress-line.js';
import { csvOf, jsonOf, progressOf, summaryOf, type BenchResult } from '../bench/report.js';
import { Schedule } from '../bench/schedule.js';
import { CALL_FLAGS, metadataOf, timeoutOf } from '../call-flags.js';
import type { Arguments, Command } from '../command.js';
import { millisecondsOf, numberOf } from '../arguments.js';
import { CONNECTION_FLAGS, openConnection, type CommandConnection } from '../connection.js';
import { Interrupt } from '../interrupt.js';
import { print, printError, standardError } from '../output.js';
import { plainText } from '../plain-text.js';
import { AskedTypes } from '../schema/asked-types.js';
import { splitMethod } from '../schema/command-schema.js';
import { reflect, REFLECTION_MS, reflectType } from '../schema/reflection-client.js';
import { SCHEMA_FLAGS, schemaOfFlags } from '../schema/source-flags.js';
import { ToolError } from '../tool-error.js';

const CONCURRENCY = 50;
/** As in ghz. */
const TOTAL = 200;
const PROGRESS_MS = 500;

/** The exit status when a call has failed. */
const FAILED_STATUS = 2;

/** `ttrpc bench`: makes many calls and measures them. */
export const bench: Command = {
  name: 'bench',
  usage: '<address> <service/method>',
  positionals: ['address', 'method'],
  required: 2,
  flags: {
    total: {
      type: 'string',
      value: 'count',
      help: `how many calls to make (default: ${TOTAL}, none with --duration or a schedule)`,
    },
    'skip-first': {
      type: 'string',
      value: 'calls',
      help: 'of those, how many at the beginning are not measured, unless they fail (default: none)',
    },
    duration: { type: 'string', value: 'seconds', help: 'how long to make calls' },
    concurrency: { type: 'string', value: 'count', help: `how many calls may be in flight (default: ${CONCURRENCY})` },
    connections: { type: 'string', value: 'count', help: 'over how many connections (default: 1)' },
    rps: {
      type: 'string',
      value: 'rate',
      help: 'calls a second; step:<from>:<to>:<step>:<seconds> or line:<from>:<to>:<seconds> for a rate that changes',
    },
    format: {
      type: 'string',
      value: 'summary|json|csv',
      choices: ['summary', 'json', 'csv'],
      help: 'what to print (default: summary); csv has a row for each call',
    },
    ...CALL_FLAGS,
    ...SCHEMA_FLAGS,
    ...CONNECTION_FLAGS,
  },
  notes: [
    'Several requests of -d are used in turn, or are the messages of each call that sends a stream. In them {{.RequestNumber}},',
    '{{.UUID}}, {{.Timestamp}}, {{.TimestampUnix}}, {{.TimestampUnixMilli}}, {{randomInt 1 10}} and {{randomString 8}} are',
    'made anew for each call. With --rps a latency counts from the time for which the call was planned.',
    'Exit status: 0, or 2 when a call has failed or the load was broken off, or 1 when no call could be made.',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [address = '', symbol = ''] = args.positionals;
  const [service] = splitMethod(symbol);
  const rps = args.text('rps');
  const schedule = rps === undefined ? undefined : Schedule.parse(rps);
  const hasDuration = args.text('duration') !== undefined;
  const durationMs = millisecondsOf(args, 'duration', 1000 * (schedule?.seconds ?? Infinity));
  const fallback = hasDuration || Number.isFinite(durationMs) ? Infinity : TOTAL;
  const total = args.text('total') === undefined ? fallback : numberOf(args, 'total', TOTAL);
  const skipFirst = numberOf(args, 'skip-first', 0);
  if (skipFirst >= total)
    throw new ToolError(`--skip-first: expected less than the ${total} calls of --total, got ${skipFirst}`);
  const concurrency = numberOf(args, 'concurrency', CONCURRENCY);
  const connections = numberOf(args, 'connections', 1);
  const metadata = metadataOf(args);
  const timeoutMs = timeoutOf(args);
  const own = schemaOfFlags(args);
  own?.method(symbol);
  const open: CommandConnection[] = [];
  const interrupt = new Interrupt();
  const { signal } = interrupt;
  try {
    open.push(await openConnection(address, args, { signal }));
    const { client } = open[0] as CommandConnection;
    const asking = { timeoutMs: timeoutMs ?? REFLECTION_MS, signal };
    const schema = own ?? (await reflect(client, service, asking));
    if (!own) schema.askFor(new AskedTypes((name) => reflectType(client, name, asking)));
    const method = schema.method(symbol);
    const requests = await BenchRequests.read(schema, method, args.text('data'), signal);
    while (open.length < connections) open.push(await openConnection(address, args, { signal }));
    const plan: LoadPlan = {
      method,
      requests,
      options: { metadata, timeoutMs },
      concurrency,
      schedule,
      total,
      skipFirst,
      durationMs,
    };
    calmCompilers(plan);
    const measured = new Measurements(args.text('format') === 'csv');
    const load = new Load(
      plan,
      open.map((each) => each.client),
      measured,
    );
    signal.addEventListener('abort', () => load.breakOff('interrupted'));
    signal.throwIfAborted();
    const stopProgress = showProgress(load, measured, plan);
    const end = await load.run().finally(stopProgress);
    const result = { method: `${method.service}/${method.name}`, connections, concurrency, rps, end, measured };
    if (measured.count === 0 && end.skipped > 0 && end.why === undefined) {
      throw new ToolError(`--skip-first ${skipFirst}: only ${end.skipped} calls were made, nothing is measured`);
    }
    await report(result, args.text('format'));
    if (end.why !== undefined) await printError(`ttrpc: broken off: ${plainText(end.why)}\n`);
    return measured.failed > 0 || end.why !== undefined ? FAILED_STATUS : 0;
  } catch (error) {
    throw signal.aborted ? new ToolError('interrupted', { cause: error }) : error;
  } finally {
    interrupt.release();
    for (const { close } of open) close();
  }
}

async function report(result: BenchResult, format: string | undefined): Promise<void> {
  if (format === 'json') await print(jsonOf(result));
  else if (format === 'csv') for (const text of csvOf(result)) await print(text);
  else await print(summaryOf(result, process.stdout));
}

/** Shows on a terminal how far it is; returns what ends that. */
function showProgress(load: Load, measured: Measurements, plan: LoadPlan): () => void {
  const stderr = standardError();
  // A dumb terminal cannot write over a line.
  if (!stderr.isTTY || process.env['TERM'] === 'dumb') return () => undefined;
  const shown = new ProgressLine(stderr);
  let [countBefore, timeBefore] = [0, 0];
  const timer = setInterval(() => {
    const { elapsedMs } = load;
    const rate = (1000 * (measured.count - countBefore)) / (elapsedMs - timeBefore);
    [countBefore, timeBefore] = [measured.count, elapsedMs];
    shown.show(progressOf(measured, elapsedMs, rate, plan.total - plan.skipFirst, plan.durationMs));
  }, PROGRESS_MS);
  return () => {
    clearInterval(timer);
    shown.clear();
  };
}
