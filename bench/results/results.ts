import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { FigureResult, RowResult } from '../model.js';
import type { Machine } from './machine.js';

/** Everything that a run has found, as it stands in its JSON file. Times in microseconds, CPU for each call. */
export interface Results {
  /** The day of the first measurement. */
  date: string;
  /** How to do it again. */
  command: string;
  /** How long the measurements took, over all runs that `--resume` has joined. */
  seconds: number;
  machine: Machine;
  versions: Record<string, string>;
  rows: RowResult[];
  figures: FigureResult[];
}

/** The results in a file, or undefined where there is none. */
export function readResults(path: string): Results | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : undefined;
}

/** Written after each row, so that a run that is cut off can go on with `--resume`. */
export function writeResults(path: string, results: Results): void {
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`);
}
