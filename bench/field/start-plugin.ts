import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { NriRuntime } from './nri-runtime.js';
import type { Running, Subject } from './subject.js';

/** How many containers a plugin sees. */
const CONTAINERS = 10;

/** Starts a plugin beside a runtime, and lets it see containers come and go. */
export async function startPlugin(
  { command, isBare, name }: Subject,
  runtime: NriRuntime,
  socket: string,
): Promise<Running> {
  const bare = isBare ? await listener(`${socket}.bare`) : undefined;
  const [program, ...args] = command as [string, ...string[]];
  const from = performance.now();
  const plugin = spawn(program, [...args, isBare ? `${socket}.bare` : socket], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(plugin, 'exit');
  let said = '';
  plugin.stdout.on('data', (text: Buffer) => (said += text.toString()));
  const failed = ended.then(([status]) => {
    throw new Error(`${name} has ended with ${status} before it was registered`);
  });
  await Promise.race([bare?.connected ?? runtime.synced(), failed]);
  failed.catch(() => undefined);
  const registered = performance.now() - from;
  const running: Running = {
    figures: { registered },
    pid: plugin.pid as number,
    async end() {
      plugin.kill('SIGKILL');
      await ended;
      bare?.close();
      const seen = said.match(/default\/web: c\d+ is (created|removed)/g)?.length ?? 0;
      // A plugin that goes on while others are measured sees their containers, too.
      if (!isBare && seen < 2 * CONTAINERS) throw new Error(`${name} has logged ${seen} events: ${said}`);
      return {};
    },
  };
  for (let i = 0; i < CONTAINERS && !isBare; i++) {
    const request = { pod: { id: 'p', name: 'web', namespace: 'default' }, container: { id: `c${i}`, name: `c${i}` } };
    await runtime.relay('CreateContainer', request);
    await runtime.relay('RemoveContainer', request);
  }
  return running;
}

async function listener(path: string): Promise<{ connected: Promise<unknown>; close(): void }> {
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  return { connected: once(server, 'connection'), close: () => void server.close() };
}
