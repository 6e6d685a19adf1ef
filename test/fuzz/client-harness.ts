import {
  bytesCodec,
  connect,
  serve,
  TtrpcError,
  TtrpcStatus,
  type RawClient,
  type RawServer,
} from 'nestjs-ttrpc/protocol';
import { ClientConnection, clientLimits } from '../../src/protocol/client/client-connection.js';
import type { CallShape } from '../conformance/case.js';
import { FrameCutter } from '../conformance/wire/frame.js';
import type { Random } from '../support/random.js';
import { ClientInstruments, type ClientLog } from './client-instruments.js';
import { Counters } from './counters.js';
import { quiet, until, Violation, type Harness } from './harness.js';
import { turn } from '../support/deferred.js';
import { MemoryPair } from '../support/memory-pair.js';
import { MAX_MESSAGE_BYTES, type Mutant } from './mutate.js';
import { WatchedCall } from './watched-call.js';
import { memoryWire, SocketWires, type Wire } from '../support/wire.js';

const LIMITS = { ...clientLimits({ maxMessageBytes: MAX_MESSAGE_BYTES }), maxBufferedBytes: 32 * 1024 };
const MAX_CALLS = 24;
/** One mutant in so many goes over a unix socket, the others through memory. */
const SOCKET_EVERY = 8;
const REQUEST = Buffer.from('0801', 'hex');
const QUESTION = Buffer.from('are you there?');

/** Our client under mutants. */
export class ClientHarness implements Harness {
  readonly counters = new Counters();
  readonly #instruments = new ClientInstruments(this.counters);
  readonly #server: RawServer;
  readonly #witness: RawClient;

  readonly #sockets: SocketWires;

  private constructor(server: RawServer, witness: RawClient, sockets: SocketWires) {
    this.#server = server;
    this.#witness = witness;
    this.#sockets = sockets;
  }

  /** Starts with one client beside those that get the mutants. */
  static async start(): Promise<ClientHarness> {
    const pair = new MemoryPair();
    const server = await serve(pair.server, { 'a.B': { Echo: (message) => message } });
    return new ClientHarness(server, await connect(pair.client), await SocketWires.create());
  }

  async run(mutant: Mutant, number: number, random: Random): Promise<void> {
    // Most of them below the public API, where it shows when a caller is told of an end twice.
    if (random.below(6) === 0) await this.#runRaw(mutant, number, random);
    else await this.#runWatched(mutant, number, random);
  }

  async check(): Promise<void> {
    const bytes = await this.#witness.call('a.B', 'Echo', QUESTION, { timeoutMs: 5000 }).catch((error: unknown) => {
      throw new Violation('other connections go on', `a call beside the mutants failed: ${String(error)}`);
    });
    if (!QUESTION.equals(bytes))
      throw new Violation('other connections go on', 'a call beside the mutants got another answer');
  }

  async close(): Promise<void> {
    this.#witness.close();
    await this.#server.close();
    await this.#sockets.close();
    this.#instruments.restore();
  }

  async #runWatched(mutant: Mutant, number: number, random: Random): Promise<void> {
    const stalls = random.below(12) === 0;
    const wire = await this.#wire(stalls, number, random);
    const connection = new ClientConnection(wire.duplex, LIMITS);
    const calls: WatchedCall[] = [];
    const log: ClientLog = { mutant: number, calls, events: 0 };
    this.#instruments.watch(connection, log);
    const begin = (shape: CallShape): void => {
      const deadline = random.below(40) === 0 ? performance.now() + random.below(3) : undefined;
      const watched = new WatchedCall(shape, number, deadline, random.below(20) === 0, (what) => {
        log.events++;
        this.counters.hit(`caller, ${shape}: ${what}`, number);
      });
      calls.push(watched);
      if (!watched.sends) watched.call.keepRequest(bytesCodec, REQUEST);
      connection.begin(watched.call);
      if (watched.sends) {
        for (let n = random.below(3); n > 0; n--) watched.call.send(bytesCodec, REQUEST);
        if (random.below(3) > 0) watched.call.closeSend();
      }
    };
    for (const shape of mutant.calls.slice(0, MAX_CALLS)) begin(shape);
    const held = new Set<WatchedCall>();
    const hurries = random.below(3) === 0;
    for (const piece of mutant.pieces) {
      wire.send(piece);
      if (!hurries) await turn();
      if (random.below(8) === 0 && calls.length > 0) act(random.pick(calls), held, begin, random, calls.length);
    }
    for (const { call } of held) call.resumeInput();
    await quiet(() => log.events);
    if (stalls) this.counters.hit('connection: server that does not read', number);
    await this.#finish(connection, wire, random);
    for (const watched of calls) {
      if (watched.violation) throw watched.violation;
      if (!watched.ended || watched.call.open)
        throw new Violation(
          'every call ends once',
          `stream ${watched.call.id} (${watched.shape}) has no end: ${watched.events.join(', ')}`,
          number,
        );
    }
    if (connection.connection.open || connection.callCount > 0)
      throw new Violation(
        'memory stays in its limits',
        `${connection.callCount} calls are left on a connection that is gone`,
        number,
      );
    const { used } = connection.connection.budget;
    if (used !== 0)
      throw new Violation('memory stays in its limits', `${used} bytes are held for a connection that is gone`, number);
    checkSent(wire, stalls, calls, number);
    this.counters.hit('connection: ended', number);
  }

  /** By the public API: what it promises must be kept or broken, never left open. */
  async #runRaw(mutant: Mutant, number: number, random: Random): Promise<void> {
    const wire = await this.#wire(false, number, random);
    const client = await connect(wire.duplex, LIMITS);
    let events = 0;
    const note = (shape: CallShape, what: string): void => {
      events++;
      this.counters.hit(`public API, ${shape}: ${what}`, number);
    };
    const outcomes = mutant.calls.slice(0, MAX_CALLS).map(async (shape) => {
      try {
        if (shape === 'unary') await client.call('a.B', shape, REQUEST);
        else {
          const stream = client.stream('a.B', shape, shape);
          const sent = stream.send(REQUEST).then(() => stream.closeSend());
          // Its error is that of the call.
          sent.catch(() => undefined);
          for await (const message of stream) {
            note(shape, 'message');
            if (message.length > MAX_MESSAGE_BYTES)
              throw new Violation('memory stays in its limits', `a message of ${message.length} bytes`, number);
          }
        }
        note(shape, 'end: OK');
      } catch (error) {
        if (!(error instanceof TtrpcError)) throw error;
        note(shape, 'end: error');
      }
    });
    for (const piece of mutant.pieces) {
      wire.send(piece);
      if (random.below(2) === 0) await turn();
    }
    await quiet(() => events);
    if (random.below(2) === 0) wire.end();
    else client.close();
    let settled = false;
    const all = Promise.all(outcomes).then(() => (settled = true));
    all.catch(() => undefined);
    await quiet(() => events);
    if (!settled) {
      await Promise.race([all, turn()]);
      if (!settled)
        throw new Violation('every call ends once', 'a promise of a client whose connection is gone is open', number);
    }
    await all;
    client.close();
    wire.cut();
  }

  async #wire(stalls: boolean, number: number, random: Random): Promise<Wire> {
    const bySocket = random.below(SOCKET_EVERY) === 0;
    this.counters.hit(`connection: ${bySocket ? 'unix socket' : 'memory'}`, number);
    return bySocket ? this.#sockets.connect(stalls) : memoryWire(stalls);
  }

  async #finish(connection: ClientConnection, wire: Wire, random: Random): Promise<void> {
    switch (random.below(4)) {
      case 0:
        wire.end();
        break;
      case 1:
        wire.cut(new Error('reset'));
        break;
      case 2:
        connection.close(new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the client is closed'));
        break;
      default:
        wire.unstall();
        wire.cut();
    }
    await until(() => !connection.connection.open);
    wire.cut();
  }
}

