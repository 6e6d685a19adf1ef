import { STATUS_CODES, type FrameMatch, type StatusMatch, type TextMatch } from '../case.js';
import { showBytes, toBytes } from '../wire/bytes.js';
import { readResponse, type ReadResponse } from '../wire/envelope.js';
import { DATA, RESPONSE, type ReadFrame } from '../wire/frame.js';

/** The name of a status code, or the number of one that has none. */
export function codeName(code: number): string {
  const named = Object.entries(STATUS_CODES).find(([, number]) => number === code);
  return named ? named[0] : `status ${code}`;
}

const FLAG_NAMES: [number, string][] = [
  [1, 'remote-closed'],
  [2, 'remote-open'],
  [4, 'no-data'],
];

function showFlags(flags: number): string {
  if (flags === 0) return '';
  const names = FLAG_NAMES.filter(([bit]) => flags & bit).map(([, name]) => name);
  if (flags & ~7) names.push(`0x${(flags & ~7).toString(16)}`);
  return `[${names.join(', ')}]`;
}

function showResponse({ status, payload }: ReadResponse): string {
  const parts: string[] = [];
  if (status === undefined) parts.push('OK');
  else {
    parts.push(
      status.code === 0 ? 'OK with a status of code 0' : codeName(status.code),
      JSON.stringify(status.message),
    );
    for (const { typeUrl, value } of status.details) parts.push(`detail ${typeUrl} ${showBytes(value)}`);
  }
  if (payload !== undefined) parts.push(`payload ${showBytes(payload)}`);
  return parts.join(' ');
}

/** A frame in a line of a report, without its stream id. */
export function showFrame(frame: ReadFrame): string {
  const flags = showFlags(frame.flags);
  if (frame.type === DATA) return `Data${flags} ${showBytes(frame.data)}`;
  if (frame.type !== RESPONSE) return `type ${frame.type}${flags} ${showBytes(frame.data)}`;
  try {
    return `Response${flags} ${showResponse(readResponse(frame.data))}`;
  } catch (error) {
    return `Response${flags} that does not decode (${String(error)}) ${showBytes(frame.data)}`;
  }
}

export function showText(text: TextMatch): string {
  return typeof text === 'string' ? JSON.stringify(text) : `/${text.pattern}/`;
}

export function showStatus(match: StatusMatch): string {
  const details = (match.details ?? []).map(({ typeUrl, value }) => ` detail ${typeUrl} ${showBytes(toBytes(value))}`);
  return `${match.code} ${showText(match.message)}${details.join('')}`;
}

/** What a case waits for, in the words of `showFrame`. */
export function showMatch(match: FrameMatch): string {
  if ('ok' in match) {
    const payload = toBytes(match.ok);
    return `Response OK${payload.length > 0 ? ` payload ${showBytes(payload)}` : ''}`;
  }
  if ('error' in match) return `Response ${showStatus(match.error)}`;
  return `Data${showFlags(match.flags ?? 0)} ${showBytes(toBytes(match.data))}`;
}
