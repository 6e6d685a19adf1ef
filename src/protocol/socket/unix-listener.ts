import { closeSync, constants, existsSync, fstatSync, mkdtempSync, openSync, rmdirSync, unlinkSync } from 'node:fs';
import type { ListenOptions as NetListenOptions, Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
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
 * Binds `server` to the unix socket `path`. Nobody can connect before its mode and owner are set: it is bound in a private
 * folder beside the path, then linked into place. A stale socket file is replaced; a live one, and anything that is not a
 * socket, is left alone.
 * @returns a function that closes the server, and removes the file if it is still this socket's.
 * @throws {TtrpcError} FAILED_PRECONDITION when the path is taken or cannot be used.
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
    // Exclusive: the path is valid only in this process, not in a cluster's primary.
    await listening(server, { path: hidden, backlog, exclusive: true });
    setAccess(hidden, options);
    const identity = identityOf(hidden);
    await linkInto(hidden, path);
    return () => {
      // In this order: while the socket is bound, no other file can have its identity.
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
 * A new folder that only this user can enter. It is used through a descriptor: one that can write to the parent folder could
 * replace it, and so have us change the mode of any file.
 */
class PrivateFolder {
  readonly #folder: string;
  readonly #descriptor: number;

  /**
   * Makes it beside `path`, on the same file system.
   * @throws {TtrpcError} FAILED_PRECONDITION when it cannot be made or is not private.
   */
  constructor(path: string) {
    try {
      this.#folder = mkdtempSync(join(dirname(path), '.t'));
      this.#descriptor = openFolder(this.#folder);
    } catch (error) {
      throw folderError(path, error);
    }
    checkPrivate(path, this.#descriptor);
  }

  /** The path of a new file, through the descriptor where the system allows it. */
  newFile(): string {
    // As unique as the folder: on close libuv unlinks the path it bound, whatever that descriptor number means by then.
    return inFolder(this.#descriptor, `ttrpc-${basename(this.#folder)}`) ?? join(this.#folder, 's');
  }

  /** Removes `file` and the folder. Leaves whatever others have put there. */
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

/**
 * Opens a folder that is not a link.
 * @throws the system's error.
 */
export function openFolder(folder: string): number {
  return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/**
 * Checks that the folder belongs to this user and no other user may enter it; closes the descriptor otherwise.
 * @throws {TtrpcError} FAILED_PRECONDITION when it is not.
 */
export function checkPrivate(path: string, descriptor: number): void {
  const { uid, mode } = fstatSync(descriptor);
  if ((mode & 0o077) === 0 && uid === process.geteuid?.()) return;
  closeSync(descriptor);
  throw pathError(
    path,
    'another user replaced the private folder beside it; use a folder that only this user can write to',
  );
}

/** The path of a file by the folder's descriptor; undefined where the system does not know such paths. */
export function inFolder(descriptor: number, name: string): string | undefined {
  // Short, so that the path is hardly longer than the requested one.
  const folder = `/proc/self/fd/${descriptor}`;
  return existsSync(folder) ? `${folder}/${name}` : undefined;
}
