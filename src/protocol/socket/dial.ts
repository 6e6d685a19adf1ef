import { fstatSync } from 'node:fs';
import { createConnection, Socket, type NetConnectOpts, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { formatAddress, systemPath, type Address } from './address.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import { connectHvsock } from './hvsock.js';
import { KEEP_ALIVE_MS } from './keep-alive.js';
import { connectInMemory } from './memory-names.js';
import { SharedReads } from './shared-reads.js';
import type { SocketReads } from './socket-reads.js';
import { TtrpcStatus } from '../core/status.js';

/**
 * Connects to `address`. Rejects with UNAVAILABLE (PERMISSION_DENIED without permission to use the socket), naming the
 * address and the system's reason, or with the signal's reason when that aborts first.
 */
export function dial(address: Address, signal?: AbortSignal, socketReads: SocketReads = 'shared'): Promise<Duplex> {
  const open = (): Promise<Duplex> => openSocket(address, signal, socketReads);
  return address.kind === 'hvsock' ? connectHvsock(address, open, signal) : open();
}

function openSocket(address: Address, signal: AbortSignal | undefined, socketReads: SocketReads): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onread = socketReads === 'shared' ? new SharedReads() : undefined;
    if (address.kind === 'fd') {
      inherit(address, onread, resolve, reject);
      return;
    }
    if (address.kind === 'memory') {
      try {
        resolve(connectInMemory(address.name));
      } catch (error) {
        reject(dialError(address, error));
      }
      return;
    }
    const options = connectOptions(address);
    const socket = createConnection(onread ? { ...options, onread } : options);
    onread?.adopt(socket);
    const settle = (): void => {
      socket.off('connect', onConnect);
      socket.off('error', onError);
      signal?.removeEventListener('abort', onAbort);
    };
    const onConnect = (): void => {
      settle();
      if (address.kind === 'tcp') socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
      resolve(socket);
    };
    const onError = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(dialError(address, error));
    };
    const onAbort = (): void => {
      settle();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(signal?.reason as Error);
    };
    socket.on('connect', onConnect);
    socket.on('error', onError);
    signal?.addEventListener('abort', onAbort);
  });
}

/** Takes over a connected socket. One that is not connected fails in the next turn, when reading begins. */
function inherit(
  address: Extract<Address, { kind: 'fd' }>,
  onread: SharedReads | undefined,
  resolve: (socket: Socket) => void,
  reject: (error: TtrpcError) => void,
): void {
  try {
    if (!fstatSync(address.fd).isSocket()) {
      throw Object.assign(new Error(`descriptor ${address.fd} is not a socket`), { code: 'ENOTSOCK' });
    }
    // The types of Node lack `onread` here.
    const options: SocketConstructorOpts & { onread?: SharedReads } = { fd: address.fd };
    if (onread) options.onread = onread;
    const socket = new Socket(options);
    onread?.adopt(socket);
    const onError = (error: unknown): void => reject(dialError(address, error));
    socket.on('error', onError);
    setImmediate(() => {
      if (socket.destroyed) return;
      socket.off('error', onError);
      resolve(socket);
    });
  } catch (error) {
    reject(dialError(address, error));
  }
}

function connectOptions(address: Exclude<Address, { kind: 'fd' | 'memory' }>): NetConnectOpts {
  switch (address.kind) {
    case 'unix':
    case 'hvsock':
      return { path: systemPath(address.path) };
    case 'abstract':
      return { path: `\0${address.name}` };
    case 'tcp':
      return { host: address.host, port: address.port };
  }
}

const REASONS = new Map([
  ['EBADF', 'this process has no such descriptor'],
  ['ENOENT', 'there is no such socket'],
  ['ECONNREFUSED', 'no server listens there'],
  ['EACCES', 'this process has no permission to use it'],
  ['EPERM', 'this process has no permission to use it'],
  ['EAGAIN', 'its backlog of connects is full'],
  ['ENOTSOCK', 'it is not a socket'],
  ['ERR_INVALID_FD_TYPE', 'this process has no open socket with that number'],
  ['ENOTCONN', 'it is not connected'],
]);

function dialError(address: Address, error: unknown): TtrpcError {
  const code = (error as { code?: string } | null)?.code ?? '';
  const reason = address.kind === 'memory' ? 'no server of this process has that name' : REASONS.get(code);
  const status = code === 'EACCES' || code === 'EPERM' ? TtrpcStatus.PERMISSION_DENIED : TtrpcStatus.UNAVAILABLE;
  const why = reason ? `${reason} (${code})` : messageOf(error);
  return new TtrpcError(status, `cannot connect to ${formatAddress(address)}: ${why}`, { cause: error, unsent: true });
}
