import { closeSync, mkdirSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { nodeCrypto } from '../core/node-crypto.js';
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
 * `path`, and closes it after the last one. Node's primary binds whatever path it is given, so it gets one in a private
 * folder whose name is the same for all its workers; each worker sets mode and owner and links the file into place. The
 * hidden file exists while the socket is bound (libuv removes it on close), which tells a worker that leaves whether others
 * still listen.
 * @returns a function that closes the server and, in the last worker, removes the file; it resolves when the primary sends
 * no more connections.
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

/** The private folder beside a path in which cluster primaries bind their sockets. */
class SharedFolder {
  readonly #folder: string;
  /** The name of this primary's socket in it. Other primaries, alive or dead, use other names. */
  readonly name = shortHash(primaryIdentity());
  /** Where the primary binds. */
  readonly bound: string;
  /** Keeps others from removing the folder. The listen must not fail: Node would never share its key again. */
  readonly #marker: string;

  /** @throws {TtrpcError} FAILED_PRECONDITION when the path leaves no room for the folder. */
  constructor(private readonly path: string) {
    this.#folder = join(dirname(path), `.t${shortHash(basename(path))}`);
    this.bound = join(this.#folder, this.name);
    this.#marker = join(this.#folder, `w${process.pid}`);
    const bytes = Buffer.byteLength(systemPath(this.bound));
    if (bytes > MAX_PATH_BYTES) {
      const why = `its path is ${bytes - MAX_PATH_BYTES} bytes too long for workers of a cluster; choose a shorter one`;
      throw pathError(path, why);
    }
  }

  /**
   * Makes the folder unless it exists, puts our marker into it, and returns its descriptor.
   * @throws {TtrpcError} FAILED_PRECONDITION when the folder cannot be made or is not private.
   */
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
        // The last worker of an earlier run may remove it at any moment.
        const gone = (error as { code?: unknown }).code === 'ENOENT';
        if (!gone || tries >= MAX_TRIES) throw asFolderError(this.path, error);
      }
    }
  }

  /** Does nothing when it is gone. */
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
        // It is in use, or not ours.
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

/** 36 bits, since a socket path is short. It never begins with "w", which marks the files of workers. */
function shortHash(text: string): string {
  return nodeCrypto().createHash('sha256').update(text).digest('base64url').replace(/^w+/, '').slice(0, 6);
}
