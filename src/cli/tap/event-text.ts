import { statusName } from '../../protocol/core/status.js';
import { lastSegment } from '../../schema/suggest.js';
import { styled } from '../output.js';
import { plainText } from '../plain-text.js';
import type { TapEvent } from './events.js';
import type { MessageView } from './known-methods.js';

/** How much of a message stands on a line, in characters. */
const MAX_JSON = 2000;

/** How much of one string of it: bytes are base64, which nobody reads. */
const MAX_STRING = 200;

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
      const parts = [styled('bold', plainText(`${event.service}/${event.method}`), out)];
      if (event.timeoutMs !== undefined) parts.push(`[timeout ${msOf(event.timeoutMs)}]`);
      parts.push(...event.metadata.map(([key, value]) => plainText(`[${key}: ${value}]`)));
      if (event.message) parts.push(jsonOf(event.message));
      return parts.join(' ');
    }
    case 'message':
      return `${plainText(event.method)} message ${event.number} ${jsonOf(event.message)}`;
    case 'half-close':
      return `${plainText(event.method)} ends its messages`;
    case 'status': {
      const isOk = event.code === 0;
      const parts = [`${plainText(event.method)} ${styled(isOk ? 'green' : 'red', statusName(event.code), out)}`];
      parts.push(styled('dim', msOf(event.durationMs), out));
      if (event.message) parts.push(jsonOf(event.message));
      else if (isOk) parts.push(`after ${event.responses} message${event.responses === 1 ? '' : 's'}`);
      else parts.push(plainText(event.text));
      for (const detail of event.details) parts.push(plainText(JSON.stringify(detail)));
      return parts.join(' ');
    }
    case 'unfinished': {
      const what = `${lastSegment(event.service)}/${event.method} has no status: the connection has ended`;
      return `${styled('yellow', plainText(what), out)} after ${msOf(event.durationMs)}`;
    }
    case 'note':
      return styled('yellow', plainText(event.text), out);
  }
}

/** A guess is marked by `~`. */
function jsonOf({ json, isGuess, bytes }: MessageView): string {
  const text = JSON.stringify(json, (_name, value: unknown) => (typeof value === 'string' ? shortened(value) : value));
  const shown = text.length > MAX_JSON ? `${text.slice(0, MAX_JSON)}… (${bytes} bytes)` : text;
  // JSON leaves some of what controls a terminal as it is.
  return plainText(isGuess ? `~${shown}` : shown);
}

function shortened(text: string): string {
  return text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}… (${text.length} characters)` : text;
}

function msOf(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 3)} s` : `${ms.toFixed(ms % 1 === 0 ? 0 : 2)} ms`;
}
