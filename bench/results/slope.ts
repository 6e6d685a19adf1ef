import { median } from '../median.js';
import type { FigureResult } from '../model.js';

/** How a cost has grown between two sizes. */
export interface Slope {
  from: string;
  to: string;
  /** The exponent: 0 does not grow, 1 is proportional, above that it grows faster. */
  exponent: number;
}

/** The medians of a growing figure, in the order of its sizes. */
export function costs({ figures, values }: FigureResult): number[] {
  const [first = {}] = Object.values(values);
  return figures.map((name) => median(first[name] ?? []));
}

/** The slopes of a growing figure on a doubly logarithmic scale, from each size to the next, without one from 0. */
export function slopes(figure: FigureResult): Slope[] {
  const { figures, growth } = figure;
  const sizes = growth?.sizes ?? [];
  const at = costs(figure);
  return sizes.slice(1).flatMap((size, i) => {
    const before = sizes[i] as number;
    if (before === 0) return [];
    const exponent = Math.log((at[i + 1] as number) / (at[i] as number)) / Math.log(size / before);
    return [{ from: figures[i] as string, to: figures[i + 1] as string, exponent }];
  });
}
