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

/** The peer of an accepted connection; its credentials are read when somebody asks for them. */
export class ConnectedPeer implements Peer {
  #duplex: Duplex | undefined;
  #credentials: PeerCredentials | undefined;

  constructor(
    duplex: Duplex,
    readonly address: string,
  ) {
    this.#duplex = duplex;
  }

  /** As {@link Peer.credentials}; they stay what they were when they were first asked for. */
  get credentials(): PeerCredentials | undefined {
    if (this.#duplex) {
      this.#credentials = readPeerCredentials(this.#duplex);
      this.#duplex = undefined;
    }
    return this.#credentials;
  }
}
