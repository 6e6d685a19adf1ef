import { performance } from 'node:perf_hooks';
import { TtrpcClient } from 'nestjs-ttrpc';
import { compute, CRUNCHER, schema, type Result, type Work } from './cruncher.js';

/** How long each measurement takes, in ms. */
const ROUND_MS = 250;

/** Calls in flight at a time, so that each worker always has the next one waiting. */
const IN_FLIGHT = 16;

/** A connection stays with the worker that has accepted it: there must be more of them than workers. */
const CONNECTIONS = 8;

interface Cruncher {
  crunch(work: Work): Promise<Result>;
}

/** How much {@link compute} does in a millisecond of this machine's processor, whatever else it has to do. */
export function roundsPerMillisecond(): number {
  const rounds = 200_000;
  compute(rounds);
  const begun = process.cpuUsage();
  compute(rounds);
  const { user, system } = process.cpuUsage(begun);
  return Math.max(1, Math.round((rounds * 1000) / (user + system)));
}

/** A load on one address. */
export class Load {
  readonly #client: TtrpcClient;
  readonly #cruncher: Cruncher;
  /** Calls by worker. */
  readonly answered = new Map<number, number>();

  constructor(
    url: string,
    private readonly rounds: number,
  ) {
    this.#client = new TtrpcClient({ url, ...schema, connections: CONNECTIONS });
    this.#cruncher = this.#client.getAsyncService<Cruncher>(CRUNCHER);
  }

  /** Calls as fast as answers come, for a while; gives calls a second. */
  async run(): Promise<number> {
    const begun = performance.now();
    let calls = 0;
    const caller = async (): Promise<void> => {
      while (performance.now() - begun < ROUND_MS) {
        const { worker } = await this.#cruncher.crunch({ rounds: this.rounds });
        this.answered.set(worker, (this.answered.get(worker) ?? 0) + 1);
        calls++;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
    return (calls * 1000) / (performance.now() - begun);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** The middle one. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
