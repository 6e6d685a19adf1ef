import type { Load } from '../../model.js';
import type { BenchClient, CallExtras } from './bench-client.js';
import type { Values } from './values.js';

/** `inFlight` workers, spread over the connections, each with one call at a time. */
export async function unaryLoad(
  load: Load,
  clients: readonly BenchClient[],
  values: Values,
  latencies: Float64Array,
): Promise<void> {
  const first = values.take(load.calls);
  const extras: CallExtras = { metadata: load.metadata, deadlineMs: load.deadlineMs };
  const one = caller(load, values, extras);
  let next = 0;

  async function work(client: BenchClient): Promise<void> {
    while (next < load.calls) {
      const index = next++;
      const start = performance.now();
      await one(client, (first + index) >>> 0);
      latencies[index] = performance.now() - start;
    }
  }

  const workers = Math.min(load.inFlight, load.calls);
  await Promise.all(Array.from({ length: workers }, (_, i) => work(clients[i % clients.length] as BenchClient)));
}

function caller(load: Load, values: Values, extras: CallExtras): (client: BenchClient, value: number) => Promise<void> {
  if (load.kind === 'order') {
    return async (client, value) => {
      const order = values.order(value, load.bytes);
      values.checkOrder(await client.place(order, extras), order);
    };
  }
  const rpc = load.kind === 'guarded' ? 'Guarded' : 'Unary';
  const body = values.body(load.bytes);
  return async (client, value) => values.checkEcho(await client.unary(rpc, { value, body }, extras), value, body);
}
