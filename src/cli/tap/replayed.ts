import { isDeepStrictEqual } from 'node:util';
import { statusName } from '../../protocol/core/status.js';
import type { TapEvent } from './events.js';
import type { IgnoredFields } from './ignored-fields.js';
import { jsonDifferences, type JsonDifference } from './json-differences.js';
import type { MessageView } from './known-methods.js';

/** How many differences of one message are named. */
const MAX_NAMED = 10;

/** A message, in JSON, and the fields that its schema does not have by their paths. */
interface ReceivedMessage {
  readonly json: unknown;
  readonly unknown: ReadonlyMap<string, unknown>;
}

/** One call of a recording or of its replay: what was said to whoever replays. */
export interface CallRecord {
  readonly name: string;
  /** Messages from the server, in their order: responses, or the request when the server is the caller. */
  readonly received: ReceivedMessage[];
  /** How it ended; undefined without a status. */
  status: { code: number; text: string; details: readonly unknown[] } | undefined;
}

/** Collects the calls of a conversation from its events. */
export class CallRecords {
  /** By connection, mux and stream, with the number of the call on it. */
  readonly #calls = new Map<string, CallRecord>();

  /** Takes the next event. */
  push(event: TapEvent): void {
    if (!('stream' in event)) return;
    const key = keyOf(event);
    if (event.event === 'request') {
      const messages = event.from === 'server' ? [received(event.message)] : [];
      this.#calls.set(key, { name: `${event.service}/${event.method}`, received: messages, status: undefined });
      return;
    }
    const call = this.#calls.get(key);
    if (!call) return;
    if (event.event === 'message' && event.from === 'server') call.received.push(received(event.message));
    if (event.event !== 'status') return;
    if (event.from === 'server' && event.message) call.received.push(received(event.message));
    // What the client itself has sent is in the recording already.
    const { code, text, details } = event;
    call.status = { code, text, details };
  }

  /** All calls, by their place. */
  calls(): ReadonlyMap<string, CallRecord> {
    return this.#calls;
  }
}

function received(view: MessageView | undefined): ReceivedMessage {
  return { json: view?.json, unknown: new Map(view?.unknownFields()) };
}

function keyOf({ connection, mux, stream }: { connection: number; mux?: number | undefined; stream: number }): string {
  return `${connection}${mux === undefined ? '' : `/${mux}`}:${stream}`;
}

/** What is not as it was recorded, but for fields that may differ; empty when all is. */
export function differences(recorded: CallRecord, replayed: CallRecord | undefined, ignored: IgnoredFields): string[] {
  if (!replayed) return ['it was not made'];
  const found: string[] = [];
  const count = Math.max(recorded.received.length, replayed.received.length);
  for (let at = 0; at < count; at++) {
    const [was, is] = [recorded.received[at], replayed.received[at]];
    for (const each of [was, is]) see(each, ignored);
    const different = [...messageDifferences(was, is)].filter(({ path }) => !ignored.has(path));
    found.push(...different.slice(0, MAX_NAMED).map((each) => `message ${at + 1}: ${differenceText(each)}`));
    const more = different.length - MAX_NAMED;
    if (more > 0) found.push(`message ${at + 1}: ${more} more`);
  }
  if (!isDeepStrictEqual(recorded.status, replayed.status)) {
    found.push(`status: recorded ${statusText(recorded.status)}, got ${statusText(replayed.status)}`);
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

function differenceText({ path, was, is }: JsonDifference): string {
  return `${path === '' ? '' : `${path}: `}recorded ${shown(was)}, got ${shown(is)}`;
}

function statusText(status: CallRecord['status']): string {
  if (!status) return 'none';
  const details = status.details.length > 0 ? ` ${JSON.stringify(status.details)}` : '';
  return `${statusName(status.code)}${status.text === '' ? '' : `: ${status.text}`}${details}`;
}

function shown(json: unknown): string {
  return json === undefined ? 'nothing' : JSON.stringify(json);
}
