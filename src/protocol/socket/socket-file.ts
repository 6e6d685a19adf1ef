import { chmodSync, existsSync, lchownSync, linkSync, lstatSync, unlinkSync, type BigIntStats } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { systemPath } from './address.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import type { SocketFileOptions } from './socket-file-options.js';
import { TtrpcStatus } from '../core/status.js';

/** How often a path that others take and leave at the same time is tried. */
export const MAX_TRIES = 5;

/** A file, whatever its path: while it is there nobody else has these numbers. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** The file at `path`. Raises the system's error. */
export function identityOf(path: string): FileIdentity {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return { dev, ino };
}

/** True when `path` is there and is that file. */
export function isFile(path: string, { dev, ino }: FileIdentity): boolean {
  try {
    const now = lstatSync(path, { bigint: true });
    return now.dev === dev && now.ino === ino;
  } catch {
    return false;
  }
}

/** Sets the mode and owner of a socket's file. Raises the system's error. */
export function setAccess(file: string, { socketMode, socketOwner }: SocketFileOptions): void {
  if (socketMode !== undefined) chmodSync(file, socketMode);
  if (socketOwner === undefined) return;
  const { uid, gid } = lstatSync(file);
  lchownSync(file, socketOwner.uid ?? uid, socketOwner.gid ?? gid);
}

/**
 * Makes `path` another name of the socket's file `hidden`; harmless when it is already. A socket file that nobody listens
 * on is replaced. Raises FAILED_PRECONDITION for anything else, and the system's error.
 */
export async function linkInto(hidden: string, path: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      linkSync(hidden, path);
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST' || tries >= MAX_TRIES) throw error;
    }
    if (isFile(path, identityOf(hidden))) return;
    const stale = await checkFree(path);
    if (stale) removeStale(path, stale);
  }
}

/** Raises FAILED_PRECONDITION unless `path` is free or a socket that nobody listens on; gives that one's identity. */
export async function checkFree(path: string): Promise<BigIntStats | undefined> {
  let stats: BigIntStats;
  try {
    stats = lstatSync(path, { bigint: true });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw folderError(path, error);
  }
  if (!stats.isSocket()) throw pathError(path, 'something that is no socket is there; it is left alone');
  if (await isLive(path)) throw takenError(path);
  return stats;
}

/** Removes the stale socket file that {@link checkFree} has found, unless another one is there by now. */
export function removeStale(path: string, { dev, ino, ctimeNs }: BigIntStats, named = path): void {
  // The time, too: the inode of a file that is gone may be another's by now.
  const error = removeIf(path, (now) => now.dev === dev && now.ino === ino && now.ctimeNs === ctimeNs);
  if (error) {
    throw pathError(named, `the socket that is there is stale and cannot be removed: ${messageOf(error)}`, error);
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

/** The error for a path whose folder does not let us in. */
export function folderError(path: string, error: unknown): TtrpcError {
  const folder = dirname(path);
  const code = errorCode(error);
  // Some folders of the system are there and say so all the same.
  if (code === 'ENOENT' && !existsSync(folder)) return pathError(path, `the folder ${folder} does not exist`, error);
  if (code === 'ENOTDIR') return pathError(path, `${folder} is no folder`, error);
  return pathError(path, `its folder cannot be written (${code}): ${folder}`, error);
}

/** FAILED_PRECONDITION that names the path. */
export function pathError(path: string, why: string, cause?: unknown): TtrpcError {
  return new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, `cannot listen on unix socket ${path}: ${why}`, { cause });
}

/** Any error of the system as one that names the path. */
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
