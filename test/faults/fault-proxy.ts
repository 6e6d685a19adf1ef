import { createConnection, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Random } from '../support/random.js';
import { turn } from '../support/deferred.js';

/** How the bytes of one direction travel. */
export type Pace =
  /** As they come. */
  | { kind: 'plain' }
  /** The first `bytes` come one by one, each in a turn of the event loop of its own. */
  | { kind: 'split'; bytes: number }
  /** What comes within `ms` leaves in one piece. */
  | { kind: 'coalesce'; ms: number }
  /** Each piece leaves `ms` after the one before it. */
  | { kind: 'delay'; ms: number };

/** What happens to a connection behind byte `at` of one direction. */
export interface Cut {
  /**
   * `stop`: nothing comes any more, and the connection stays. `stall`: the same, and nothing is taken from the sender any
   * more. `half-close`: this direction ends, the other goes on. `kill`: both sides are closed. `reset`: both sides are
   * reset (over TCP; a unix socket knows none and is closed).
   */
  kind: 'stop' | 'stall' | 'half-close' | 'kill' | 'reset';
  at: number;
}

/** The fault of one direction. */
export interface Fault {
  pace: Pace;
  cut?: Cut | undefined;
}

/** The faults of one connection. */
export interface FaultPlan {
  toServer: Fault;
  toClient: Fault;
}

/** All that can happen behind a byte. */
export const CUTS = ['stop', 'stall', 'half-close', 'kill', 'reset'] as const;

/** A direction to which nothing happens. */
export const PLAIN: Fault = { pace: { kind: 'plain' } };

/** A plan by chance. */
export function randomPlan(random: Random): FaultPlan {
  const fault = (): Fault => {
    const ms = random.below(15);
    const bytes = 1 + random.below(random.pick([20, 200, 1000]));
    const at = random.below(random.pick([16, 64, 400, 4000, 100_000]));
    const cut = random.below(2) === 0 ? { kind: random.pick(CUTS), at } : undefined;
    const pace = random.pick<Pace>([
      { kind: 'plain' },
      { kind: 'split', bytes },
      { kind: 'coalesce', ms },
      { kind: 'delay', ms },
    ]);
    return { pace, cut };
  };
  const side = random.below(4);
  return { toServer: side === 0 ? PLAIN : fault(), toClient: side === 1 ? PLAIN : fault() };
}

/** Stands between a client and a server and does to each connection what its plan says. */
export class FaultProxy {
  /** Bytes of both directions that have passed, for each connection in the order of their coming. */
  readonly passed: { toServer: number; toClient: number }[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sleepers = new Map<NodeJS.Timeout, () => void>();
  #closed = false;

  private constructor(
    private readonly target: NetConnectOpts,
    private readonly plan: (connection: number) => FaultPlan,
  ) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#join(client));
  }

  /**
   * Listens on a unix `path`, or on a TCP port of the loopback when `path` is undefined; `plan` is asked for each
   * connection, by its number.
   */
  static async start(
    path: string | undefined,
    target: NetConnectOpts,
    plan: (connection: number) => FaultPlan,
  ): Promise<{ proxy: FaultProxy; url: string }> {
    const proxy = new FaultProxy(target, plan);
    if (path === undefined) proxy.#server.listen(0, '127.0.0.1', 4096);
    else proxy.#server.listen(path, 4096);
    await once(proxy.#server, 'listening');
    const address = proxy.#server.address();
    const url = typeof address === 'object' && address ? `tcp://127.0.0.1:${address.port}` : `unix://${path}`;
    return { proxy, url };
  }

  /** Closes everything. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [timer, wake] of this.#sleepers) {
      clearTimeout(timer);
      wake();
    }
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const server = createConnection({ ...this.target, allowHalfOpen: true, noDelay: true } as NetConnectOpts);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    }
    const count = { toServer: 0, toClient: 0 };
    const { toServer, toClient } = this.plan(this.passed.push(count) - 1);
    void this.#pass(client, server, toServer, (bytes) => (count.toServer += bytes));
    void this.#pass(server, client, toClient, (bytes) => (count.toClient += bytes));
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }

  async #pass(from: Socket, to: Socket, { pace, cut }: Fault, onPassed: (bytes: number) => void): Promise<void> {
    const arrived = new Arrivals(from);
    let left = cut?.at ?? Infinity;
    let toSplit = pace.kind === 'split' ? pace.bytes : 0;
    const write = (bytes: Buffer): void => {
      if (bytes.length === 0 || to.destroyed || !to.writable) return;
      onPassed(bytes.length);
      to.write(bytes);
    };
    if (cut && left === 0) {
      this.#cut(cut, from, to);
      return;
    }
    for (;;) {
      let bytes = await arrived.next();
      if (bytes === undefined) break;
      if (pace.kind === 'delay' || pace.kind === 'coalesce') await this.#sleep(pace.ms);
      if (pace.kind === 'coalesce') bytes = Buffer.concat([bytes, ...arrived.rest()]);
      const end = Math.min(bytes.length, left);
      let written = 0;
      for (; written < end && toSplit > 0; toSplit--) {
        write(bytes.subarray(written, ++written));
        await turn();
      }
      write(bytes.subarray(written, end));
      left -= end;
      if (cut && left === 0) {
        this.#cut(cut, from, to);
        return;
      }
    }
    if (!to.destroyed) to.end();
  }

  #cut({ kind }: Cut, from: Socket, to: Socket): void {
    if (kind === 'stall') from.pause();
    else if (kind === 'half-close') to.end();
    else if (kind === 'reset') reset(from, to);
    // In order: what was written before arrives.
    else if (kind === 'kill') to.end(() => from.destroy());
  }

  /** Wakes early when the proxy closes. */
  #sleep(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#sleepers.delete(timer);
        resolve();
      }, ms);
      this.#sleepers.set(timer, resolve);
    });
  }
}

/** What a socket receives, piece by piece, read whether or not somebody asks. */
class Arrivals {
  readonly #pieces: Buffer[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#pieces.push(chunk);
      this.#wake?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('end', end);
    socket.on('close', end);
  }

  /** The next piece; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    while (this.#pieces.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#pieces.shift();
  }

  /** All that is there by now. */
  rest(): Buffer[] {
    return this.#pieces.splice(0);
  }
}

function reset(...sockets: Socket[]): void {
  for (const socket of sockets) {
    // Only TCP knows a reset.
    if (socket.remoteFamily === undefined) socket.destroy();
    else socket.resetAndDestroy();
  }
}
