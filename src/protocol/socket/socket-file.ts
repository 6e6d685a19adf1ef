import { chmodSync, existsSync, lchownSync, linkSync, lstatSync, unlinkSync, type BigIntStats } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { systemPath } from './address.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import type { SocketFileOptions } from './socket-file-options.js';
import { TtrpcStatus } from '../core/status.js';

/** How often to retry a path that others create and remove at the same time. */
export const MAX_TRIES = 5;

/** The identity of a file, whatever its path. It is unique while the file exists. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * The identity of the file at `path`.
 * @throws the system's error.
 */
export function identityOf(path: string): FileIdentity {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return { dev, ino };
}

/** True when `path` exists and is that file. */
export function isFile(path: string, { dev, ino }: FileIdentity): boolean {
  try {
    const now = lstatSync(path, { bigint: true });
    return now.dev === dev && now.ino === ino;
  } catch {
    return false;
  }
}

/**
 * Sets the mode and owner of a socket's file.
 * @throws the system's error.
 */
export function setAccess(file: string, { socketMode, socketOwner }: SocketFileOptions): void {
  if (socketMode !== undefined) chmodSync(file, socketMode);
  if (socketOwner === undefined) return;
  const { uid, gid } = lstatSync(file);
  lchownSync(file, socketOwner.uid ?? uid, socketOwner.gid ?? gid);
}

/**
 * Makes `path` another name of the socket's file `hidden`, unless it is already. Replaces a socket file on which no server
 * listens.
 * @throws {TtrpcError} FAILED_PRECONDITION when `path` is anything else; or the system's error.
 */
export async function linkInto(hidden: string, path: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      linkSync(hidden, path);
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST' || tries >= MAX_TRIES) throw error;
    }
    const identity = identityOf(hidden);
    if (isFile(path, identity)) return;
    try {
      const stale = await checkFree(path);
      if (stale) removeStale(path, stale);
    } catch (error) {
      // Another worker of this cluster may have replaced the stale file while we asked: what answered is our own socket.
      if (isFile(path, identity)) return;
      throw error;
    }
  }
}

/**
 * Checks that `path` is free, or a socket on which no server listens; returns that socket's identity.
 * @throws {TtrpcError} FAILED_PRECONDITION for anything else.
 */
export async function checkFree(path: string): Promise<BigIntStats | undefined> {
  let stats: BigIntStats;
  try {
    stats = lstatSync(path, { bigint: true });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw folderError(path, error);
  }
  if (!stats.isSocket())
    throw pathError(path, 'a file that is not a socket is there; remove it, or choose another path');
  if (await isLive(path)) throw takenError(path);
  return stats;
}

/** Removes the stale socket file that {@link checkFree} found, unless another one has replaced it. */
export function removeStale(path: string, { dev, ino, ctimeNs }: BigIntStats, named = path): void {
  // The change time, too: the inode of a removed file may have been used again.
  const error = removeIf(path, (now) => now.dev === dev && now.ino === ino && now.ctimeNs === ctimeNs);
  if (error) {
    throw pathError(named, `the stale socket there cannot be removed: ${messageOf(error)}`, error);
  }
}

/** Removes `path` if it is that file. */
export function removeFile(path: string, { dev, ino }: FileIdentity): void {
  removeIf(path, (now) => now.dev === dev && now.ino === ino);
}

/** The error for a path on which another server listens. */
export function takenError(path: string, cause?: unknown): TtrpcError {
  return pathError(path, 'another server listens there (EADDRINUSE)', cause);
}

/** The error for a path whose folder cannot be used. */
export function folderError(path: string, error: unknown): TtrpcError {
  const folder = dirname(path);
  const code = errorCode(error);
  // Some folders of the system give ENOENT although they exist.
  if (code === 'ENOENT' && !existsSync(folder)) return pathError(path, `the folder ${folder} does not exist`, error);
  if (code === 'ENOTDIR') return pathError(path, `${folder} is not a folder`, error);
  return pathError(path, `its folder ${folder} is not writable (${code})`, error);
}

/** FAILED_PRECONDITION that names the path. */
export function pathError(path: string, why: string, cause?: unknown): TtrpcError {
  return new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, `cannot listen on unix socket ${path}: ${why}`, { cause });
}

/** An error of the system as one that names the path. */
export function asPathError(path: string, error: unknown): TtrpcError {
  return error instanceof TtrpcError ? error : pathError(path, messageOf(error), error);
}

function errorCode(error: unknown): string {
  return String((error as { code?: unknown }).code);
}

function isLive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createConnection({ path: systemPath(path) });
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error: { code?: string }) => {
      // A full backlog also means that a server listens. A socket that we may not probe is not ours to replace.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(pathError(path, `cannot tell whether a server listens there: ${messageOf(error)}`, error));
    });
  });
}

/** Removes the file if `isMeant` accepts it. Returns the error when that fails. */
function removeIf(path: string, isMeant: (now: BigIntStats) => boolean): unknown {
  try {
    if (isMeant(lstatSync(path, { bigint: true }))) unlinkSync(path);
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code === 'ENOENT' ? undefined : error;
  }
}
