import { median } from '../median.js';
import type { Sample } from '../model.js';
import type { Results } from './results.js';

/** A pair's samples in a row: `['unary-64-x64', 'go-ttrpc -> go-ttrpc']`. */
export type Place = readonly [row: string, pair: string];

function samplesAt(results: Pick<Results, 'rows'>, [row, pair]: Place): Sample[] | undefined {
  return results.rows.find(({ id }) => id === row)?.samples[pair];
}

/**
 * How one pair compares with another: the median of the rounds' ratios, since both of a round were measured one after
 * the other. Undefined unless both were measured.
 */
export function ratio(
  results: Pick<Results, 'rows'>,
  field: keyof Sample,
  ours: Place,
  theirs: Place,
): number | undefined {
  const above = samplesAt(results, ours);
  const below = samplesAt(results, theirs);
  if (!above || !below) return undefined;
  return median(above.slice(0, below.length).map((sample, round) => sample[field] / (below[round] as Sample)[field]));
}

/** As {@link ratio}, of a figure of two servers. */
export function figureRatio(
  results: Results,
  id: string,
  name: string,
  ours: string,
  theirs: string,
): number | undefined {
  const values = results.figures.find((each) => each.id === id)?.values;
  const above = values?.[ours]?.[name];
  const below = values?.[theirs]?.[name];
  if (!above || !below) return undefined;
  return median(above.slice(0, below.length).map((value, round) => value / (below[round] as number)));
}

/** The median of a figure of a server; undefined unless it was measured. */
export function figure(results: Results, id: string, server: string, name: string): number | undefined {
  const values = results.figures.find((each) => each.id === id)?.values[server]?.[name];
  return values && median(values);
}
