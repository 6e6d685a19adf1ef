import type { Duplex } from 'node:stream';
import { loadOptional } from '../core/optional-package.js';
import { MemoryEnd } from '../socket/memory-pair.js';

/** Which process is at the other end of a unix socket, as the system saw it when it connected. */
export interface PeerCredentials {
  /** Process id; 0 when it is in a pid namespace that this process cannot see into. It may be another's once it has ended. */
  readonly pid: number;
  /** Effective user id; 65534 (nobody) for one that has no name in this user namespace. */
  readonly uid: number;
  /** Effective group id. */
  readonly gid: number;
}

// <sys/socket.h> on Linux, the same on x64 and arm64.
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** What the system gives as uid and gid where it knows no peer. */
const NO_ID = 0xffff_ffff;

type GetSockOpt = (fd: number, level: number, name: number, value: Uint32Array, length: Uint32Array) => number;

/** What is used of the optional package koffi. */
interface Koffi {
  load(path: string | null): { func(declaration: string): GetSockOpt };
}

/** Null where there is none. */
let found: GetSockOpt | undefined | null;

/**
 * The credentials of the process that has connected to a unix socket (SO_PEERCRED). Undefined where they cannot be read:
 * without the optional package koffi (except within the process, over `memory:`), over TCP or another Duplex, on systems other than Linux, once the socket is closed.
 */
export function readPeerCredentials(duplex: Duplex): PeerCredentials | undefined {
  if (duplex instanceof MemoryEnd) return ownCredentials();
  const fd = (duplex as { _handle?: { fd?: unknown } | null })._handle?.fd;
  const isUnix = (duplex as { remoteFamily?: unknown }).remoteFamily === undefined;
  if (typeof fd !== 'number' || fd < 0 || !isUnix || process.platform !== 'linux') return undefined;
  const getSockOpt = systemCall();
  if (getSockOpt === undefined) return undefined;
  const values = new Uint32Array(3);
  const length = new Uint32Array([values.byteLength]);
  if (getSockOpt(fd, SOL_SOCKET, SO_PEERCRED, values, length) !== 0) return undefined;
  const [pid, uid, gid] = values as unknown as [number, number, number];
  if (length[0] !== values.byteLength || uid === NO_ID || gid === NO_ID) return undefined;
  return { pid, uid, gid };
}

/** Those of this process, which is at both ends of a connection in memory. */
function ownCredentials(): PeerCredentials | undefined {
  const [uid, gid] = [process.geteuid?.(), process.getegid?.()];
  return uid === undefined || gid === undefined ? undefined : { pid: process.pid, uid, gid };
}

/** Why {@link readPeerCredentials} can never read any here, with what to do; undefined where it can. */
export function whyNoCredentials(): string | undefined {
  if (process.platform !== 'linux') return `only Linux tells them, and this is ${process.platform}`;
  if (systemCall() !== undefined) return undefined;
  return 'that takes the package koffi, which is not installed or does not load here; run: npm install koffi';
}

function systemCall(): GetSockOpt | undefined {
  if (found === undefined) found = loadGetSockOpt() ?? null;
  return found ?? undefined;
}

function loadGetSockOpt(): GetSockOpt | undefined {
  try {
    const koffi = loadOptional('koffi') as Koffi | undefined;
    return koffi?.load(null).func('int getsockopt(int, int, int, _Out_ uint32_t *, _Inout_ uint32_t *)');
  } catch {
    // A koffi that is not what we know.
    return undefined;
  }
}
