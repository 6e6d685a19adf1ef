import { median } from '../median.js';
import type { FigureResult } from '../model.js';
import { textTable } from './text-table.js';

/** The medians of a figure, a server a line. */
export function figureTable({ id, title, figures, values, leftOut }: FigureResult): string {
  const lines = Object.entries(values).map(([server, each]) => [
    server,
    ...figures.map((name) => median(each[name] ?? []).toFixed(1)),
  ]);
  const without = Object.entries(leftOut).map(([name, reason]) => `\n${name}: ${reason}`);
  return `${id}: ${title}\n${textTable(['server', ...figures], lines)}${without.join('')}`;
}
