import { isDeepStrictEqual } from 'node:util';
import { expectedOf, requestsOf } from '../interop/model.js';
import type { CallResult, Driver, ServerPeer } from '../interop/peer.js';
import { Random } from '../support/random.js';
import { JournalCheck, type ClientEnd, type Disagreement } from './journal-check.js';
import type { SoakPeer } from './peers.js';
import { planCall, type PlanLimits, type PlannedCall } from './plan.js';

/** A load: many calls of all kinds at once. */
export interface LoadSpec extends PlanLimits {
  seed: number;
  calls: number;
  /** Calls in flight at any time. */
  inFlight: number;
}

/** What became of a load. */
export interface LoadResult {
  made: number;
  answered: number;
  /** By code: as planned, that is by the server's word, by cancel or by deadline. */
  failed: Record<number, number>;
  /** Answers and ends that are not as planned. */
  wrong: number;
  /** Ends that are not as planned and that the server's own library is to blame for, by reason. */
  excused: Record<string, number>;
  journal: Disagreement;
  /** Connections that the server's library keeps though their client is gone; see `keepsConnections`. */
  kept: number;
  /** Calls that were in flight at most. */
  mostInFlight: number;
  elapsedMs: number;
  /** What is wrong, the first few. */
  examples: string[];
}

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;

/** A call that has not ended after so long is lost, in ms: the machine may be busy. */
const LOST_MS = 120_000;

/** The journal is fetched after each so many calls; no server forgets events so soon. */
const FETCH_EVERY = 1000;

/** Bytes of requests in flight at most: what waits for a server to take it is limited, by default to 64 MiB. */
const IN_FLIGHT_BYTES = 48 * 1024 * 1024;

let loads = 0;

/** Runs a load over one client; resolves when every call has ended and the server is idle again. */
export async function runLoad(
  spec: LoadSpec,
  driver: Driver,
  server: ServerPeer,
  { excuse, keepsConnections, okStatusBytes }: Pick<SoakPeer, 'excuse' | 'keepsConnections' | 'okStatusBytes'> = {},
): Promise<LoadResult> {
  const connection = `load ${++loads}`;
  await server.events({ clear: true });
  await driver.connect(connection, server.address);
  const run = new LoadRun({ ...spec, okStatusBytes }, connection, driver, server, excuse ?? (() => undefined));
  try {
    await run.all();
  } finally {
    await driver.close(connection);
  }
  const idle = await server.awaitIdle().catch((error: unknown) => {
    if (keepsConnections === undefined) throw error;
    return server.connections();
  });
  const result = await run.result();
  if (!idle) return result;
  await server.forget();
  return { ...result, kept: idle.open };
}

class LoadRun {
  readonly #journal = new JournalCheck();
  readonly #begun = Date.now();
  readonly #failed: Record<number, number> = {};
  readonly #excused: Record<string, number> = {};
  readonly #examples: string[] = [];
  #made = 0;
  #ended = 0;
  #answered = 0;
  #wrong = 0;
  #open = 0;
  #mostOpen = 0;
  #bytes = 0;
  readonly #lighter: (() => void)[] = [];
  #fetching: Promise<void> = Promise.resolve();

  constructor(
    private readonly spec: LoadSpec,
    private readonly connection: string,
    private readonly driver: Driver,
    private readonly server: ServerPeer,
    private readonly excuse: NonNullable<SoakPeer['excuse']>,
  ) {}

