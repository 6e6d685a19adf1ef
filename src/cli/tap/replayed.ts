import { isDeepStrictEqual } from 'node:util';
import { statusName } from '../../protocol/core/status.js';
import type { TapEvent } from './events.js';
import type { IgnoredFields } from './ignored-fields.js';
import { jsonText } from '../json/json-text.js';
import { jsonDifferences, type JsonDifference } from './json-differences.js';
import type { MessageView } from './known-methods.js';

/** How many differences of one message are named. */
const MAX_NAMED = 10;

/** How much of what is the same stands in front of a difference in a long value, in characters. */
const SAME_SHOWN = 20;

/** A message, in JSON, and the fields that its schema does not have by their paths. */
interface ReceivedMessage {
  readonly json: unknown;
  readonly unknown: ReadonlyMap<string, unknown>;
}

/** One call of a recording or of its replay: what was said to whoever replays. */
export interface CallRecord {
  readonly connection: number;
  readonly name: string;
  /** Messages from the server, in their order: responses, or the request when the server is the caller. */
  received: ReceivedMessage[];
  /** How it ended; undefined without a status. */
  status: { code: number; text: string; details: readonly unknown[] } | undefined;
}

/** Collects the calls of a conversation from its events. */
export class CallRecords {
  /** By connection, mux and stream, with the number of the call on it from the second on: `1:3#2`. */
  readonly #calls = new Map<string, CallRecord>();
  /** By connection, mux and stream: the call on it, and its number. */
  readonly #last = new Map<string, { readonly call: CallRecord; readonly place: string; readonly number: number }>();
  /** Their names, each once. */
  readonly #names = new Map<string, string>();

  /** `onStatus` is told of each call that has a status. */
  constructor(private readonly onStatus: (place: string, call: CallRecord) => void) {}

  /** Takes the next event. */
  push(event: TapEvent): void {
    if (!('stream' in event)) return;
    const key = keyOf(event);
    const last = this.#last.get(key);
    if (event.event === 'request') {
      const messages = event.from === 'server' ? [received(event.message)] : [];
      const { connection, service, method } = event;
      const call = { connection, name: this.#nameOf(service, method), received: messages, status: undefined };
      const number = (last?.number ?? 0) + 1;
      const place = number === 1 ? key : `${key}#${number}`;
      this.#last.set(key, { call, place, number });
      this.#calls.set(place, call);
      return;
    }
    if (!last) return;
    const { call, place } = last;
    if (event.event === 'message' && event.from === 'server') call.received.push(received(event.message));
    if (event.event !== 'status') return;
    if (event.from === 'server' && event.message) call.received.push(received(event.message));
    // What the client itself has sent is in the recording already.
    const { code, text, details } = event;
    call.status = { code, text, details };
    this.onStatus(place, call);
  }

  /** All calls, by their place. */
  calls(): ReadonlyMap<string, CallRecord> {
    return this.#calls;
  }

  #nameOf(service: string, method: string): string {
    const name = `${service}/${method}`;
    const known = this.#names.get(name);
    if (known === undefined) this.#names.set(name, name);
    return known ?? name;
  }
}

/** Forgets the messages of a call that is over and as it was recorded: to the next comparison it is so, too. */
export function forgetSame(recorded: CallRecord | undefined, replayed: CallRecord | undefined, how: Comparison): void {
  if (!recorded?.status || !replayed?.status || differences(recorded, replayed, how).length > 0) return;
  recorded.received = [];
  replayed.received = [];
}

/** Of most messages. */
const NO_FIELDS: ReadonlyMap<string, unknown> = new Map();

function received(view: MessageView | undefined): ReceivedMessage {
  const unknown = new Map(view?.unknownFields());
  return { json: view?.json, unknown: unknown.size === 0 ? NO_FIELDS : unknown };
}

function keyOf({ connection, mux, stream }: { connection: number; mux?: number | undefined; stream: number }): string {
  return `${connection}${mux === undefined ? '' : `/${mux}`}:${stream}`;
}

