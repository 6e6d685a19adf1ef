import { median } from '../median.js';
import type { FigureResult } from '../model.js';
import { slopes } from '../results/slope.js';
import { leftOutLines } from './row-table.js';
import { textTable } from './text-table.js';

/** The medians of a figure, a server a line. */
export function figureLines({ figures, values }: FigureResult): string[][] {
  return Object.entries(values).map(([server, each]) => [
    server,
    ...figures.map((name) => median(each[name] ?? []).toFixed(1)),
  ]);
}

/** How a growing figure has grown, in a sentence; empty for others. */
export function growthText(figure: FigureResult): string {
  const { growth } = figure;
  if (!growth || Object.keys(figure.values).length === 0) return '';
  const each = slopes(figure).map(({ from, to, exponent }) => `${exponent.toFixed(2)} from ${from} to ${to}`);
  return `Slope (exponent of growth; the work itself grows with ${growth.work}): ${each.join(', ')}.`;
}

/** For the terminal. */
export function figureTable(figure: FigureResult): string {
  const { id, title, figures } = figure;
  return [
    `${id}: ${title}`,
    textTable(['server', ...figures], figureLines(figure)),
    growthText(figure),
    ...leftOutLines(figure),
  ].join('\n');
}
