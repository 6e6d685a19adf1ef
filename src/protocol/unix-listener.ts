import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  unlinkSync,
  type BigIntStats,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createConnection, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { messageOf, TtrpcError } from './errors.js';
import type { SocketFileOptions } from './socket-file-options.js';
import { TtrpcStatus } from './status.js';

/** How often a path that others take and leave at the same time is tried. */
const MAX_TRIES = 5;

/**
 * Binds `server` to the unix socket `path` so that nobody finds it there before its mode and owner are set: it is bound
 * in a private folder beside the path and linked into place. A socket file that nobody listens on any more is replaced;
 * a live one, and anything that is not a socket, is left alone and refused (FAILED_PRECONDITION).
 * @returns a function that removes the file, only if it is still this socket's; to be called before the server closes.
 */
export async function listenOnPath(
  server: Server,
  path: string,
  options: SocketFileOptions,
  backlog: number,
): Promise<() => void> {
  await checkFree(path);
  const folder = new PrivateFolder(path);
  const hidden = folder.newFile();
  try {
    await listening(server, hidden, backlog);
    setAccess(hidden, options);
    const { dev, ino } = lstatSync(hidden, { bigint: true });
    await linkInto(hidden, path);
    // While the socket is bound its inode lives, so that its number is nobody else's.
    return () => void removeIf(path, (now) => now.dev === dev && now.ino === ino);
  } catch (error) {
    server.close();
    throw error instanceof TtrpcError ? error : pathError(path, messageOf(error), error);
  } finally {
    folder.remove(hidden);
  }
}

/**
 * A new folder that only this user can enter. It is held by a descriptor: whoever may write to the folder around it could
 * put another one in its place, and have the mode of a file of his choice changed.
 */
class PrivateFolder {
  readonly #folder: string;
  readonly #descriptor: number;

  /** Beside `path`, on the same file system. Raises FAILED_PRECONDITION. */
  constructor(path: string) {
    try {
      this.#folder = mkdtempSync(join(dirname(path), '.t'));
      this.#descriptor = openSync(this.#folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch (error) {
      throw pathError(path, `its folder cannot be written: ${messageOf(error)}`, error);
    }
    const { uid, mode } = fstatSync(this.#descriptor);
    if ((mode & 0o077) !== 0 || uid !== process.geteuid?.()) {
      closeSync(this.#descriptor);
      throw pathError(path, 'somebody has put a folder of his own in the place of a private one');
    }
  }

  /** The path of a file that is not there yet: through the descriptor where the system allows it. */
  newFile(): string {
    const byDescriptor = `/proc/self/fd/${this.#descriptor}`;
    // Short, so that it is hardly longer than the wanted path.
    if (!existsSync(byDescriptor)) return join(this.#folder, 's');
    // A name of its own: when the server closes libuv unlinks the path that it bound, whatever the number means then.
    return `${byDescriptor}/ttrpc-${randomBytes(6).toString('hex')}`;
  }

  /** Removes `file` and the folder; what somebody else has put there stays. */
  remove(file: string): void {
    for (const step of [() => unlinkSync(file), () => rmdirSync(this.#folder), () => closeSync(this.#descriptor)]) {
      try {
        step();
      } catch {
        // Gone already, or not ours.
      }
    }
  }
}

function listening(server: Server, path: string, backlog: number): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: the path means something in this process only, not in the primary one of a cluster.
    server.listen({ path, backlog, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function setAccess(hidden: string, { socketMode, socketOwner }: SocketFileOptions): void {
  if (socketMode !== undefined) chmodSync(hidden, socketMode);
  if (socketOwner === undefined) return;
  const { uid, gid } = lstatSync(hidden);
  lchownSync(hidden, socketOwner.uid ?? uid, socketOwner.gid ?? gid);
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
    if (!stale) continue;
    // The time, too: the inode of a file that is gone may be another's by now.
    const { dev, ino, ctimeNs } = stale;
    const error = removeIf(path, (now) => now.dev === dev && now.ino === ino && now.ctimeNs === ctimeNs);
    if (error)
      throw pathError(path, `the socket that is there is stale and cannot be removed: ${messageOf(error)}`, error);
  }
}

/** Raises an error unless `path` is free or a socket that nobody listens on; gives that one's identity. */
async function checkFree(path: string): Promise<BigIntStats | undefined> {
  let stats: BigIntStats;
  try {
    stats = lstatSync(path, { bigint: true });
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

/** Removes the file if it is the one that is meant; gives the error when it is and cannot be removed. */
function removeIf(path: string, isMeant: (now: BigIntStats) => boolean): unknown {
  try {
    if (isMeant(lstatSync(path, { bigint: true }))) unlinkSync(path);
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code === 'ENOENT' ? undefined : error;
  }
}

function pathError(path: string, why: string, cause?: unknown): TtrpcError {
  return new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, `cannot listen on unix socket ${path}: ${why}`, { cause });
}
