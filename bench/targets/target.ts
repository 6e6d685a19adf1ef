import type { Sample } from '../model.js';
import { figure, ratio, type Place } from '../results/ratio.js';
import type { Results } from '../results/results.js';

/** Something that must be reached. */
export interface Target {
  measure: string;
  /** `at least` or `at most` the limit. */
  bound: '>=' | '<=';
  limit: number;
  unit?: string;
  /** Undefined where it was not measured. */
  measured(results: Results): number | undefined;
}

/** A target that compares two pairs. */
export function ratioTarget(
  measure: string,
  bound: Target['bound'],
  limit: number,
  field: keyof Sample,
  ours: Place,
  theirs: Place,
): Target {
  return { measure, bound, limit, measured: (results) => ratio(results, field, ours, theirs) };
}

/** A target for a figure of our server. */
export function figureTarget(measure: string, limit: number, unit: string, id: string, name: string): Target {
  return { measure, bound: '<=', limit, unit, measured: (results) => figure(results, id, 'nest-ttrpc', name) };
}

/** Whether a measured value keeps the bound. */
export function isMet({ bound, limit }: Target, measured: number): boolean {
  return bound === '>=' ? measured >= limit : measured <= limit;
}
