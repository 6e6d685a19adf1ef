import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

const OURS = '#c2185b';
const OTHERS = '#9e9e9e';

/** A line of a chart, with a value for each x. */
export interface Line {
  name: string;
  values: readonly number[];
}

/** An SVG of lines with their points, both axes logarithmic. The first line is ours. */
export async function lineChart(
  { title, subtitle }: { title: string; subtitle: string },
  x: { title: string; values: readonly number[]; labels: readonly string[] },
  y: { title: string; lines: readonly Line[] },
): Promise<string> {
  const values = y.lines.flatMap(({ name, values: costs }) =>
    x.values.map((size, i) => ({ server: name, size, cost: costs[i] })),
  );
  const names = y.lines.map(({ name }) => name);
  const labels = Object.fromEntries(x.values.map((size, i) => [size, x.labels[i]]));
  const spec: TopLevelSpec = {
    background: 'white',
    title: { text: title, subtitle, anchor: 'start' },
    data: { values },
    width: 420,
    height: 240,
    mark: { type: 'line', point: true },
    encoding: {
      // A logarithm of 0 there is none: near it the scale is linear.
      x: {
        field: 'size',
        type: 'quantitative',
        title: x.title,
        scale: { type: 'symlog' },
        axis: { values: [...x.values], labelExpr: `(${JSON.stringify(labels)})[datum.value]`, labelOverlap: true },
      },
      y: { field: 'cost', type: 'quantitative', title: y.title, scale: { type: 'log', nice: false } },
      color: {
        field: 'server',
        type: 'nominal',
        title: null,
        scale: { domain: names, range: names.map((_, i) => (i === 0 ? OURS : OTHERS)) },
        sort: names,
      },
    },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
