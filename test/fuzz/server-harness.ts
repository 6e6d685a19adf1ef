import { connect, type RawClient } from 'nestjs-ttrpc/protocol';
import { INTEROP, message } from '../conformance/service.js';
import { toBytes } from '../conformance/wire/bytes.js';
import { FrameCutter } from '../conformance/wire/frame.js';
import type { Random } from '../support/random.js';
import type { CallLog } from './call-log.js';
import { Counters } from './counters.js';
import { quiet, until, Violation, type Harness } from './harness.js';
import { turn } from '../support/deferred.js';
import { MemoryPair } from '../support/memory-pair.js';
import type { Mutant } from './mutate.js';
import { ServerInstruments } from './server-instruments.js';
import { engineServer, LIMITS, nestServer, type ServerUnderTest } from './servers.js';
import type { CallContext, HandlerObserver, HandlerRun } from './service.js';
import { memoryWire, SocketWires, type Wire } from '../support/wire.js';

/** One mutant in so many goes over a unix socket, the others through memory. */
const SOCKET_EVERY = 8;

/** Whoever is served beside the mutants sends this, and nothing else must come back. */
const QUESTION = toBytes(message({ seq: 77, body: { text: 'are you there?' } }));
const ANSWER = Buffer.from(QUESTION);

interface Run extends HandlerRun {
  over: boolean;
}

/** Our server under mutants. */
export class ServerHarness implements Harness {
  readonly counters = new Counters();
  readonly #instruments = new ServerInstruments(this.counters);
  readonly #runs = new Map<string, Set<Run>>();
  #server!: ServerUnderTest;
  #witness!: RawClient;
  #sockets!: SocketWires;
  #running = 0;

  /** Starts a server with one well-behaved client: the engine alone, or a Nest application. */
  static async start(kind: 'engine' | 'nest' = 'engine'): Promise<ServerHarness> {
    const harness = new ServerHarness();
    harness.#sockets = await SocketWires.create();
    const observer: HandlerObserver = {
      entered: (context) => harness.#entered(context),
      decoded: (context, ok) => {
        const log = harness.#instruments.logOf(context.peer.address);
        if (!log) return;
        // A handler that is at work is no silence.
        log.events++;
        harness.counters.hit(ok ? 'payload: decoded' : 'payload: refused', log.mutant);
      },
    };
    harness.#server = kind === 'nest' ? await nestServer(observer) : await engineServer(observer);
    const pair = new MemoryPair();
    harness.#server.accept(pair.server, 'witness');
    harness.#witness = await connect(pair.client);
    return harness;
  }

  async run(mutant: Mutant, number: number, random: Random): Promise<void> {
    const address = `mutant ${number}`;
    const log = this.#instruments.watch(address, number);
    const stalls = random.below(12) === 0;
    this.#running++;
    const bySocket = random.below(SOCKET_EVERY) === 0;
    const wire = bySocket ? await this.#sockets.connect(stalls) : memoryWire(stalls);
    try {
      this.counters.hit(`connection: ${bySocket ? 'unix socket' : 'memory'}`, number);
      this.#server.accept(wire.duplex, address);
      const hurries = random.below(3) === 0;
      for (const piece of mutant.pieces) {
        wire.send(piece);
        if (!hurries) await turn();
      }
      await quiet(() => log.events);
      if (stalls) this.counters.hit('connection: peer that does not read', number);
      this.#checkOpen(address, log, stalls);
      if (!stalls) checkWritten(wire, log);
      await this.#finish(wire, random);
      const runs = this.#runs.get(address);
      const gone = await until(() => !runs || [...runs].every(({ over }) => over));
      if (!gone)
        throw new Violation('every call ends once', 'a handler goes on although its connection is gone', number);
      if (log.violation) throw log.violation;
      this.counters.hit('connection: ended', number);
    } finally {
      this.#running--;
      this.#instruments.forget(address);
      this.#runs.delete(address);
      wire.cut();
    }
  }

  async check(): Promise<void> {
    const answer = this.#witness.call(INTEROP, 'Unary', QUESTION, { timeoutMs: 5000 });
    const bytes = await answer.catch((error: unknown) => {
      throw new Violation('other connections go on', `a call beside the mutants failed: ${String(error)}`);
    });
    if (!ANSWER.equals(bytes))
      throw new Violation(
        'other connections go on',
        `a call beside the mutants got ${Buffer.from(bytes).toString('hex')}`,
      );
    if (this.#running > 0) return;
    await until(() => this.#server.stats.connections === 1);
    const { connections, calls, bufferedBytes } = this.#server.stats;
    if (connections !== 1 || calls !== 0 || bufferedBytes !== 0) {
      const left = `${connections - 1} connections, ${calls} calls, ${bufferedBytes} bytes`;
      throw new Violation('memory stays in its limits', `when all mutants are gone there are left: ${left}`);
    }
  }

  async close(): Promise<void> {
    this.#witness.close();
    await this.#server.close();
    await this.#sockets.close();
    this.#instruments.restore();
  }

  #entered(context: CallContext): HandlerRun {
    const { address } = context.peer;
    const run: Run = { hangs: false, over: false, left: () => (run.over = true) };
    if (!this.#instruments.logOf(address)) return run;
    let runs = this.#runs.get(address);
    if (!runs) this.#runs.set(address, (runs = new Set()));
    runs.add(run);
    return run;
  }

  /** In silence each call is over, unless its client has not closed, its handler waits for ever or its peer does not read. */
  #checkOpen(address: string, log: CallLog, stalls: boolean): void {
    if (log.violation) throw log.violation;
    const held = this.#server.stats.bufferedBytes;
    if (held > LIMITS.maxBufferedBytesPerServer)
      throw new Violation('memory stays in its limits', `the server's streams hold ${held} bytes`, log.mutant);
    if (stalls) return;
    let hanging = [...(this.#runs.get(address) ?? [])].filter(({ hangs, over }) => hangs && !over).length;
    for (const [id, call] of log.calls) {
      if (call.over) continue;
      if (this.#instruments.waitsForClient(address, id)) continue;
      if (hanging-- > 0) continue;
      throw new Violation(
        'every call ends once',
        `stream ${id} (${call.shape}) has no end: ${call.events.join(', ')}`,
        log.mutant,
      );
    }
  }

  /** The connection ends, in one of the ways in which connections end. */
  async #finish(wire: Wire, random: Random): Promise<void> {
    switch (random.below(4)) {
      case 0:
        wire.end();
        break;
      case 1:
        wire.cut(new Error('reset'));
        break;
      case 2:
        wire.unstall();
        wire.end();
        break;
      default:
        wire.cut();
    }
    await turn();
  }
}

/** What came over the wire is what was logged, frame by frame. */
function checkWritten(wire: Wire, log: CallLog): void {
  let frames: string[];
  try {
    const cutter = new FrameCutter();
    frames = cutter.push(Buffer.concat(wire.written)).map(({ id, type }) => `${type} ${id}`);
    if (cutter.unfinished > 0) throw new Error(`${cutter.unfinished} bytes of a frame that is not whole`);
  } catch (error) {
    throw new Violation('what is sent keeps to the protocol', String(error), log.mutant);
  }
  if (frames.join() !== log.sent.join())
    throw new Violation(
      'what is sent keeps to the protocol',
      `sent ${frames.join()} instead of ${log.sent.join()}`,
      log.mutant,
    );
}
