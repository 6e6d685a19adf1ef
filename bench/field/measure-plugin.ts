import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NriRuntime } from './nri-runtime.js';
import { memoryOf } from './private-memory.js';
import type { Figures, Subject } from './subject.js';

/** What a plugin handles before its memory is read a second time. */
const CONTAINERS = 10;
/** Time to give back what is given back by itself, in ms. */
const SETTLE_MS = 500;

/** Starts a plugin beside a running runtime, lets it see containers come and go, and ends it. */
export async function measurePlugin(
  { command, isBare, name }: Subject,
  runtime: NriRuntime,
  socket: string,
): Promise<Figures> {
  const connected = isBare ? await listener(`${socket}.bare`) : undefined;
  const [program, ...args] = command as [string, ...string[]];
  const from = performance.now();
  const plugin = spawn(program, [...args, isBare ? `${socket}.bare` : socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  plugin.stdout.on('data', (text: Buffer) => (said += text.toString()));
  try {
    await (connected ? connected.first : runtime.synced());
    const registered = performance.now() - from;
    await sleep(SETTLE_MS);
    const idle = memoryOf(plugin.pid as number);
    if (isBare) return { registered, idle: idle.private, resident: idle.resident };
    for (let i = 0; i < CONTAINERS; i++) {
      const request = { pod: { id: 'p', name: 'web', namespace: 'default' }, container: { id: `c${i}`, name: `c${i}` } };
      await runtime.relay('CreateContainer', request);
      await runtime.relay('RemoveContainer', request);
    }
    await sleep(SETTLE_MS);
    const seen = said.match(/default\/web: c\d+ is (created|removed)/g)?.length;
    if (seen !== 2 * CONTAINERS) throw new Error(`${name} has logged ${seen} of ${2 * CONTAINERS} events: ${said}`);
    const used = memoryOf(plugin.pid as number);
    return { registered, idle: idle.private, used: used.private, resident: used.resident };
  } finally {
    const ended = once(plugin, 'exit');
    plugin.kill('SIGKILL');
    await ended;
    connected?.close();
  }
}

async function listener(path: string): Promise<{ first: Promise<unknown>; close(): void }> {
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  return { first: once(server, 'connection'), close: () => void server.close() };
}

/** Where the runtime of a run listens. */
export const nriSocket = (folder: string): string => join(folder, 'nri.sock');
