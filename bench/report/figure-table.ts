import { median } from '../median.js';
import type { FigureResult } from '../model.js';
import { leftOutLines } from './row-table.js';
import { textTable } from './text-table.js';

/** The medians of a figure, a server a line. */
export function figureLines({ figures, values }: FigureResult): string[][] {
  return Object.entries(values).map(([server, each]) => [
    server,
    ...figures.map((name) => median(each[name] ?? []).toFixed(1)),
  ]);
}

/** For the terminal. */
export function figureTable(figure: FigureResult): string {
  const { id, title, figures } = figure;
  return [`${id}: ${title}`, textTable(['server', ...figures], figureLines(figure)), ...leftOutLines(figure)].join(
    '\n',
  );
}
