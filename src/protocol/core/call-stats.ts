import { describeOption } from './describe.js';
import type { CallCounter, CallTrace } from './diagnostics.js';
import { DurationHistogram, type DurationStats } from './duration-histogram.js';
import type { MethodShape } from './method-shape.js';

/** Stands for names that a peer has chosen, and for more methods than are counted one by one. */
export const OTHER = '_OTHER';

/** So many methods are counted one by one; what comes after them is counted as {@link OTHER}. */
const MAX_METHODS = 1000;

/** What the calls of one method have done so far, on one side. */
export interface MethodStats {
  /** Qualified name of the service; `_OTHER` for all methods that the server does not serve. */
  readonly service: string;
  /** Name of the rpc; `_OTHER` together with the service. */
  readonly method: string;
  /** Undefined for `_OTHER`. */
  readonly shape: MethodShape | undefined;
  /** Calls that have begun. */
  readonly started: number;
  /** Calls that have begun and not ended. */
  readonly inFlight: number;
  /** Calls that have ended, by the name of their status (`OK`, `NOT_FOUND`), with how long they took. */
  readonly codes: Readonly<Record<string, DurationStats>>;
  /** Those that have ended with DEADLINE_EXCEEDED. */
  readonly timeouts: number;
  /** Those that have ended with CANCELLED. */
  readonly cancels: number;
  /** Messages that this side has sent, those of calls in flight too. */
  readonly messagesSent: number;
  /** Messages that this side has received, those of calls in flight too. */
  readonly messagesReceived: number;
  /** Bytes of the messages that this side has sent, without their frames. */
  readonly bytesSent: number;
  /** Bytes of the messages that this side has received, without their frames. */
  readonly bytesReceived: number;
}

/** What both sides of a call count. */
type Traffic = Pick<CallTrace, 'messagesSent' | 'messagesReceived' | 'bytesSent' | 'bytesReceived'>;

class MethodCounters {
  readonly inFlight = new Set<CallTrace>();
  readonly durations = new Map<string, DurationHistogram>();
  started = 0;
  messagesSent = 0;
  messagesReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;

  constructor(
    readonly service: string,
    readonly method: string,
    readonly shape: MethodShape | undefined,
  ) {}

  add(traffic: Traffic): void {
    this.messagesSent += traffic.messagesSent;
    this.messagesReceived += traffic.messagesReceived;
    this.bytesSent += traffic.bytesSent;
    this.bytesReceived += traffic.bytesReceived;
  }
}

/**
 * Counts calls by method and status. What it holds is bounded: 1,000 methods, one histogram for each status that they have
 * ended with, and the calls in flight.
 */
export class CallStats implements CallCounter {
  readonly #methods = new Map<string, MethodCounters>();
  readonly #calls = new WeakMap<CallTrace, MethodCounters>();

  /** `call` begins. */
  begin(call: CallTrace): void {
    const counters = this.#countersOf(call);
    counters.started++;
    counters.inFlight.add(call);
    this.#calls.set(call, counters);
  }

  /** `call` has ended. One whose beginning was not seen is not counted. */
  end(call: CallTrace): void {
    const counters = this.#calls.get(call);
    if (!counters?.inFlight.delete(call)) return;
    counters.add(call);
    const status = call.statusName ?? 'UNKNOWN';
    let durations = counters.durations.get(status);
    if (!durations) counters.durations.set(status, (durations = new DurationHistogram()));
    durations.record(performance.now() - call.startTime);
  }

  /** What was counted so far, in the order in which the methods were called first. */
  snapshot(): MethodStats[] {
    return Array.from(this.#methods.values(), (counters) => {
      const { service, method, shape, started, inFlight, durations } = counters;
      const traffic = new MethodCounters(service, method, shape);
      traffic.add(counters);
      for (const call of inFlight) traffic.add(call);
      const { messagesSent, messagesReceived, bytesSent, bytesReceived } = traffic;
      const codes = Object.fromEntries(Array.from(durations, ([code, histogram]) => [code, histogram.snapshot()]));
      return {
        service,
        method,
        shape,
        started,
        inFlight: inFlight.size,
        codes,
        timeouts: codes['DEADLINE_EXCEEDED']?.count ?? 0,
        cancels: codes['CANCELLED']?.count ?? 0,
        messagesSent,
        messagesReceived,
        bytesSent,
        bytesReceived,
      };
    });
  }

  #countersOf({ side, service, method, shape }: CallTrace): MethodCounters {
    // A server does not know the shape of a method that it does not serve.
    const isOther = side === 'server' && shape === undefined;
    const known = isOther ? undefined : this.#methods.get(`${service}/${method}`);
    if (known) return known;
    return isOther || this.#methods.size >= MAX_METHODS
      ? this.#made(OTHER, OTHER, undefined)
      : this.#made(service, method, shape);
  }

  #made(service: string, method: string, shape: MethodShape | undefined): MethodCounters {
    const key = `${service}/${method}`;
    let counters = this.#methods.get(key);
    if (!counters) this.#methods.set(key, (counters = new MethodCounters(service, method, shape)));
    return counters;
  }
}

/**
 * Counters for a server or a channel with the option `callStats`, or none.
 * @throws TypeError for a value that is not a boolean
 */
export function callStatsOf({ callStats }: CallStatsOption): CallStats | undefined {
  if (callStats !== undefined && typeof callStats !== 'boolean') {
    throw new TypeError(`callStats: expected true or false, got ${describeOption(callStats)}`);
  }
  return callStats === true ? new CallStats() : undefined;
}

/** The option of both sides that turns the counting of calls on. */
export interface CallStatsOption {
  /** True: `stats.methods` counts calls, durations, messages and bytes by method and status. Default false, at no cost. */
  callStats?: boolean | undefined;
}
