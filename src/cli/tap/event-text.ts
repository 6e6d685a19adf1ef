import { statusName } from '../../protocol/core/status.js';
import { lastSegment } from '../../protocol/core/suggest.js';
import { styled } from '../output.js';
import { plainText } from '../plain-text.js';
import type { TapEvent } from './events.js';
import type { MessageView } from './known-methods.js';

/** How much of a message, a status or the metadata stands on a line, in characters. */
const MAX_TEXT = 2000;

/** How much of a name, or of one string of a message: bytes are base64, which nobody reads. */
const MAX_STRING = 200;

/** In JSON each takes two characters at least: what stands behind these is not on the line. */
const MAX_ITEMS = MAX_TEXT / 2;

/** An event as one line for people, whatever the peers have put into it. `at` is when it was seen. */
export function textOf(event: TapEvent, at: Date, out: NodeJS.WriteStream): string {
  const place = event.mux === undefined ? String(event.connection) : `${event.connection}/${event.mux}`;
  const stream = 'stream' in event ? `:${event.stream}` : '';
  const arrow = 'from' in event ? (event.from === 'client' ? '→ ' : '← ') : '';
  const time = styled('dim', at.toISOString().slice(11, 23), out);
  return `${time} ${styled('cyan', `${place}${stream}`, out)} ${arrow}${whatOf(event, out)}`;
}

function whatOf(event: TapEvent, out: NodeJS.WriteStream): string {
  switch (event.event) {
    case 'connected':
    case 'disconnected':
      return styled('dim', event.event, out);
    case 'request': {
      const parts = [styled('bold', `${nameText(event.service)}/${nameText(event.method)}`, out)];
      if (event.timeoutMs !== undefined) parts.push(`[timeout ${msOf(event.timeoutMs)}]`);
      if (event.metadata.length > 0) parts.push(metadataText(event.metadata));
      if (event.message) parts.push(jsonOf(event.message));
      return parts.join(' ');
    }
    case 'message':
      return `${nameText(event.method)} message ${event.number} ${jsonOf(event.message)}`;
    case 'half-close':
      return `${nameText(event.method)} ends its messages`;
    case 'status': {
      const isOk = event.code === 0;
      const parts = [`${callText(event)} ${styled(isOk ? 'green' : 'red', statusName(event.code), out)}`];
      if (event.durationMs !== undefined) parts.push(styled('dim', msOf(event.durationMs), out));
      if (event.message) parts.push(jsonOf(event.message));
      else if (isOk && event.method !== undefined)
        parts.push(`after ${event.responses} message${event.responses === 1 ? '' : 's'}`);
      else parts.push(cutText(event.text));
      for (const detail of event.details) parts.push(cutText(JSON.stringify(detail)));
      return parts.join(' ');
    }
    case 'unfinished': {
      const what = `${nameText(lastSegment(event.service))}/${nameText(event.method)} has no status: the connection has ended`;
      return `${styled('yellow', what, out)} after ${msOf(event.durationMs)}`;
    }
    case 'note':
      return styled('yellow', plainText(event.text), out);
  }
}

/** A guess is marked by `~`. */
function jsonOf({ json, isGuess, bytes }: MessageView): string {
  const text = JSON.stringify(json, (_name, value: unknown) => {
    if (typeof value === 'string') return shortened(value, MAX_STRING);
    return Array.isArray(value) ? value.slice(0, MAX_ITEMS) : value;
  });
  const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${bytes} bytes)` : text;
  // JSON leaves some of what controls a terminal as it is.
  return plainText(isGuess ? `~${shown}` : shown);
}

function metadataText(metadata: readonly (readonly [string, string])[]): string {
  let text = '';
  for (const [key, value] of metadata) {
    if (text.length > MAX_TEXT) return `${text}… (${metadata.length} values)`;
    text += `${text === '' ? '' : ' '}[${nameText(key)}: ${nameText(value)}]`;
  }
  return text;
}

/** The name of the call that a status is of: a peer may send one that is of none. */
function callText({ method }: { method: string | undefined }): string {
  return method === undefined ? '(no open call)' : nameText(method);
}

function nameText(text: string): string {
  return plainText(shortened(text, MAX_STRING));
}

function cutText(text: string): string {
  return plainText(shortened(text, MAX_TEXT));
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}… (${text.length} characters)` : text;
}

function msOf(ms: number): string {
  // Of a deadline: a client may send a nanosecond, or one that has passed.
  if (ms !== 0 && Math.abs(ms) < 0.01) return `${Math.round(ms * 1e6)} ns`;
  return Math.abs(ms) >= 1000
    ? `${(ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 3)} s`
    : `${ms.toFixed(ms % 1 === 0 ? 0 : 2)} ms`;
}
