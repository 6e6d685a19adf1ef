import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { compute } from '../cores/compute.js';
import { serveComputing } from '../cores/computing-app.js';
import { serve } from '../serve.js';

/** So many workers of node:cluster on one path; each call computes for about 100 µs. The number follows the path. */
const WORKERS = Number(process.argv[3] ?? 2);

if (cluster.isPrimary) {
  serve(async () => {
    await Promise.all(Array.from({ length: WORKERS }, () => begin(cluster.fork())));
  });
} else {
  await serveComputing(process.argv[2] as string, compute);
  process.send?.('ready');
}

async function begin(worker: Worker): Promise<void> {
  const [first] = (await Promise.race([once(worker, 'message'), once(worker, 'exit')])) as unknown[];
  if (first !== 'ready') throw new Error('a worker has ended too early');
}
