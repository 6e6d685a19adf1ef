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

/** `Slope from 100 connections on: engine 0.14, floor 0.13; the work itself: 0`; empty for figures that do not grow. */
export function slopesInWords(figure: FigureResult): string {
  const { growth, values } = figure;
  if (!growth) return '';
  const { what, work, from } = growth;
  const each = Object.keys(values).map((server) => `${server} ${(slope(figure, server) as number).toFixed(2)}`);
  return `Slope${from === undefined ? '' : ` from ${from} ${what} on`}: ${each.join(', ')}; the work itself: ${work}`;
}

/** How a growing figure has grown, in a few sentences; empty for others. */
export function growthText(figure: FigureResult): string {
  const { growth } = figure;
  if (!growth || Object.keys(figure.values).length === 0) return '';
  const steps = slopes(figure).map(({ from, to, exponent }) => `${exponent.toFixed(2)} from ${from} to ${to}`);
  const sentences = [`${slopesInWords(figure)} (exponent of growth). In steps: ${steps.join(', ')}.`];
  if (growth.work === 1) {
    const each = increments(figure).map((ns) => (Math.abs(ns) < 10 ? ns.toFixed(2) : ns.toFixed(0)));
    sentences.push(`One more of them (${growth.what}) costs, in ns, from size to size: ${each.join(', ')}.`);
  }
  if (growth.note !== undefined) sentences.push(growth.note);
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
