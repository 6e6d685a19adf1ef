import { median } from '../median.js';
import type { FigureResult } from '../model.js';
import { increments, slope, slopes } from '../results/slope.js';
import { leftOutLines } from './row-table.js';
import { textTable } from './text-table.js';

/** The medians of a figure, a server a line. */
export function figureLines({ figures, values }: FigureResult): string[][] {
  return Object.entries(values).map(([server, each]) => [
    server,
    ...figures.map((name) => median(each[name] ?? []).toFixed(1)),
  ]);
}

/** How a growing figure has grown, in a few sentences; empty for others. */
export function growthText(figure: FigureResult): string {
  const { growth } = figure;
  const overall = slope(figure);
  if (!growth || overall === undefined) return '';
  const { what, work, from, note } = growth;
  const others = Object.keys(figure.values)
    .slice(1)
    .map((server) => `${server} ${(slope(figure, server) as number).toFixed(2)}`);
  const steps = slopes(figure).map(({ from, to, exponent }) => `${exponent.toFixed(2)} from ${from} to ${to}`);
  const sentences = [
    `Slope (exponent of growth; the work itself grows with ${work})${from === undefined ? '' : ` from ${from} ${what} on`}: ` +
      `${[overall.toFixed(2), ...others].join(', ')}. In steps: ${steps.join(', ')}.`,
  ];
  if (work === 1) {
    const each = increments(figure).map((ns) => (Math.abs(ns) < 10 ? ns.toFixed(2) : ns.toFixed(0)));
    sentences.push(`One more of them (${what}) costs, in ns, from size to size: ${each.join(', ')}.`);
  }
  if (note !== undefined) sentences.push(note);
  return sentences.join(' ');
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