/** What is compared, and how it is told. */
export interface Comparison {
  readonly ignored: IgnoredFields;
  /** The server had ended these connections. */
  readonly endedByServer: ReadonlySet<number>;
  /** How much of a value is shown, in characters. */
  readonly maxShown: number;
}

/**
 * What is not as it was recorded, but for fields that may differ; empty when all is. A call that had no status, since its
 * client had left or the tap had ended, is compared as far as it was recorded.
 */
export function differences(
  recorded: CallRecord,
  replayed: CallRecord | undefined,
  { ignored, endedByServer, maxShown }: Comparison,
): string[] {
  const isUnfinished = recorded.status === undefined;
  const wasEnded = endedByServer.has(recorded.connection);
  // A server that closes without an answer may do so before the call or after it.
  const isUnanswered = isUnfinished && recorded.received.length === 0;
  if (!replayed) return isUnanswered && wasEnded ? [] : ['it was not made'];
  const found: string[] = [];
  // A server that makes calls may make others.
  if (recorded.name !== replayed.name) found.push(`method: recorded ${recorded.name}, got ${replayed.name}`);
  const isCut = isUnfinished && !wasEnded;
  const count = isCut ? recorded.received.length : Math.max(recorded.received.length, replayed.received.length);
  for (let at = 0; at < count; at++) {
    const [was, is] = [recorded.received[at], replayed.received[at]];
    for (const each of [was, is]) see(each, ignored);
    const different = [...messageDifferences(was, is)].filter(({ path }) => !ignored.has(path));
    found.push(...different.slice(0, MAX_NAMED).map((each) => `message ${at + 1}: ${differenceText(each, maxShown)}`));
    const more = different.length - MAX_NAMED;
    if (more > 0) found.push(`message ${at + 1}: ${more} more`);
  }
  if (!isCut && !isDeepStrictEqual(recorded.status, replayed.status)) {
    const [was, is] = bothShown(statusText(recorded.status), statusText(replayed.status), maxShown);
    found.push(`status: recorded ${was}, got ${is}`);
  }
  return found;
}

function* messageDifferences(
  was: ReceivedMessage | undefined,
  is: ReceivedMessage | undefined,
): Generator<JsonDifference, void, undefined> {
  yield* jsonDifferences(was?.json, is?.json);
  // One that did not come at all differs as a whole.
  if (!was || !is) return;
  for (const path of new Set([...was.unknown.keys(), ...is.unknown.keys()])) {
    yield* jsonDifferences(was.unknown.get(path), is.unknown.get(path), path);
  }
}

/** Tells `ignored` the names of all fields of a message. */
function see(message: ReceivedMessage | undefined, ignored: IgnoredFields): void {
  if (!message) return;
  ignored.see(message.json);
  for (const [path, value] of message.unknown) ignored.see({ [path.slice(path.lastIndexOf('.') + 1)]: value });
}

function differenceText({ path, was, is }: JsonDifference, maxShown: number): string {
  const [before, now] = bothShown(shown(was), shown(is), maxShown);
  return `${path === '' ? '' : `${path}: `}recorded ${before}, got ${now}`;
}

/** Two texts, of each no more than `max` characters, from a little before the first that is not the same. */
function bothShown(was: string, is: string, max: number): [string, string] {
  let same = 0;
  while (same < was.length && was[same] === is[same]) same++;
  const part = (text: string): string => {
    if (text.length <= max) return text;
    const from = Math.max(0, Math.min(same - SAME_SHOWN, text.length - max));
    const end = from + max < text.length ? '…' : '';
    return `${from > 0 ? '…' : ''}${text.slice(from, from + max)}${end} (${text.length} characters)`;
  };
  return [part(was), part(is)];
}

function statusText(status: CallRecord['status']): string {
  if (!status) return 'none';
  const details = status.details.length > 0 ? ` ${JSON.stringify(status.details)}` : '';
  return `${statusName(status.code)}${status.text === '' ? '' : `: ${status.text}`}${details}`;
}

function shown(json: unknown): string {
  return json === undefined ? 'nothing' : jsonText(json);
}
