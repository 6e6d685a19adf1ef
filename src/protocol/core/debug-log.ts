import { debuglog } from 'node:util';

const log = debuglog('nestjs-ttrpc');

/** Longer lines are cut. */
const MAX_CHARACTERS = 2000;

/** True when NODE_DEBUG names `nestjs-ttrpc`; decided when the library is loaded. */
export const debugging: boolean = log.enabled;

/** Writes a line to standard error, as Node's own debug lines. What a peer has chosen cannot begin another line. */
export function debugLine(line: string): void {
  log('%s', line.slice(0, MAX_CHARACTERS).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escaped));
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
