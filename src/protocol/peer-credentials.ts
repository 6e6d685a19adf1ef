import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

/** Which process is at the other end of a unix socket, as the system saw it when it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

// <sys/socket.h> on Linux, the same on x64 and arm64.
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

type GetSockOpt = (fd: number, level: number, name: number, value: Uint32Array, length: Uint32Array) => number;

/** What is used of the optional package koffi. */
interface Koffi {
  load(path: string | null): { func(declaration: string): GetSockOpt };
}

let getSockOpt: GetSockOpt | undefined | null;

/**
 * The credentials of the process that has connected to a unix socket (SO_PEERCRED). Undefined where they cannot be read:
 * without the optional package koffi, over TCP or another Duplex, on systems other than Linux, once the socket is closed.
 */
export function readPeerCredentials(duplex: Duplex): PeerCredentials | undefined {
  const fd = (duplex as { _handle?: { fd?: unknown } | null })._handle?.fd;
  const isUnix = (duplex as { remoteFamily?: unknown }).remoteFamily === undefined;
  if (typeof fd !== 'number' || fd < 0 || !isUnix || process.platform !== 'linux') return undefined;
  if (getSockOpt === undefined) getSockOpt = loadGetSockOpt() ?? null;
  if (getSockOpt === null) return undefined;
  const values = new Uint32Array(3);
  const length = new Uint32Array([values.byteLength]);
  if (getSockOpt(fd, SOL_SOCKET, SO_PEERCRED, values, length) !== 0) return undefined;
  const [pid, uid, gid] = values as unknown as [number, number, number];
  // A socket that no process has connected (a pair, another namespace) has pid 0: nobody to trust.
  return length[0] === values.byteLength && pid > 0 ? { pid, uid, gid } : undefined;
}

function loadGetSockOpt(): GetSockOpt | undefined {
  // From where the application stands, since this file does not know where it is itself in both module formats.
  for (const base of [process.argv[1], join(process.cwd(), 'package.json')]) {
    if (base === undefined) continue;
    try {
      const koffi = createRequire(base)('koffi') as Koffi;
      return koffi.load(null).func('int getsockopt(int, int, int, _Out_ uint32_t *, _Inout_ uint32_t *)');
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}
