import type { BenchOptions } from './options.js';
import { figures } from './figures/figures.js';
import type { Figure } from './figures/figure.js';
import { pairName, type Pair, type Row } from './model.js';
import { QUICK_PAIRS } from './rows/pairs.js';
import { rows } from './rows/rows.js';

/** What the options leave of the bench. */
export interface Plan {
  rows: Row[];
  figures: Figure[];
}

/** Picks rows and figures by name, pairs by peer; pairs of peers that are missing are left out with the reason. */
export function plan(options: BenchOptions, missing: Record<string, string>): Plan {
  const wanted = ({ id, quick }: { id: string; quick: boolean }): boolean =>
    options.rows.length > 0 ? options.rows.some((part) => id.includes(part)) : quick || !options.quick;
  const named = (pair: Pair): boolean =>
    options.peers.length === 0
      ? !options.quick || QUICK_PAIRS.has(pairName(pair))
      : options.peers.includes(pair.client) && options.peers.includes(pair.server);
  return {
    rows: rows
      .filter(wanted)
      .map((row) => {
        const pairs = row.pairs.filter(named);
        const leftOut: Record<string, string> = {};
        for (const pair of pairs) {
          const reason = row.leftOut?.[pairName(pair)] ?? missing[pair.client] ?? missing[pair.server];
          if (reason !== undefined) leftOut[pairName(pair)] = reason;
        }
        return { ...row, pairs, leftOut };
      })
      .filter(({ pairs }) => pairs.length > 0),
    figures: figures
      .filter(wanted)
      .map((figure) => ({ ...figure, pairs: figure.pairs.filter(named) }))
      .filter(({ pairs }) => pairs.length > 0),
  };
}
