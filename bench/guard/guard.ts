import type { Row } from '../model.js';
import { pairName } from '../model.js';
import { buildGo } from '../peers/go-programs.js';
import { textTable } from '../report/text-table.js';
import { ratio } from '../results/ratio.js';
import type { Results } from '../results/results.js';
import { rows } from '../rows/rows.js';
import type { Effort } from '../runner/effort.js';
import { runRow } from '../runner/run-row.js';
import { limits, type Limit } from './limits.js';

/** A ratio beyond its limit is measured again with more rounds before it counts. */
const ROUNDS = [3, 7, 11];
const EFFORT: Omit<Effort, 'rounds'> = { ms: 150, warmUpMs: 500, collected: false, ageMs: 0 };

type Measured = Pick<Results, 'rows' | 'figures'>;

/**
 * Measures what `limits` compares, side by side, and resolves with whether every ratio holds: never an absolute time.
 * Without Go nothing is compared; in CI that is a failure.
 */
export async function guard(): Promise<boolean> {
  if ((await buildGo()) === undefined) {
    console.log(
      'skipped, no Go toolchain: there is no "go" in PATH. Not compared: our speed with Go and with the floor',
    );
    return process.env['CI'] === undefined;
  }
  let open = limits;
  const lines: string[][] = [];
  for (const rounds of ROUNDS) {
    const results = await measure(open, rounds);
    const beyond: Limit[] = [];
    for (const limit of open) {
      const measured = ratio(results, limit.field, limit.ours, limit.theirs);
      const holds = measured !== undefined && keeps(limit, measured);
      if (!holds) beyond.push(limit);
      const shown = measured?.toFixed(2) ?? results.rows.map(({ leftOut }) => JSON.stringify(leftOut)).join(' ');
      lines.push([limit.what, `${limit.bound} ${limit.limit}`, shown, String(rounds), holds ? 'yes' : 'no']);
    }
    open = beyond;
    if (open.length === 0) break;
  }
  console.log(textTable(['ratio', 'limit', 'measured', 'rounds', 'holds'], lines));
  for (const { what } of open) console.log(`FAILED: ${what}`);
  return open.length === 0;
}

function keeps({ bound, limit }: Limit, measured: number): boolean {
  return bound === '<=' ? measured <= limit : measured >= limit;
}

async function measure(wanted: readonly Limit[], rounds: number): Promise<Measured> {
  const places = wanted.flatMap(({ ours, theirs }) => [ours, theirs]);
  const measured: Measured = { rows: [], figures: [] };
  for (const id of new Set(places.map(([row]) => row))) {
    const names = new Set(places.filter(([row]) => row === id).map(([, pair]) => pair));
    const row = rows.find((each) => each.id === id) as Row;
    const pairs = row.pairs.filter((pair) => names.has(pairName(pair)));
    measured.rows.push(await runRow({ ...row, pairs, leftOut: {} }, { ...EFFORT, rounds }, () => undefined));
  }
  return measured;
}
