/** Who is at the other end of a connection. */
export interface Peer {
  /** The address that the peer came from or was reached at, as `unix:///run/x.sock`, `tcp://127.0.0.1:5000` or `duplex`. */
  readonly address: string;
}
