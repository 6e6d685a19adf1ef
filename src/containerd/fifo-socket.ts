import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

/** A FIFO that is read or written without a thread that waits. @throws ENXIO for writing to a FIFO that nobody reads */
export function fifoSocket(path: string, flags: number): Socket {
  const fd = openSync(path, flags | constants.O_NONBLOCK);
  return new Socket({ fd, readable: flags !== constants.O_WRONLY, writable: flags === constants.O_WRONLY });
}
