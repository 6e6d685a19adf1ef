import type { RecordedLine } from './recorded-line.js';

/**
 * The lines of a recording with a number of its own for each connection, and its beginning: two recordings in one file use
 * the same numbers, and where somebody has cut lines a `connected` may be missing. A number that was used already is replaced
 * by the next one that no connection has.
 */
export function withOwnNumbers(lines: readonly RecordedLine[]): RecordedLine[] {
  const numbers = new Map<number, number>();
  const over = new Set<number>();
  let next = lines.reduce((max, { connection }) => Math.max(max, connection), 0) + 1;
  const all: RecordedLine[] = [];
  for (const line of lines) {
    const { at, connection, event } = line;
    const known = numbers.get(connection);
    const isMissing = event === 'frame' && (known === undefined || over.has(connection));
    if (event === 'connected' || isMissing) {
      numbers.set(connection, known === undefined ? connection : next++);
      over.delete(connection);
    }
    if (event === 'disconnected') over.add(connection);
    const number = numbers.get(connection) ?? connection;
    if (isMissing) all.push({ at, connection: number, event: 'connected' });
    all.push(number === connection ? line : { ...line, connection: number });
  }
  return all;
}
