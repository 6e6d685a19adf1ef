import { ToolError } from '../tool-error.js';

const FORMS = 'a number, step:<from>:<to>:<step>:<seconds> or line:<from>:<to>:<seconds>';

/** More steps are a mistake: nobody could wait for them. */
const MAX_STEPS = 100_000;

/** Sums of rates are rounded; a call at the very end of a time is not in it. */
const ROUNDING = 1e-6;

/** A time within which the rate goes evenly from one value to another, in calls a second. */
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
}

/** When calls are planned. */
export class Schedule {
  #segment = 0;
  /** When the segment begins, in seconds, and which call is its first. */
  #segmentStart = 0;
  #planned = 0;

  private constructor(
    private readonly segments: readonly Segment[],
    /** How long the schedule itself takes, in seconds; Infinity where the rate is constant. */
    readonly seconds: number,
  ) {}

  /** Reads the value of `--rps`. @throws ToolError saying what was expected */
  static parse(text: string): Schedule {
    const [kind = '', ...parts] = text.split(':');
    if (parts.length === 0) return Schedule.#of([constant(rate(text, text), Infinity)], Infinity);
    const numbers = parts.map((part) => rate(part, text));
    const [from = 0, to = 0] = numbers;
    if (kind === 'line' && numbers.length === 3) {
      const seconds = numbers[2] as number;
      return Schedule.#of([{ from, to, seconds }, constant(to, Infinity)], seconds);
    }
    if (kind === 'step' && numbers.length === 4) {
      const [, , step = 0, seconds = 0] = numbers;
      const steps = Math.floor(Math.abs(to - from) / step + 1e-9);
      if (steps > MAX_STEPS) throw new ToolError(`--rps: ${text} has ${steps} steps, more than ${MAX_STEPS}`);
      const direction = Math.sign(to - from);
      const rates = Array.from({ length: steps + 1 }, (_, index) => from + direction * step * index);
      if (rates.at(-1) !== to) rates.push(to);
      return Schedule.#of(
        [...rates.map((each) => constant(each, seconds)), constant(to, Infinity)],
        rates.length * seconds,
      );
    }
    throw new ToolError(`--rps: expected ${FORMS}, got '${text}'`);
  }

  static #of(segments: readonly Segment[], seconds: number): Schedule {
    return new Schedule(segments, seconds);
  }

  /** The highest rate, in calls a second. */
  get peak(): number {
    return this.segments.reduce((peak, { from, to }) => Math.max(peak, from, to), 0);
  }

  /** How many calls are planned before `ms` from the start. */
  countBefore(ms: number): number {
    let [count, left] = [0, ms / 1000];
    for (const { from, to, seconds } of this.segments) {
      const time = Math.min(left, seconds);
      const rateThen = from === to ? to : from + ((to - from) * time) / seconds;
      count += ((from + rateThen) / 2) * time;
      left -= time;
      if (left <= 0) break;
    }
    return Math.ceil(count - ROUNDING);
  }

  /** When the next call is planned, in ms from the start. */
  next(): number {
    for (;;) {
      const { from, to, seconds } = this.segments[this.#segment] as Segment;
      const inside = timeOf(this.#planned, from, to, seconds);
      if (inside < seconds) {
        this.#planned++;
        return 1000 * (this.#segmentStart + inside);
      }
      // What the segment's end has left of a call counts for the next one.
      this.#planned -= ((from + to) / 2) * seconds;
      this.#segmentStart += seconds;
      this.#segment++;
    }
  }
}

/** The time at which `count` calls are planned, where the rate goes from `from` to `to` within `seconds`. */
function timeOf(count: number, from: number, to: number, seconds: number): number {
  if (count <= 0) return 0;
  if (from === to) return count / from;
  // count = from * t + growth / 2 * t²
  const growth = (to - from) / seconds;
  const root = from * from + 2 * growth * count;
  return root < 0 ? Infinity : (Math.sqrt(root) - from) / growth;
}

function constant(value: number, seconds: number): Segment {
  return { from: value, to: value, seconds };
}

function rate(text: string, whole: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new ToolError(`--rps: expected ${FORMS}, all above 0, got '${whole}'`);
  }
  return value;
}
