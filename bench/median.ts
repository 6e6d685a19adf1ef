import type { Sample } from './model.js';

/** The middle value; between two the mean of both. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** Field by field. */
export function medianSample(samples: readonly Sample[]): Sample {
  const of = (field: keyof Sample): number => median(samples.map((sample) => sample[field]));
  return {
    perSecond: of('perSecond'),
    serverCpuUs: of('serverCpuUs'),
    clientCpuUs: of('clientCpuUs'),
    p50Us: of('p50Us'),
    p99Us: of('p99Us'),
  };
}
