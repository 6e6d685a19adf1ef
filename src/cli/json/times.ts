/** What messages of google.protobuf.Timestamp and Duration hold. */
export interface Time {
  readonly seconds: number;
  readonly nanos: number;
}

/** Both in words, for errors. */
export const TIMESTAMP_RANGE = 'a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z';
export const DURATION_RANGE = 'a duration from -315576000000.999999999s to 315576000000.999999999s';

const FIRST_SECOND = Date.parse('0001-01-01T00:00:00Z') / 1000;
const LAST_SECOND = Date.parse('9999-12-31T23:59:59Z') / 1000;
/** 10,000 years. */
const MOST_SECONDS = 315_576_000_000;
const MOST_NANOS = 999_999_999;

/** True for a point in time that JSON can say. */
export function isTimestamp({ seconds, nanos }: Time): boolean {
  return seconds >= FIRST_SECOND && seconds <= LAST_SECOND && nanos >= 0 && nanos <= MOST_NANOS;
}

/** True for a duration that JSON can say: both parts have one sign. */
export function isDuration({ seconds, nanos }: Time): boolean {
  const isMixed = (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0);
  return !isMixed && Math.abs(seconds) <= MOST_SECONDS && Math.abs(nanos) <= MOST_NANOS;
}

/** Reads a time of RFC 3339; undefined for what is none, such as a date that does not exist. It may be out of range. */
export function timestampOf(text: string): Time | undefined {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const [, date, time, fraction = '', zone = ''] = match;
  const local = Date.parse(`${date}T${time}Z`);
  // Date takes February 30th for a day in March, and 24:00 for the next day.
  if (Number.isNaN(local) || new Date(local).toISOString() !== `${date}T${time}.000Z`) return undefined;
  const ms = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(ms) ? undefined : { seconds: ms / 1000, nanos: nanosOf(fraction) };
}

/**
 * Reads a duration in seconds, such as `1.5s`, `+1s` or `.5s`: the forms that Go's protojson takes, with a digit at least.
 * Undefined for what is none. It may be out of range.
 */
export function durationOf(text: string): Time | undefined {
  const match = /^([+-]?)(?=\.?\d)(0|[1-9]\d{0,11})?(?:\.(\d{0,9}))?s$/.exec(text);
  if (!match) return undefined;
  const [, sign, seconds = '', fraction = ''] = match;
  const factor = sign === '-' ? -1 : 1;
  // Not -0.
  return { seconds: factor * Number(seconds) + 0, nanos: factor * nanosOf(fraction) + 0 };
}

/** A time of {@link isTimestamp} in RFC 3339. */
export function timestampText({ seconds, nanos }: Time): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', `${fractionOf(nanos)}Z`);
}

/** A duration of {@link isDuration}. */
export function durationText({ seconds, nanos }: Time): string {
  return `${seconds < 0 || nanos < 0 ? '-' : ''}${Math.abs(seconds)}${fractionOf(Math.abs(nanos))}s`;
}

function nanosOf(fraction: string): number {
  return Number(fraction.padEnd(9, '0'));
}

/** Three, six or nine digits, as other implementations write them. */
function fractionOf(nanos: number): string {
  if (nanos === 0) return '';
  return `.${String(nanos)
    .padStart(9, '0')
    .replace(/(000){1,2}$/, '')}`;
}