/** A caller does something meanwhile. */
function act(
  watched: WatchedCall,
  held: Set<WatchedCall>,
  begin: (shape: CallShape) => void,
  random: Random,
  count: number,
): void {
  const { call } = watched;
  switch (random.below(6)) {
    case 0:
      call.fail(new TtrpcError(TtrpcStatus.CANCELLED, 'the caller does not want it any more'));
      break;
    case 1:
      if (watched.sends) call.closeSend();
      break;
    case 2:
      call.pauseInput();
      held.add(watched);
      break;
    case 3:
      if (count < MAX_CALLS) begin(random.pick<CallShape>(['unary', 'server-streaming', 'client-streaming', 'bidi']));
      break;
    default:
      if (watched.sends) sendOrFail(watched);
  }
}

function sendOrFail({ call }: WatchedCall): void {
  try {
    call.send(bytesCodec, REQUEST);
  } catch (error) {
    // A server that does not read: that limit is one of those that are to be reached.
    if (!(error instanceof TtrpcError) || error.limit === undefined) throw error;
  }
}

/** What a client may send: Requests with odd ids that grow, and Data on open streams until their close. */
function checkSent(wire: Wire, stalls: boolean, calls: readonly WatchedCall[], mutant: number): void {
  const wrong = (what: string): never => {
    throw new Violation('what is sent keeps to the protocol', what, mutant);
  };
  const cutter = new FrameCutter();
  const byId = new Map(calls.map((watched) => [watched.call.id, watched]));
  const closed = new Set<number>();
  let lastId = -1;
  for (const { id, type, flags } of cutter.push(Buffer.concat(wire.written))) {
    const watched = byId.get(id);
    if (type === 1) {
      if (id !== lastId + 2) wrong(`a Request on stream ${id} after one on ${lastId}`);
      lastId = id;
      const expected = watched?.sends ? 6 : watched?.shape === 'server-streaming' ? 1 : 0;
      if (flags !== expected) wrong(`a ${watched?.shape} Request with the flags ${flags}`);
    } else if (type === 3) {
      if (!watched?.sends || id > lastId) wrong(`Data on stream ${id}, which is ${watched?.shape}`);
      if (closed.has(id)) wrong(`Data on stream ${id} after its close`);
      if (flags !== 0 && flags !== 5) wrong(`Data with the flags ${flags}`);
      if (flags === 5) closed.add(id);
    } else wrong(`a frame of type ${type}`);
  }
  if (cutter.unfinished > 0 && !stalls) wrong(`${cutter.unfinished} bytes of a frame that is not whole`);
}
