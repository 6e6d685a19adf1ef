import { statusName } from '../../protocol/core/status.js';
import { plainJson } from '../plain-text.js';
import type { TapEvent } from './events.js';
import type { MessageView } from './known-methods.js';

/** An event as one line of JSON. `at` is when it was seen. */
export function jsonLineOf(event: TapEvent, at: Date): string {
  const { event: kind, ...fields } = event;
  const json: Record<string, unknown> = { time: at.toISOString(), event: kind, ...fields };
  // To a microsecond.
  if ('durationMs' in event && event.durationMs !== undefined)
    json['durationMs'] = Math.round(event.durationMs * 1000) / 1000;
  if ('message' in fields) {
    delete json['message'];
    Object.assign(json, messageOf(fields.message));
  }
  if (event.event === 'request') {
    json['metadata'] = valuesByKey(event.metadata);
  }
  if (event.event === 'status') json['status'] = statusName(event.code);
  return plainJson(json);
}

/** The client chooses the keys: `__proto__` and `constructor` are keys like any other. */
function valuesByKey(metadata: readonly (readonly [string, string])[]): object {
  const values = new Map<string, string[]>();
  for (const [key, value] of metadata) {
    const known = values.get(key);
    if (known) known.push(value);
    else values.set(key, [value]);
  }
  return Object.fromEntries(values);
}

function messageOf(view: MessageView | undefined): object {
  if (view === undefined) return {};
  return { bytes: view.bytes, message: view.json, ...(view.isGuess ? { guessed: true } : {}) };
}
