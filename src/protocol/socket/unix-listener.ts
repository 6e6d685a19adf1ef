import { closeSync, constants, existsSync, fstatSync, mkdtempSync, openSync, rmdirSync, unlinkSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import type { ListenOptions as NetListenOptions, Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { SocketFileOptions } from './socket-file-options.js';
import {
  asPathError,
  checkFree,
  folderError,
  identityOf,
  linkInto,
  pathError,
  removeFile,
  setAccess,
} from './socket-file.js';

/**
 * Binds `server` to the unix socket `path` so that nobody finds it there before its mode and owner are set: it is bound
 * in a private folder beside the path and linked into place. A socket file that nobody listens on any more is replaced;
 * a live one, and anything that is not a socket, is left alone and refused (FAILED_PRECONDITION).
 * @returns a function that closes the server and removes the file, only if it is still this socket's.
 */
export async function listenOnPath(
  server: Server,
  path: string,
  options: SocketFileOptions,
  backlog: number,
): Promise<() => undefined> {
  await checkFree(path);
  const folder = new PrivateFolder(path);
  const hidden = folder.newFile();
  try {
    // Exclusive: the path means something in this process only, not in the primary one of a cluster.
    await listening(server, { path: hidden, backlog, exclusive: true });
    setAccess(hidden, options);
    const identity = identityOf(hidden);
    await linkInto(hidden, path);
    return () => {
      // In this order: while the socket is bound the file's identity cannot be another's.
      removeFile(path, identity);
      server.close();
    };
  } catch (error) {
    server.close();
    throw asPathError(path, error);
  } finally {
    folder.remove(hidden);
  }
}

/** Resolves when `server` listens; rejects with the system's error. */
export function listening(server: Server, target: NetListenOptions): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(target, () => {
      server.off('error', reject);
      resolve();
    });
  });
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
      this.#descriptor = openFolder(this.#folder);
    } catch (error) {
      throw folderError(path, error);
    }
    checkPrivate(path, this.#descriptor);
  }

  /** The path of a file that is not there yet: through the descriptor where the system allows it. */
  newFile(): string {
    // A name of its own: when the server closes libuv unlinks the path that it bound, whatever the number means then.
    return inFolder(this.#descriptor, `ttrpc-${randomBytes(6).toString('hex')}`) ?? join(this.#folder, 's');
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

/** A descriptor of a folder that is no link. Raises the system's error. */
export function openFolder(folder: string): number {
  return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/** Closes the descriptor and raises FAILED_PRECONDITION unless the folder is this user's and nobody else may enter it. */
export function checkPrivate(path: string, descriptor: number): void {
  const { uid, mode } = fstatSync(descriptor);
  if ((mode & 0o077) === 0 && uid === process.geteuid?.()) return;
  closeSync(descriptor);
  throw pathError(path, 'somebody has put a folder of his own in the place of a private one');
}

/** The path of a file by the folder's descriptor; undefined where the system does not know such paths. */
export function inFolder(descriptor: number, name: string): string | undefined {
  // Short, so that it is hardly longer than the wanted path.
  const folder = `/proc/self/fd/${descriptor}`;
  return existsSync(folder) ? `${folder}/${name}` : undefined;
}
