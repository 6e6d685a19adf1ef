import { createConnection, type Socket } from 'node:net';
import type { Bytes } from '../../conformance/wire/bytes.js';
import { request } from '../../support/frames.js';

/** Where the attacked server listens, and what the attacker has in its hands. */
export class Target {
  readonly sockets = new Set<Socket>();

  constructor(readonly path: string) {}

  /** A connection; what the server sends on it is not read unless `reads`. Undefined when the server does not take it. */
  async connect({ reads = false } = {}): Promise<Socket | undefined> {
    for (let attempt = 0; attempt < 1000; attempt++) {
      const socket = createConnection(this.path);
      const result = await new Promise<string>((resolve) => {
        socket.on('connect', () => resolve('connected'));
        // It may be refused, cut or reset: that is what the server is asked for.
        socket.on('error', ({ code = '' }: { code?: string }) => resolve(code));
        socket.on('close', () => resolve('closed'));
      });
      if (result === 'connected') {
        this.sockets.add(socket);
        socket.on('close', () => this.sockets.delete(socket));
        if (reads) socket.resume();
        else socket.pause();
        return socket;
      }
      // The system's queue of connects is full: the attacker is faster than the server accepts.
      if (result !== 'EAGAIN') return undefined;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return undefined;
  }

  /** So many connections, some at a time. */
  async connectAll(count: number, options: { reads?: boolean } = {}): Promise<Socket[]> {
    const sockets: Socket[] = [];
    for (let made = 0; made < count; made += 100) {
      const some = Array.from({ length: Math.min(100, count - made) }, () => this.connect(options));
      for (const socket of await Promise.all(some)) if (socket) sockets.push(socket);
    }
    return sockets;
  }
}

/** Writes as the socket takes it; false when it is gone, or when it has taken nothing for a second. */
export async function write(socket: Socket, bytes: Buffer): Promise<boolean> {
  if (socket.destroyed) return false;
  if (socket.write(bytes)) return true;
  return new Promise<boolean>((resolve) => {
    const settle = (taken: boolean) => (): void => {
      clearTimeout(timer);
      socket.off('drain', onDrain).off('close', onClose);
      resolve(taken);
    };
    const onDrain = settle(true);
    const onClose = settle(false);
    const timer = setTimeout(onClose, 1000);
    socket.on('drain', onDrain).on('close', onClose);
  });
}

const SERVICE = 'attack.v1.Target';

/** The bytes of a call of the target's. */
export function call(method: string, id: number, more: Parameters<typeof request>[2] = {}): Buffer {
  return request(SERVICE, method, { id, ...more });
}

/** The payload `{ bytes, count }`. */
export function ask(bytes: number, count = 1): Bytes {
  return {
    message: [
      { field: 1, varint: String(bytes) },
      { field: 2, varint: String(count) },
    ],
  };
}

/** The payload `{ data }`: so many zeros. */
export function blob(bytes: number): Bytes {
  return { message: [{ field: 1, bytes: { fill: 0, length: bytes } }] };
}
