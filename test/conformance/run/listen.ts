import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patiently, RawConnection } from './connection.js';

/** A unix socket in a folder of its own that takes one connection, the runner being the server. */
export interface OneListener {
  readonly path: string;
  readonly accepted: Promise<RawConnection>;
  /** Stops listening and removes the folder. */
  close(): Promise<void>;
}

export async function listenOnce(): Promise<OneListener> {
  const folder = await mkdtemp(join(tmpdir(), 'ttrpc-conformance-'));
  const path = join(folder, 's');
  const server = createServer({ allowHalfOpen: true });
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    path,
    accepted: patiently(accepted, () => 'the client connects').then((socket) => new RawConnection(socket)),
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
