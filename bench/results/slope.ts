import { median } from '../median.js';
import type { FigureResult } from '../model.js';

/** How a cost has grown between two sizes. */
export interface Slope {
  from: string;
  to: string;
  /** The exponent: 0 does not grow, 1 is proportional, above that it grows faster. */
  exponent: number;
}

/** The medians of a growing figure, in the order of its sizes: those of its first server, or of `server`. */
export function costs({ figures, values }: FigureResult, server?: string): number[] {
  const measured = (server === undefined ? Object.values(values)[0] : values[server]) ?? {};
  return figures.map((name) => median(measured[name] ?? []));
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

/**
 * The slope over all sizes from `growth.from` on: that of the straight line with the least squares, on a doubly logarithmic
 * scale; of the first server, or of `server`. Undefined unless it was measured.
 */
export function slope(figure: FigureResult, server?: string): number | undefined {
  const { growth, values } = figure;
  if (!growth || Object.keys(values).length === 0 || (server !== undefined && !(server in values))) return undefined;
  const from = Math.max(growth.from ?? 0, Number.MIN_VALUE);
  const at = costs(figure, server);
  const points = growth.sizes.flatMap((size, i) => (size < from ? [] : [[Math.log(size), Math.log(at[i] as number)]]));
  const mean = (axis: number): number =>
    points.reduce((sum, point) => sum + (point[axis] as number), 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  let above = 0;
  let below = 0;
  for (const [a = 0, b = 0] of points) {
    above += (a - x) * (b - y);
    below += (a - x) ** 2;
  }
  return above / below;
}

/** What each one more costs between two sizes, in ns, from each size to the next. */
export function increments(figure: FigureResult): number[] {
  const sizes = figure.growth?.sizes ?? [];
  const at = costs(figure);
  return sizes
    .slice(1)
    .map((size, i) => (1000 * ((at[i + 1] as number) - (at[i] as number))) / (size - (sizes[i] as number)));
}
