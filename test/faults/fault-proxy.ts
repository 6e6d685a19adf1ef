import { createConnection, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { type Random } from '../support/random.js';

/** What happens to the bytes of one direction. */
export type Fault =
  /** Nothing: they pass. */
  | { kind: 'none' }
  /** They come one by one. */
  | { kind: 'split' }
  /** They are collected for `ms` and come in one piece. */
  | { kind: 'coalesce'; ms: number }
  /** Each chunk comes `ms` late. */
  | { kind: 'delay'; ms: number }
  /** Behind byte `at` nothing comes any more, and the connection stays. */
  | { kind: 'stop'; at: number }
  /** Behind byte `at` this direction ends, and the other goes on. */
  | { kind: 'half-close'; at: number }
  /** Behind byte `at` both sides are closed. */
  | { kind: 'kill'; at: number }
  /** Behind byte `at` both sides are reset (over TCP; elsewhere as `kill`). */
  | { kind: 'reset'; at: number };

/** The faults of one connection, by direction. */
export interface FaultPlan {
  toServer: Fault;
  toClient: Fault;
}

/** A plan by chance; half of the connections have just one direction at fault. */
export function randomPlan(random: Random): FaultPlan {
  const fault = (): Fault => {
    const at = random.below(random.pick([16, 64, 400, 4000, 100_000]));
    const ms = random.below(15);
    return random.pick<Fault>([
      { kind: 'none' },
      { kind: 'split' },
      { kind: 'coalesce', ms },
      { kind: 'delay', ms },
      { kind: 'stop', at },
      { kind: 'half-close', at },
      { kind: 'kill', at },
      { kind: 'reset', at },
    ]);
  };
  const none: Fault = { kind: 'none' };
  const side = random.below(4);
  return { toServer: side === 0 ? none : fault(), toClient: side === 1 ? none : fault() };
}

/** Stands between a client and a server and does to each connection what its plan says. */
export class FaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(
    private readonly target: NetConnectOpts,
    private readonly plan: () => FaultPlan,
  ) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  /** Listens on a unix `path`, or on a TCP port of the loopback when `path` is undefined; gives its address. */
  static async start(
    path: string | undefined,
    target: NetConnectOpts,
    plan: () => FaultPlan,
  ): Promise<{ proxy: FaultProxy; url: string }> {
    const proxy = new FaultProxy(target, plan);
    if (path === undefined) proxy.#server.listen(0, '127.0.0.1');
    else proxy.#server.listen(path);
    await once(proxy.#server, 'listening');
    const address = proxy.#server.address();
    const url = typeof address === 'object' && address ? `tcp://127.0.0.1:${address.port}` : `unix://${path}`;
    return { proxy, url };
  }

  /** Closes everything. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const server = createConnection({ ...this.target, allowHalfOpen: true } as NetConnectOpts);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    }
    const { toServer, toClient } = this.plan();
    this.#pass(client, server, toServer);
    this.#pass(server, client, toClient);
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }

  #pass(from: Socket, to: Socket, fault: Fault): void {
    let passed = 0;
    let over = false;
    let pending: Buffer[] = [];
    const write = (bytes: Buffer): void => {
      if (!to.destroyed && to.writable) to.write(bytes);
    };
    from.on('data', (chunk: Buffer) => {
      if (over) return;
      switch (fault.kind) {
        case 'none':
          write(chunk);
          break;
        case 'split':
          for (const byte of chunk.subarray(0, 2000)) write(Buffer.of(byte));
          write(chunk.subarray(2000));
          break;
        case 'delay':
          this.#later(fault.ms, () => write(chunk));
          break;
        case 'coalesce':
          if (pending.length === 0) {
            this.#later(fault.ms, () => {
              write(Buffer.concat(pending));
              pending = [];
            });
          }
          pending.push(chunk);
          break;
        default: {
          const left = fault.at - passed;
          passed += chunk.length;
          if (chunk.length < left) {
            write(chunk);
            return;
          }
          over = true;
          write(chunk.subarray(0, left));
          if (fault.kind === 'half-close') to.end();
          else if (fault.kind === 'kill') this.#later(0, () => from.destroy());
          else if (fault.kind === 'reset') this.#later(0, () => reset(from, to));
        }
      }
    });
    from.on('end', () => {
      const wait = 'ms' in fault ? fault.ms + 1 : 0;
      if (!over) this.#later(wait, () => to.end());
    });
  }

  #later(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }
}

function reset(...sockets: Socket[]): void {
  for (const socket of sockets) {
    // Only TCP knows a reset.
    if (socket.remoteFamily === undefined) socket.destroy();
    else socket.resetAndDestroy();
  }
}
