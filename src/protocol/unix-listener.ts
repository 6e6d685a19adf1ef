import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  rmSync,
  unlinkSync,
  type Stats,
} from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { MAX_PATH_BYTES } from './address.js';
import { messageOf, TtrpcError } from './errors.js';
import { TtrpcStatus } from './status.js';

/** How often a path that others take and leave at the same time is tried. */
const MAX_TRIES = 5;

/** The socket's name in its private folder. */
const HIDDEN_NAME = 's';

/**
 * Binds `server` to the unix socket `path` so that nobody finds it there before its mode is set: it is bound in a
 * private folder beside the path and linked into place. A socket file that nobody listens on any more is replaced; a
 * live one, and anything that is not a socket, is left alone and refused (FAILED_PRECONDITION).
 * @returns a function that removes the file, only if it is still this socket's.
 */
export async function listenOnPath(
  server: Server,
  path: string,
  mode: number | undefined,
  backlog: number,
): Promise<() => void> {
  await checkFree(path);
  const folder = privateFolder(path);
  try {
    const hidden = join(folder, HIDDEN_NAME);
    await listening(server, folder, backlog);
    if (mode !== undefined) chmodSync(hidden, mode);
    await linkInto(hidden, path);
    const { dev, ino } = lstatSync(path);
    return () => removeIfSame(path, dev, ino);
  } catch (error) {
    server.close();
    throw error instanceof TtrpcError ? error : pathError(path, messageOf(error), error);
  } finally {
    // libuv will want to remove the path that it bound; that one is gone with its folder.
    rmSync(folder, { recursive: true, force: true });
  }
}

function privateFolder(path: string): string {
  // Short, so that the hidden path is hardly longer than the wanted one.
  try {
    return mkdtempSync(join(dirname(path), '.t'));
  } catch (error) {
    throw pathError(path, `its folder cannot be written: ${messageOf(error)}`, error);
  }
}

function listening(server: Server, folder: string, backlog: number): Promise<void> {
  const hidden = join(folder, HIDDEN_NAME);
  // The hidden path can be longer than a socket's address although the wanted one fits: then by way of the folder's
  // descriptor, which needs to be open for the binding alone.
  const descriptor = Buffer.byteLength(hidden) > MAX_PATH_BYTES ? openSync(folder, 'r') : undefined;
  const path = descriptor === undefined ? hidden : `/proc/self/fd/${descriptor}/${HIDDEN_NAME}`;
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog }, () => {
      server.off('error', reject);
      resolve();
    });
  }).finally(() => {
    if (descriptor !== undefined) closeSync(descriptor);
  });
}

async function linkInto(hidden: string, path: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      linkSync(hidden, path);
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST' || tries >= MAX_TRIES) throw error;
    }
    const stale = await checkFree(path);
    if (stale) removeIfSame(path, stale.dev, stale.ino);
  }
}

/** Raises an error unless `path` is free or a socket that nobody listens on; gives that one's identity. */
async function checkFree(path: string): Promise<Stats | undefined> {
  let stats: Stats;
  try {
    stats = lstatSync(path);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === 'ENOENT') return undefined;
    throw pathError(path, messageOf(error), error);
  }
  if (!stats.isSocket()) throw pathError(path, 'something that is no socket is there; it is left alone');
  if (await isLive(path)) throw pathError(path, 'another server listens there (EADDRINUSE)');
  return stats;
}

function isLive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createConnection({ path });
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error: { code?: string }) => {
      // A full queue, too, means that somebody listens; what we may not ask is not ours to replace.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(pathError(path, `the socket that is there cannot be probed: ${messageOf(error)}`, error));
    });
  });
}

function removeIfSame(path: string, dev: number, ino: number): void {
  try {
    const now = lstatSync(path);
    if (now.dev === dev && now.ino === ino) unlinkSync(path);
  } catch {
    // Gone already, or no longer ours to remove.
  }
}

function pathError(path: string, why: string, cause?: unknown): TtrpcError {
  return new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, `cannot listen on unix socket ${path}: ${why}`, { cause });
}
