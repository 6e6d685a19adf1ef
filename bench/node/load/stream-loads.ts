import type { Load } from '../../model.js';
import type { Echo } from '../messages.js';
import type { BenchClient } from './bench-client.js';
import type { Values } from './values.js';

function unsupported(kind: string): Error {
  return new Error(`this peer has no ${kind}`);
}

/** One server-streaming call with `calls` messages. */
export async function downloadLoad(load: Load, client: BenchClient, values: Values): Promise<void> {
  if (!client.download) throw unsupported(load.kind);
  const first = values.take(load.calls);
  const body = values.body(load.bytes);
  let received = 0;
  await client.download({ count: load.calls, bytes: load.bytes, first }, (message) => {
    values.checkEcho(message, (first + received++) >>> 0, body);
  });
  if (received !== load.calls) throw new Error(`${received} messages came, expected ${load.calls}`);
}

/** One client-streaming call with `calls` messages. */
export async function uploadLoad(load: Load, client: BenchClient, values: Values): Promise<void> {
  if (!client.upload) throw unsupported(load.kind);
  const first = values.take(load.calls);
  const body = values.body(load.bytes);
  let sum = 0;
  function* messages(): Iterable<Echo> {
    for (let i = 0; i < load.calls; i++) {
      const value = (first + i) >>> 0;
      sum = (sum + value) >>> 0;
      yield { value, body };
    }
  }
  const reply = await client.upload(messages());
  const bytes = (load.calls * load.bytes) >>> 0;
  if (reply.count !== load.calls || reply.sum !== sum || reply.bytes !== bytes) {
    throw new Error(
      `the response is ${JSON.stringify(reply)}, expected count ${load.calls}, sum ${sum}, bytes ${bytes}`,
    );
  }
}

/** One bidi call: `inFlight` messages are out, and each response lets the next one go. */
export async function chatLoad(
  load: Load,
  client: BenchClient,
  values: Values,
  latencies: Float64Array,
): Promise<void> {
  if (!client.chat) throw unsupported(load.kind);
  const first = values.take(load.calls);
  const body = values.body(load.bytes);
  let sent = 0;
  let received = 0;
  const chat = client.chat((message) => {
    const index = received++;
    values.checkEcho(message, (first + index) >>> 0, body);
    latencies[index] = performance.now() - (latencies[index] ?? 0);
    if (sent < load.calls) send();
    else if (received === load.calls) chat.end();
  });
  // Where the time of its start stands its latency stands later.
  function send(): void {
    latencies[sent] = performance.now();
    chat.send({ value: (first + sent++) >>> 0, body });
  }
  while (sent < Math.min(load.inFlight, load.calls)) send();
  await chat.done;
  if (received !== load.calls) throw new Error(`${received} answers came, expected ${load.calls}`);
}
