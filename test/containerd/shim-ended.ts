import { existsSync } from 'node:fs';
import type { ShimClient } from '../../src/containerd/index.js';

/** How long a shim has to end by itself. */
const END_MS = 5_000;

/**
 * Waits until a shim has removed its socket, the last thing that it does, and closes its client. A shim that goes on, since
 * its test has failed, is ended.
 */
export async function shimEnded(shim: Pick<ShimClient, 'address' | 'task' | 'close'>, id: string): Promise<void> {
  const path = shim.address.address.replace('unix://', '');
  const { task } = shim;
  const end = setTimeout(() => {
    void (async () => {
      await task.kill({ id, signal: 9, all: true }).catch(() => undefined);
      await task.wait({ id }).catch(() => undefined);
      await task.delete({ id }).catch(() => undefined);
      await task.shutdown({ id, now: true }).catch(() => undefined);
    })();
  }, END_MS);
  while (existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10));
  clearTimeout(end);
  await shim.close();
}
