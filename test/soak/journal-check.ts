import type { CallOp, ServerEvent } from '../interop/peer.js';
import type { PlannedCall } from './plan.js';

const METHODS: Record<CallOp, string> = {
  unary: 'Unary',
  'server-stream': 'ServerStream',
  'client-stream': 'ClientStream',
  bidi: 'Bidi',
};

/** How a call ended for its client. */
export type ClientEnd = 'answered' | 'failed by the server' | 'given up';

/** What the two journals disagree about. */
export interface Disagreement {
  /** Answered for the client, unknown to the server, or never ended there. */
  lost: number;
  /** Begun more than once. */
  doubled: number;
  /** Begun at the server and never made by the client. */
  invented: number;
  /** Ended in another way than the client was told. */
  different: number;
  /** Calls that the client gave up and that still run at the server. */
  running: number;
  examples: string[];
}

interface Entry {
  started: number;
  /** The codes with which it finished; undefined for a call that was cancelled. */
  ends: (number | undefined)[];
}

/**
 * Compares what the server says it has begun and ended with what the client has made, call by call, by the seq of each
 * call's first request.
 */
export class JournalCheck {
  readonly #server = new Map<string, Entry>();
  readonly #client = new Map<string, { call: PlannedCall; end: ClientEnd; code: number }>();
  /** Streams that were given up before their first message came have no seq. */
  #withoutSeq = 0;
  #mayLackSeq = 0;

  /** What the server's journal says. */
  addEvents(events: readonly ServerEvent[]): void {
    for (const { event, method, seq, code = 0 } of events) {
      if (seq === 0) {
        if (event === 'started') this.#withoutSeq++;
        continue;
      }
      const key = `${method} ${seq}`;
      let entry = this.#server.get(key);
      if (!entry) this.#server.set(key, (entry = { started: 0, ends: [] }));
      if (event === 'started') entry.started++;
      else entry.ends.push(event === 'finished' ? code : undefined);
    }
  }

  /** What the client says. Calls whose messages are empty have no seq and are left out. */
  addCall(call: PlannedCall, end: ClientEnd, code: number): void {
    if (call.spec.empty) return;
    const { op } = call.spec;
    this.#client.set(`${METHODS[op]} ${call.id}`, { call, end, code });
    if (end === 'given up' && (op === 'client-stream' || op === 'bidi')) this.#mayLackSeq++;
  }

  /** Compares; both sides have told everything. */
  compare(): Disagreement {
    const found: Disagreement = { lost: 0, doubled: 0, invented: 0, different: 0, running: 0, examples: [] };
    const count = (kind: Exclude<keyof Disagreement, 'examples'>, key: string, what: string): void => {
      found[kind]++;
      if (found.examples.length < 10) found.examples.push(`${kind}: ${key}: ${what}`);
    };
    for (const [key, { end, code }] of this.#client) {
      const { started, ends } = this.#server.get(key) ?? { started: 0, ends: [] };
      const server = `the client: ${end} (${code}), the server: begun ${started} times, ended ${JSON.stringify(ends)}`;
      if (started > 1 || ends.length > 1) count('doubled', key, server);
      else if (end === 'given up') {
        if (started > ends.length) count('running', key, server);
      } else if (started === 0 || ends.length === 0) count('lost', key, server);
      else if (ends[0] !== code) count('different', key, server);
    }
    for (const [key, entry] of this.#server) {
      if (!this.#client.has(key)) count('invented', key, `the server: ${JSON.stringify(entry)}`);
    }
    if (this.#withoutSeq > this.#mayLackSeq) {
      count('invented', 'calls without a seq', `${this.#withoutSeq} at the server, ${this.#mayLackSeq} given up`);
    }
    return found;
  }
}
