import { describeOption } from '../core/describe.js';

/**
 * How sockets are read. `shared`: into one buffer that all sockets of a thread share, and the rest of a large frame straight
 * into that message's own memory. `stream`: Node allocates memory for each read, as for any stream.
 */
export type SocketReads = 'shared' | 'stream';

/** The option `socketReads` of servers and clients. */
export interface SocketReadsOption {
  /**
   * How the sockets are read, see {@link SocketReads}. Default `shared`. Accepted sockets are read so only where Node's
   * internals look as expected, and as with `stream` elsewhere.
   */
  socketReads?: SocketReads | undefined;
}

/**
 * The option, or its default.
 * @throws {RangeError} for an invalid value.
 */
export function socketReadsOf({ socketReads = 'shared' }: SocketReadsOption): SocketReads {
  if (socketReads === 'shared' || socketReads === 'stream') return socketReads;
  throw new RangeError(`socketReads: expected 'shared' or 'stream', got ${describeOption(socketReads)}`);
}
