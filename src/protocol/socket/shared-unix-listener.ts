import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { MAX_PATH_BYTES, systemPath } from './address.js';
import { primaryHasCaughtUp, primaryIdentity } from './cluster-worker.js';
import type { SocketFileOptions } from './socket-file-options.js';
import {
  asPathError,
  checkFree,
  folderError,
  identityOf,
  isFile,
  linkInto,
  MAX_TRIES,
  pathError,
  removeFile,
  removeStale,
  setAccess,
} from './socket-file.js';
import { checkPrivate, inFolder, listening, openFolder } from './unix-listener.js';

/**
 * As `listenOnPath`, in a worker of node:cluster: the primary process binds the socket once for all workers that listen on
 * `path`, and closes it when the last one has left. It knows nothing of us and binds whatever path it is told, so it is told
 * one in a private folder whose name is the same for all its workers; each sets mode and owner and links it into place.
 * The hidden file stays while the socket is bound (libuv removes it as it closes): by it a worker that leaves knows whether
 * others still listen.
 * @returns a function that closes the server, and removes the file behind the last worker; it resolves when the primary
 * sends no more connections.
 */
export async function listenWithWorkers(
  server: Server,
  path: string,
  options: SocketFileOptions,
  backlog: number,
): Promise<() => Promise<void>> {
  const folder = new SharedFolder(path);
  const leave = async (): Promise<void> => {
    server.close();
    await primaryHasCaughtUp();
  };
  try {
    const descriptor = folder.enter();
    try {
      await listening(server, { path: folder.bound, backlog });
      folder.removeMarker();
      const hidden = inFolder(descriptor, folder.name) ?? folder.bound;
      setAccess(hidden, options);
      const identity = identityOf(hidden);
      await linkInto(hidden, path);
      await folder.removeLeftovers();
      return async () => {
        await leave();
        if (!isFile(folder.bound, identity)) removeFile(path, identity);
        folder.remove();
      };
    } finally {
      folder.removeMarker();
      closeSync(descriptor);
    }
  } catch (error) {
    await leave();
    folder.remove();
    throw asPathError(path, error);
  }
}

/** The private folder beside a path, where the primaries that want it bind their sockets. */
class SharedFolder {
  readonly #folder: string;
  /** The name of this primary's socket in it; another primary's, alive or dead, is none of ours. */
  readonly name = shortHash(primaryIdentity());
  /** Where the primary binds. */
  readonly bound: string;
  /** While it is there nobody removes the folder: a listen that fails must not happen, Node never shares its key again. */
  readonly #marker: string;

  /** Raises FAILED_PRECONDITION for a path that leaves no room. */
  constructor(private readonly path: string) {
    this.#folder = join(dirname(path), `.t${shortHash(basename(path))}`);
    this.bound = join(this.#folder, this.name);
    this.#marker = join(this.#folder, `w${process.pid}`);
    const bytes = Buffer.byteLength(systemPath(this.bound));
    if (bytes > MAX_PATH_BYTES) {
      const why = `the folder's path is ${bytes - MAX_PATH_BYTES} bytes too long for the workers of a cluster`;
      throw pathError(path, why);
    }
  }

  /** Makes the folder where it is not there, with our marker in it; gives its descriptor. Raises FAILED_PRECONDITION. */
  enter(): number {
    for (let tries = 0; ; tries++) {
      try {
        makeFolder(this.#folder);
        const descriptor = openFolder(this.#folder);
        checkPrivate(this.path, descriptor);
        try {
          writeFileSync(this.#marker, '');
          return descriptor;
        } catch (error) {
          closeSync(descriptor);
          throw error;
        }
      } catch (error) {
        // The last worker of before may remove it at any moment.
        const gone = (error as { code?: unknown }).code === 'ENOENT';
        if (!gone || tries >= MAX_TRIES) throw asFolderError(this.path, error);
      }
    }
  }

  /** Harmless when it is gone. */
  removeMarker(): void {
    attempt(() => unlinkSync(this.#marker));
  }

  /** Removes the sockets of primaries that were killed. */
  async removeLeftovers(): Promise<void> {
    for (const name of readdirSync(this.#folder)) {
      if (name === this.name || name.startsWith('w')) continue;
      const file = join(this.#folder, name);
      try {
        const stale = await checkFree(file);
        if (stale) removeStale(file, stale);
      } catch {
        // It lives, or is not ours to touch.
      }
    }
  }

  /** Removes the folder unless others are in it. */
  remove(): void {
    attempt(() => rmdirSync(this.#folder));
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
  }
}

function asFolderError(path: string, error: unknown): unknown {
  return typeof (error as { errno?: unknown }).errno === 'number' ? folderError(path, error) : error;
}

function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // Gone already, or not ours.
  }
}

/** Short, since the path of a socket is; 36 bits. It begins with no "w". */
function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').replace(/^w+/, '').slice(0, 6);
}
