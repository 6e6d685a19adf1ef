import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Load, median, roundsPerMillisecond } from './measure.js';
import { work } from './worker.js';

/** Pairs of measurements: one worker, two workers. */
const PAIRS = 20;

if (cluster.isPrimary) {
  process.exitCode = await compare().then(
    () => 0,
    (error: unknown) => {
      console.error(String(error));
      return 1;
    },
  );
} else {
  await work(process.env['WORKER_URL'] ?? '');
}

/** One worker on one socket beside two on another, in turns. */
async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
  const [oneUrl, twoUrl] = [`unix://${join(folder, 'one.sock')}`, `unix://${join(folder, 'two.sock')}`];
  const workers = await Promise.all([oneUrl, twoUrl, twoUrl].map(begin));
  const rounds = roundsPerMillisecond();
  const single = new Load(oneUrl, rounds);
  const double = new Load(twoUrl, rounds);
  // Warm up.
  await single.run();
  await double.run();
  const ratios: number[] = [];
  const alone: number[] = [];
  const together: number[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const [one, two] = [await single.run(), await double.run()];
    alone.push(one);
    together.push(two);
    ratios.push(two / one);
  }
  console.log(`A handler computes for 1 ms. ${PAIRS} pairs of measurements, medians:`);
  console.log(`one worker: ${median(alone).toFixed(0)} calls a second`);
  console.log(`two workers: ${median(together).toFixed(0)} calls a second`);
  const shares = [...double.answered].map(([worker, calls]) => `worker ${worker} ${calls}`).join(', ');
  console.log(`ratio: ${median(ratios).toFixed(2)} (answered by ${shares})`);
  await Promise.all([single.close(), double.close()]);
  await Promise.all(workers.map(stop));
  rmSync(folder, { recursive: true });
}

async function begin(url: string): Promise<Worker> {
  const worker = cluster.fork({ WORKER_URL: url });
  const [first] = (await Promise.race([once(worker, 'message'), once(worker, 'exit')])) as unknown[];
  if (first !== 'ready') throw new Error('a worker has ended too early');
  return worker;
}

/** As a rolling restart would, one after the other: SIGTERM lets calls in flight finish. */
async function stop(worker: Worker): Promise<void> {
  const ended = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await ended;
}
