import { execFile, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hasGo } from '../support/go-module.js';

const run = promisify(execFile);

/** True where the parser can be built. */
export const hasPrometheusParser = await hasGo();

if (!hasPrometheusParser) process.stderr.write("no Go: what Prometheus' own parser reads is not tested\n");

/** A sample as Prometheus' own parser has read it. */
export interface PrometheusSample {
  name: string;
  type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM' | 'UNTYPED';
  labels: Record<string, string>;
  /** Of a histogram: its count. */
  value: number;
  /** Of a histogram: the calls up to each bound. */
  buckets?: Record<string, number>;
  /** Of a histogram. */
  sum?: number;
}

/** Compiles the parser, a Go program on Prometheus' own packages, as `file`. */
export async function buildPrometheusParser(file: string): Promise<void> {
  await run('go', ['build', '-o', file, '.'], { cwd: fileURLToPath(new URL('go', import.meta.url)) });
}

/** What `file` reads in a text of Prometheus' format. Rejects with the mistake; with `lint` also for names against the rules. */
export async function parsePrometheus(
  file: string,
  exposition: string,
  { lint = false } = {},
): Promise<PrometheusSample[]> {
  const parser = spawn(file, lint ? ['-lint'] : []);
  const ended = new Promise((resolve) => parser.once('close', resolve));
  parser.stdin.end(exposition);
  const [out, mistake] = await Promise.all([text(parser.stdout), text(parser.stderr)]);
  await ended;
  if (mistake !== '') throw new Error(mistake);
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PrometheusSample);
}

/** The one sample of that name with these labels. Throws an Error unless there is exactly one. */
export function sampleOf(
  samples: readonly PrometheusSample[],
  name: string,
  labels: Record<string, string> = {},
): PrometheusSample {
  const found = samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  if (found.length !== 1) throw new Error(`${found.length} samples of ${name} with ${JSON.stringify(labels)}`);
  return found[0] as PrometheusSample;
}
