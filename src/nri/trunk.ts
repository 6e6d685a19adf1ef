import { fstatSync } from 'node:fs';
import { createConnection, Socket } from 'node:net';
import { TtrpcError, messageOf } from '../protocol/core/errors.js';
import { TtrpcStatus } from '../protocol/core/status.js';

/** Where runtimes listen for plugins. */
export const DEFAULT_SOCKET = '/var/run/nri/nri.sock';
/** How a plugin that the runtime starts learns of its descriptor, name and index. */
export const ENVIRONMENT = { socket: 'NRI_PLUGIN_SOCKET', name: 'NRI_PLUGIN_NAME', index: 'NRI_PLUGIN_IDX' } as const;

/**
 * Connects to the socket at `path`. Rejects with an error that says what to do. `signal` ends the attempt; it is nothing to
 * the socket once that is connected.
 */
export function connectTrunk(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const onAbort = (): void => void socket.destroy(signal.reason as Error);
    const onError = (error: unknown): void => {
      signal.removeEventListener('abort', onAbort);
      reject(connectError(path, error));
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      resolve(socket);
    });
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

/** The socket that the runtime has handed down as descriptor `text`. */
export function inheritedTrunk(text: string): Socket {
  const fd = /^\d+$/.test(text) ? Number(text) : -1;
  try {
    if (fd < 0 || !fstatSync(fd).isSocket()) throw new Error('it is not a socket');
    return new Socket({ fd });
  } catch (cause) {
    const message = `${ENVIRONMENT.socket} is "${text}": expected the number of a connected socket (${messageOf(cause)})`;
    throw new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, message, { cause });
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such socket; is a runtime with NRI enabled running?',
  ECONNREFUSED: 'no runtime listens there; is it running?',
  ENOTSOCK: 'it is not a socket',
  EACCES: 'this process may not use it; plugins run as root, as a rule',
  EPERM: 'this process may not use it; plugins run as root, as a rule',
};

function connectError(path: string, error: unknown): TtrpcError {
  const code = (error as { code?: string }).code ?? '';
  const status = code === 'EACCES' || code === 'EPERM' ? TtrpcStatus.PERMISSION_DENIED : TtrpcStatus.UNAVAILABLE;
  const why = REASONS[code] === undefined ? messageOf(error) : `${REASONS[code]} (${code})`;
  return new TtrpcError(status, `cannot connect to NRI at ${path}: ${why}`, { cause: error, unsent: true });
}
