import { textTable } from '../report/text-table.js';
import type { Results } from '../results/results.js';
import { isMet } from './target.js';
import { targets } from './targets.js';

/** The cells of the table of targets, without those that were not measured. */
export function targetLines(results: Results): string[][] {
  return targets.flatMap((target) => {
    const measured = target.measured(results);
    if (measured === undefined) return [];
    const unit = target.unit === undefined ? '' : ` ${target.unit}`;
    const bound = target.bound === '>=' ? 'at least' : 'at most';
    const met = isMet(target, measured) ? 'yes' : 'no';
    return [[target.measure, `${bound} ${target.limit}${unit}`, `${measured.toFixed(2)}${unit}`, met]];
  });
}

/** The header of the table of targets. */
export const TARGET_HEADER = ['target', 'limit', 'measured', 'met'];

/** For the terminal; empty where nothing of it was measured. */
export function targetsTable(results: Results): string {
  const lines = targetLines(results);
  return lines.length === 0 ? '' : textTable(TARGET_HEADER, lines);
}
