import { createConnection, createServer, type Server } from 'node:net';
import { once } from 'node:events';

/** The bytes that went over one connection, each way. */
export interface Tapped {
  toServer: Buffer[];
  toClient: Buffer[];
}

/** Listens on a unix socket, hands all bytes on to another one and keeps them. */
export class Tap {
  readonly connections: Tapped[] = [];

  private constructor(private readonly server: Server) {}

  /** Listens at `path` for what is meant for `target`. */
  static async listen(path: string, target: string): Promise<Tap> {
    const server = createServer();
    const tap = new Tap(server);
    server.on('connection', (client) => {
      const tapped: Tapped = { toServer: [], toClient: [] };
      tap.connections.push(tapped);
      const upstream = createConnection(target);
      client.on('data', (chunk: Buffer) => tapped.toServer.push(chunk)).on('error', () => upstream.destroy());
      upstream.on('data', (chunk: Buffer) => tapped.toClient.push(chunk)).on('error', () => client.destroy());
      client.pipe(upstream).pipe(client);
    });
    server.listen(path);
    await once(server, 'listening');
    return tap;
  }

  /** Stops listening. */
  close(): void {
    this.server.close();
  }
}
