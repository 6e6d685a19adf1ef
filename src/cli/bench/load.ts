import type { RawCallOptions, RawClient } from '../../protocol/client/connect.js';
import { TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import { MAX_TIMEOUT_MS } from '../../protocol/core/timer.js';
import type { CommandMethod } from '../schema/command-schema.js';
import { sendingFailure } from '../sending.js';
import type { BenchRequests } from './bench-requests.js';
import type { Measurements } from './measurements.js';
import type { Schedule } from './schedule.js';
import { Waiting } from './waiting.js';

/** A call at the very end of the time is not planned, whatever the rounding of sums. */
const ROUNDING_MS = 1e-6;

/** What a load is. */
export interface LoadPlan {
  readonly method: CommandMethod;
  readonly requests: BenchRequests;
  readonly options: RawCallOptions;
  /** Calls at once, over all connections. */
  readonly concurrency: number;
  /** Undefined: each call is made when another one ends. */
  readonly schedule: Schedule | undefined;
  /** Infinity for no limit. */
  readonly total: number;
  /** Of those, so many at the beginning are made and not measured, if they go well. */
  readonly skipFirst: number;
  readonly durationMs: number;
}

/** What has been done. */
export interface LoadEnd {
  /** From the first call that was to be measured, or from the beginning where none was begun. */
  readonly elapsedMs: number;
  /** Calls that were not measured as they were among the first. */
  readonly skipped: number;
  /** Calls among the first that failed: they are measured, and no part of the rate, whose time begins after them. */
  readonly failedFirst: number;
  /** Calls whose time had come, and that were not made: as many as may were in flight. */
  readonly notStarted: number;
  /** Calls that were in flight when the load was broken off. */
  readonly brokenOff: number;
  readonly sent: Traffic;
  readonly received: Traffic;
  /** Why it ended before its time. */
  readonly why: string | undefined;
}

/** Messages and their bytes. */
export interface Traffic {
  messages: number;
  bytes: number;
}

/** Makes calls, and measures each from the time for which it was planned: a server that stalls delays those behind, too. */
export class Load {
  readonly #sent: Traffic = { messages: 0, bytes: 0 };
  readonly #received: Traffic = { messages: 0, bytes: 0 };
  /** A connection that is gone does not come back: its calls would fail at once, and pass for fast ones. */
  readonly #alive: RawClient[];
  #start = 0;
  #inFlight = 0;
  #begun = 0;
  #measuredFrom = 0;
  #skipped = 0;
  #failedFirst = 0;
  #nextAt: number | undefined;
  /** No further call is planned within the time of the load. */
  #isAllPlanned = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Waiting(() => this.#pump());
  #isOver = false;
  #why: string | undefined;
  #lostReason: string | undefined;
  #failure: { error: unknown } | undefined;
  #onEnd: () => void = () => undefined;

  constructor(
    private readonly plan: LoadPlan,
    clients: readonly RawClient[],
    private readonly measurements: Measurements,
  ) {
    this.#alive = [...clients];
  }

  /** Since the start, in ms. */
  get elapsedMs(): number {
    return performance.now() - this.#start;
  }

  /** Makes the calls; resolves when all have ended. @throws what is wrong with a request */
  async run(): Promise<LoadEnd> {
    this.#start = performance.now();
    this.#planNext();
    const done = new Promise<void>((resolve) => (this.#onEnd = resolve));
    this.#untilTimeIsUp();
    this.#pump();
    await done;
    clearTimeout(this.#timer);
    if (this.#failure) throw this.#failure.error as Error;
    return {
      elapsedMs: this.elapsedMs - this.#measuredFrom,
      skipped: this.#skipped,
      failedFirst: this.#begun > this.plan.skipFirst ? this.#failedFirst : 0,
      notStarted: this.#overdue(),
      brokenOff: this.#inFlight,
      sent: this.#sent,
      received: this.#received,
      why: this.#why ?? this.#lostReason,
    };
  }

  /** Ends it at once; calls in flight are not measured. */
  breakOff(why: string): void {
    this.#why ??= why;
    this.#isOver = true;
    this.#waiting.stop();
    this.#onEnd();
  }

  /** Ends the load at its time, or later. */
  #untilTimeIsUp(): void {
    const { durationMs, schedule } = this.plan;
    if (!Number.isFinite(durationMs)) return;
    const left = durationMs - this.elapsedMs;
    if (left > 0) {
      // A timer may be early.
      this.#timer = setTimeout(() => this.#untilTimeIsUp(), Math.min(Math.ceil(left), MAX_TIMEOUT_MS));
      return;
    }
    // The time of calls may have come since the last one was started.
    if (schedule) this.#pump();
    this.#stop();
  }

  /** Starts no more calls. */
  #stop(): void {
    this.#isOver = true;
    this.#waiting.stop();
    if (this.#inFlight === 0) this.#onEnd();
  }

  /** Starts the calls whose time has come. */
  #pump(): void {
    const { concurrency, schedule } = this.plan;
    while (!this.#isOver && this.#nextAt !== undefined && this.#inFlight < concurrency) {
      const now = this.elapsedMs;
      if (schedule && this.#nextAt > now) {
        this.#waiting.until(this.#nextAt - now);
        return;
      }
      const plannedAt = schedule ? this.#nextAt : now;
      this.#planNext();
      this.#begin(plannedAt);
    }
    // A plan has a rate over its whole time, and the last call is before its end.
    const isDone = this.#isOver || (this.#nextAt === undefined && !this.#isAllPlanned);
    if (this.#inFlight === 0 && isDone) this.#stop();
    else if (!schedule && concurrency === 1) this.#waiting.stayAwake();
  }

  #planNext(): void {
    const { schedule, total, durationMs } = this.plan;
    const at = this.#begun < total ? (schedule?.next() ?? 0) : undefined;
    this.#isAllPlanned = at !== undefined && at >= durationMs - ROUNDING_MS;
    this.#nextAt = this.#isAllPlanned ? undefined : at;
  }

  #begin(plannedAt: number): void {
    const number = this.#begun++;
    if (number === this.plan.skipFirst) this.#measuredFrom = plannedAt;
    // planNext looked before this one counted.
    if (this.#begun >= this.plan.total) this.#planNothing();
    const client = this.#clientFor(number);
    this.#inFlight++;
    let call: Promise<unknown>;
    try {
      call = this.#call(client, number);
    } catch (error) {
      call = Promise.reject(error);
    }
    call.then(
      () => {
        if (number >= this.plan.skipFirst) this.#ended(plannedAt, 0, '');
        else this.#skip();
      },
      (error: unknown) => {
        if (error instanceof TtrpcError) {
          if (error.code === TtrpcStatus.UNAVAILABLE && client.status !== 'connected')
            this.#lose(client, error.message);
          if (number < this.plan.skipFirst) this.#failedFirst++;
          this.#ended(plannedAt, error.rawCode, error.message);
        } else {
          this.#failure ??= { error };
          this.breakOff('a request could not be made');
        }
      },
    );
  }

  #ended(plannedAt: number, code: number, message: string): void {
    if (this.#isBrokenOff) return;
    this.#inFlight--;
    this.measurements.add(plannedAt, this.elapsedMs - plannedAt, code, message);
    this.#pump();
  }

  #skip(): void {
    if (this.#isBrokenOff) return;
    this.#inFlight--;
    this.#skipped++;
    this.#pump();
  }

  /** What comes then was ended by that. */
  get #isBrokenOff(): boolean {
    return this.#why !== undefined && this.#isOver;
  }

  /** Further calls go over the other connections. The last one stays for what is being begun, and no more is. */
  #lose(client: RawClient, message: string): void {
    const at = this.#alive.indexOf(client);
    if (at < 0) return;
    if (this.#alive.length > 1) {
      this.#alive.splice(at, 1);
      return;
    }
    this.#lostReason = `no connection is left: ${message}`;
    this.#planNothing();
  }

  #planNothing(): void {
    this.#nextAt = undefined;
    this.#isAllPlanned = false;
  }

  /** The connections take turns. One may have been lost while no call was on it. */
  #clientFor(number: number): RawClient {
    for (;;) {
      const at = number % this.#alive.length;
      const client = this.#alive[at] as RawClient;
      if (client.status === 'connected' || this.#alive.length === 1) return client;
      this.#alive.splice(at, 1);
    }
  }

  #call(client: RawClient, number: number): Promise<unknown> {
    const { method, requests, options } = this.plan;
    if (method.shape !== 'unary') return this.#stream(client, number);
    const request = requests.one(number);
    this.#count(this.#sent, number, request);
    return client
      .call(method.service, method.name, request, options)
      .then((response) => this.#count(this.#received, number, response));
  }

  async #stream(client: RawClient, number: number): Promise<void> {
    const { method, requests, options } = this.plan;
    if (method.shape === 'unary') return;
    const stream = client.stream(method.service, method.name, method.shape, options);
    const messages = method.sendsStream ? requests.all(number) : [requests.one(number)];
    const send = async (): Promise<void> => {
      for (const message of messages) {
        await stream.send(message);
        this.#count(this.#sent, number, message);
      }
      stream.closeSend();
    };
    const sending = sendingFailure(stream, send());
    try {
      for await (const response of stream) this.#count(this.#received, number, response);
    } catch (error) {
      const unsent = await sending;
      throw unsent ? unsent.error : error;
    }
  }

  #count(traffic: Traffic, number: number, message: Uint8Array): void {
    if (number < this.plan.skipFirst) return;
    traffic.messages++;
    traffic.bytes += message.length;
  }

  /** How many calls were planned for the time that is over, and not made as too many were in flight. */
  #overdue(): number {
    const { concurrency, schedule, total, durationMs } = this.plan;
    // Whoever breaks it off may come between the time of a call and its start.
    if (this.#isBrokenOff && this.#inFlight < concurrency) return 0;
    const until = Math.min(durationMs, this.elapsedMs);
    if (!schedule || this.#nextAt === undefined) return 0;
    return Math.max(0, Math.min(total, schedule.countBefore(until)) - this.#begun);
  }
}
