import type { Duplex } from 'node:stream';
import { readPeerCredentials, type PeerCredentials } from './peer-credentials.js';

/** Who is at the other end of a connection. */
export interface Peer {
  /** The address that the peer came from or was reached at, as `unix:///run/x.sock`, `tcp://127.0.0.1:5000` or `duplex`. */
  readonly address: string;
  /**
   * The process that has connected, where the system tells: on Linux, over a unix socket, with the optional package
   * koffi. Undefined elsewhere.
   */
  readonly credentials?: PeerCredentials | undefined;
}

/** The peer of an accepted connection. */
export class ConnectedPeer implements Peer {
  /** As {@link Peer.credentials}; read at once, since they cannot be read after the peer has gone. */
  readonly credentials: PeerCredentials | undefined;

  /** `duplex` has come in at `address`. */
  constructor(
    duplex: Duplex,
    readonly address: string,
  ) {
    this.credentials = readPeerCredentials(duplex);
  }
}
