// A cluster, compiled beside the engine: node cluster.js <workers> <address> [options as JSON]. Each worker says what it does, by its id.
// Commands on standard input: `restart` replaces each worker by a new one, one after the other; `add`; `stop` ends all in order.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { serve, type ServerCoreOptions } from 'nestjs-ttrpc/protocol';

const [, , count = '', url = '', json = '{}'] = process.argv;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (cluster.isPrimary) {
  cluster.on('exit', ({ id }, code, signal) => say(`worker ${id} ended: ${signal ?? code}.`));
  await Promise.all(Array.from({ length: Number(count) }, begin));
  say('all ready');
  for await (const command of createInterface({ input: process.stdin })) {
    const workers = Object.values(cluster.workers ?? {}) as Worker[];
    if (command === 'add') await begin();
    if (command === 'restart') {
      for (const worker of workers) {
        await begin();
        await stop(worker);
      }
    }
    if (command === 'stop') {
      await Promise.all(workers.map(stop));
      break;
    }
    say(`done: ${command}`);
  }
} else {
  const id = String(cluster.worker?.id);
  const { authorize, ...options } = JSON.parse(json) as ServerCoreOptions & { authorize?: string };
  try {
    const server = await serve(
      url,
      {
        'faults.v1.Counter': {
          // Which worker it is, after as many ms as the request says.
          Who: async (request) => {
            if (request.length > 0) await new Promise((resolve) => setTimeout(resolve, Number(Buffer.from(request))));
            return Buffer.from(id);
          },
        },
      },
      {
        ...options,
        ...(authorize !== undefined && {
          authorize: ({ credentials }) => {
            say(`asked about ${credentials?.pid}.`);
            return authorize === 'all';
          },
        }),
      },
    );
    say(`worker ${id} is process ${process.pid}.`);
    process.once('SIGTERM', () => {
      void server.close({ gracePeriodMs: 600_000 }).then(() => process.exit());
    });
    process.send?.('ready');
  } catch (error) {
    say(`worker ${id} cannot listen: ${String(error)}`);
    process.exit(1);
  }
}

async function begin(): Promise<void> {
  const worker = cluster.fork();
  await Promise.race([once(worker, 'message'), once(worker, 'exit')]);
}

async function stop(worker: Worker): Promise<void> {
  const ended = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await ended;
}
