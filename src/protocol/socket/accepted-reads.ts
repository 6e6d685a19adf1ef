import { Server, Socket, type ServerOpts } from 'node:net';
import { SharedReads } from './shared-reads.js';
import type { SocketReads } from './socket-reads.js';

/** What is used of Node's internals: the handle of a socket, and the server that counts it. */
interface AcceptedSocket {
  _handle?: unknown;
  _server?: unknown;
  server?: unknown;
}

/** A server of Node whose sockets are read as `reads` says. */
export function readingServer(options: ServerOpts, reads: SocketReads): Server {
  return reads === 'shared' ? new SharedReadsServer({ ...options, pauseOnConnect: true }) : new Server(options);
}

/** Its listeners get sockets that read into the shared buffer. */
class SharedReadsServer extends Server {
  // Not a listener: those that others add must get the same socket.
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const [socket] = args;
    if (event !== 'connection' || !(socket instanceof Socket)) return super.emit(event, ...args);
    return super.emit('connection', readShared(socket));
  }
}

/**
 * A socket that reads into the shared buffer, in place of `accepted`, which has not been read yet and is not used any more.
 * Node has no option for it on a server, but on a socket that is made with a handle. Gives `accepted` back where Node's
 * internals do not look as expected.
 */
function readShared(accepted: Socket): Socket {
  const old = accepted as unknown as AcceptedSocket;
  const handle = old._handle;
  if (!takesBuffers(handle)) {
    // It was accepted as a paused one: begin to read, as Node does.
    accepted.read(0);
    return accepted;
  }
  const onread = new SharedReads();
  const options = { handle, onread, readable: true, writable: true };
  const socket = new Socket(options);
  onread.adopt(socket);
  const taken = socket as unknown as AcceptedSocket;
  taken._server = old._server;
  taken.server = old.server;
  old._handle = null;
  old._server = null;
  return socket;
}

function takesBuffers(handle: unknown): boolean {
  const { useUserBuffer, readStart, readStop, reading } = (handle ?? {}) as Record<string, unknown>;
  return [useUserBuffer, readStart, readStop].every((part) => typeof part === 'function') && reading === false;
}
