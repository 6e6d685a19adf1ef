import type { Load, RunResult } from '../../model.js';
import type { BenchClient } from './bench-client.js';
import { chatLoad, downloadLoad, uploadLoad } from './stream-loads.js';
import { unaryLoad } from './unary-load.js';
import type { Values } from './values.js';

/** Carries a load and measures it. `latencies` stays empty where single messages have no response. */
export async function runLoad(load: Load, clients: readonly BenchClient[], values: Values): Promise<RunResult> {
  const answered = load.kind !== 'download' && load.kind !== 'upload';
  const latencies = new Float64Array(answered ? load.calls : 0);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await carry(load, clients, values, latencies);
  const elapsedUs = (performance.now() - start) * 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  latencies.sort();
  const at = (share: number): number => (latencies[Math.floor(latencies.length * share)] ?? 0) * 1000;
  return { calls: load.calls, elapsedUs, cpuUs: user + system, p50Us: at(0.5), p99Us: at(0.99) };
}

function carry(load: Load, clients: readonly BenchClient[], values: Values, latencies: Float64Array): Promise<void> {
  const first = clients[0];
  if (!first) throw new Error('run before connect');
  switch (load.kind) {
    case 'download':
      return downloadLoad(load, first, values);
    case 'upload':
      return uploadLoad(load, first, values);
    case 'chat':
      return chatLoad(load, first, values, latencies);
    case 'unary':
    case 'guarded':
    case 'order':
      return unaryLoad(load, clients, values, latencies);
  }
}
