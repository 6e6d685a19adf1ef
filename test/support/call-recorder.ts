import { tracingChannel } from 'node:diagnostics_channel';
import type { CallTrace } from '../../src/protocol/index.js';

type Side = CallTrace['side'];
type Event = 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error';

/** What the tracing channels have said of one call. */
export interface RecordedCall {
  readonly trace: CallTrace;
  readonly events: Event[];
}

/** Subscribes to the tracing channels and keeps what they say, call by call. */
export class CallRecorder {
  readonly calls = new Map<CallTrace, RecordedCall>();
  readonly #channels = (['client', 'server'] as const).map((side) => {
    const channel = tracingChannel<string, CallTrace>(`nestjs-ttrpc.${side}`);
    const note = (event: Event) => (trace: unknown) => this.#note(event, trace as CallTrace);
    const subscribers = {
      start: note('start'),
      end: note('end'),
      asyncStart: note('asyncStart'),
      asyncEnd: note('asyncEnd'),
      error: note('error'),
    };
    channel.subscribe(subscribers);
    return { channel, subscribers };
  });
  #waiting: (() => void)[] = [];

  /** The calls of one side. */
  of(side: Side): RecordedCall[] {
    return [...this.calls.values()].filter(({ trace }) => trace.side === side);
  }

  /** Resolves once `count` calls of `side` have begun. */
  async begun(side: Side, count = 1): Promise<RecordedCall[]> {
    return this.#until(() => this.of(side).length >= count && this.of(side));
  }

  /** Resolves once `count` calls of `side` have ended. */
  async ended(side: Side, count = 1): Promise<RecordedCall[]> {
    return this.#until(() => {
      const ended = this.of(side).filter(({ events }) => events.includes('asyncEnd'));
      return ended.length >= count && ended;
    });
  }

  /** Subscribes no more. */
  close(): void {
    for (const { channel, subscribers } of this.#channels) channel.unsubscribe(subscribers);
  }

  async #until<T>(condition: () => T | false): Promise<T> {
    for (;;) {
      const result = condition();
      if (result !== false) return result;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #note(event: Event, trace: CallTrace): void {
    const call = this.calls.get(trace) ?? { trace, events: [] };
    call.events.push(event);
    this.calls.set(trace, call);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