  /** Makes all calls; rejects when one of them does not end. */
  async all(): Promise<void> {
    await Promise.all(Array.from({ length: this.spec.inFlight }, () => this.#inTurn()));
  }

  async result(): Promise<LoadResult> {
    await this.#fetching;
    this.#journal.addEvents(await this.server.events({ clear: true }));
    const journal = this.#journal.compare();
    return {
      made: this.#made,
      answered: this.#answered,
      failed: this.#failed,
      wrong: this.#wrong,
      excused: this.#excused,
      journal,
      kept: 0,
      mostInFlight: this.#mostOpen,
      elapsedMs: Date.now() - this.#begun,
      examples: [...this.#examples, ...journal.examples],
    };
  }

  /** One call after the other. */
  async #inTurn(): Promise<void> {
    while (this.#made < this.spec.calls) {
      const id = ++this.#made;
      // Its own numbers, so that it does not depend on which calls have ended before.
      const call = planCall(new Random(this.spec.seed * 1_000_003 + id), id, this.spec);
      const bytes = requestsOf(call.spec).reduce((sum, { bodyBytes = 0 }) => sum + bodyBytes, 0);
      while (this.#bytes > 0 && this.#bytes + bytes > IN_FLIGHT_BYTES)
        await new Promise<void>((turn) => this.#lighter.push(turn));
      this.#bytes += bytes;
      this.#mostOpen = Math.max(this.#mostOpen, ++this.#open);
      this.#judge(call, await this.#make(call));
      this.#open--;
      this.#bytes -= bytes;
      for (const turn of this.#lighter.splice(0)) turn();
      if (++this.#ended % FETCH_EVERY === 0) this.#fetch();
    }
  }

  #make(call: PlannedCall): Promise<CallResult> {
    const { id, spec, cancel } = call;
    // Its own, since a cancel may come after its call is over.
    const name = `${this.connection}, call ${id}`;
    return new Promise((resolve, reject) => {
      const lost = setTimeout(() => reject(new Error(`call ${id} is lost: ${describe(call)}`)), LOST_MS);
      let over = false;
      let later: NodeJS.Timeout | undefined;
      const settle = (): void => {
        over = true;
        clearTimeout(lost);
        clearTimeout(later);
      };
      this.driver
        .call(this.connection, spec, cancel && name)
        .finally(settle)
        .then(resolve, reject);
      const give = (): void => {
        if (!over) this.driver.cancel(name).catch(() => undefined);
      };
      if (cancel === undefined) return;
      if ('afterMs' in cancel) later = setTimeout(give, cancel.afterMs);
      else this.driver.awaitReplies(name, cancel.afterReplies).then(give, () => undefined);
    });
  }

  #fetch(): void {
    // In turn, so that no events are asked for twice.
    this.#fetching = this.#fetching.then(async () =>
      this.#journal.addEvents(await this.server.events({ clear: true })),
    );
  }

  #judge(call: PlannedCall, result: CallResult): void {
    const code = result.status?.code ?? (isRefusal(call, result) ? RESOURCE_EXHAUSTED : -1);
    const problem = problemOf(call, result);
    const excuse = problem === undefined ? undefined : this.excuse(call, result);
    if (excuse !== undefined) {
      this.#excused[excuse] = (this.#excused[excuse] ?? 0) + 1;
    } else if (problem !== undefined) {
      this.#wrong++;
      if (this.#examples.length < 10) this.#examples.push(`${problem}; ${describe(call)}`);
    } else if (code === 0) this.#answered++;
    else this.#failed[code] = (this.#failed[code] ?? 0) + 1;
    this.#journal.addCall(call, excuse === undefined ? endOf(call, code) : 'given up', code);
  }
}

function endOf(call: PlannedCall, code: number): ClientEnd {
  if (code === 0) return 'answered';
  return call.ends === 'undisturbed' ? 'failed by the server' : 'given up';
}

/** The client's library has refused a message that is too large, in words of its own. */
function isRefusal({ ends }: PlannedCall, { status, local }: CallResult): boolean {
  return ends === 'too large' && status === undefined && local === true;
}

/** What is wrong with the end of a call; undefined when nothing is. */
function problemOf(call: PlannedCall, result: CallResult): string | undefined {
  const { status, transportError, replies, firstReply } = result;
  const model = expectedOf(call.spec);
  if (isRefusal(call, result)) return undefined;
  if (status === undefined) return `no status but ${transportError?.name}: ${transportError?.message}`;
  const { code, message } = status;
  const { ordered, wrong, first, last, ...sums } = replies;
  if (!ordered || wrong > 0) return `replies: ${JSON.stringify(replies)}`;
  const givenUp =
    (code === CANCELLED && call.ends === 'maybe cancelled') ||
    (code === DEADLINE_EXCEEDED && (call.ends === 'maybe late' || call.ends === 'late')) ||
    (code === RESOURCE_EXHAUSTED && call.ends === 'too large');
  if (givenUp && model.status !== code) {
    const most = model.replies?.count ?? 0;
    return sums.count > most ? `${sums.count} replies of ${most}` : undefined;
  }
  if (call.ends === 'late' || call.ends === 'too large') return `status ${code} "${message}"`;
  if (code !== model.status || message !== model.message) {
    return `status ${code} "${message}", expected ${model.status} "${model.message}"`;
  }
  const got = { ...sums, first, last };
  if (!isDeepStrictEqual(got, model.replies)) {
    return `replies ${JSON.stringify(got)}, expected ${JSON.stringify(model.replies)}`;
  }
  const { metadata: _, ...wanted } = model.firstReply ?? { metadata: {} };
  const { metadata: __, timeoutMs: ___, ...came } = firstReply ?? { metadata: {}, timeoutMs: 0 };
  if (call.spec.empty || isDeepStrictEqual(came, wanted)) return undefined;
  return `first reply ${JSON.stringify(came)}, expected ${JSON.stringify(wanted)}`;
}

function describe({ ends, spec, cancel }: PlannedCall): string {
  const text = JSON.stringify({ ...spec, cancel });
  return `${ends} ${text.length > 300 ? `${text.slice(0, 300)}…` : text}`;
}
