import { median, medianSample } from '../../median.js';
import type { Sample } from '../../model.js';
import type { Results } from '../../results/results.js';
import { costs } from '../../results/slope.js';
import { slopesInWords } from '../figure-table.js';
import { barChart, type Bar } from './bar-chart.js';
import { lineChart } from './line-chart.js';

/** A chart of the report: its file in docs/maintainers/benchmarks, and what it shows. */
export interface Chart {
  file: string;
  title: string;
  svg: string;
}

/** Whether one side is ours; `of` asks for the server's side only. */
function isOurs(name: string, of: 'either' | 'server' = 'either'): boolean {
  return /\b(nest-ttrpc|engine)\b/.test(of === 'server' ? (name.split(' -> ').at(-1) ?? '') : name);
}

/** A bar for each pair of a row. */
function rowBars(results: Results, id: string, field: keyof Sample, group?: string): Bar[] {
  const samples = results.rows.find((row) => row.id === id)?.samples ?? {};
  return Object.entries(samples).map(([name, each]) => ({
    name,
    value: medianSample(each)[field],
    ours: isOurs(name, field === 'serverCpuUs' ? 'server' : 'either'),
    ...(group === undefined ? {} : { group }),
  }));
}

function figureBars(results: Results, id: string, figure: string): Bar[] {
  const values = results.figures.find((each) => each.id === id)?.values ?? {};
  return Object.entries(values).map(([name, each]) => ({
    name,
    value: median(each[figure] ?? []),
    ours: isOurs(name),
  }));
}

/** The charts for which there are results. */
export async function charts(results: Results): Promise<Chart[]> {
  const plans: [file: string, title: string, unit: string, bars: Bar[]][] = [
    [
      'unary-64-throughput',
      'Unary, 64 B, 64 in flight: throughput',
      'calls per second',
      rowBars(results, 'unary-64-x64', 'perSecond'),
    ],
    [
      'unary-64-cpu',
      'Unary, 64 B, 64 in flight: CPU of the server',
      'µs per call',
      rowBars(results, 'unary-64-x64', 'serverCpuUs'),
    ],
    ['unary-64-latency', 'Unary, 64 B, 1 in flight: median latency', 'µs', rowBars(results, 'unary-64-x1', 'p50Us')],
    [
      'streams-64',
      'Streams, 64 B: throughput',
      'messages per second',
      [
        ...rowBars(results, 'download-64', 'perSecond', 'server-streaming'),
        ...rowBars(results, 'upload-64', 'perSecond', 'client-streaming'),
        ...rowBars(results, 'chat-64', 'perSecond', 'bidi echo'),
      ],
    ],
    [
      'unary-256k-throughput',
      'Unary, 256 KiB, 64 in flight: throughput',
      'calls per second',
      rowBars(results, 'unary-256k-x64', 'perSecond'),
    ],
    [
      'memory',
      'Memory of the server for each of 1,000 connections',
      'KiB',
      figureBars(results, 'memory', 'per connection KiB'),
    ],
    ['start', 'Start of the server to the first reply', 'ms', figureBars(results, 'start', 'ms')],
  ];
  const made: Chart[] = [];
  for (const [file, title, unit, bars] of plans) {
    if (bars.length > 0) made.push({ file: `${file}.svg`, title, svg: await barChart(title, unit, bars) });
  }
  for (const figure of results.figures) {
    const { id, title, growth } = figure;
    const servers = Object.keys(figure.values);
    if (!growth || servers.length === 0) continue;
    const x = { title: growth.what, values: growth.sizes, labels: figure.figures };
    const lines = servers.map((name) => ({ name, values: costs(figure, name) }));
    const svg = await lineChart({ title, subtitle: slopesInWords(figure) }, x, { title: 'µs', lines });
    made.push({ file: `${id}.svg`, title, svg });
  }
  return made;
}
