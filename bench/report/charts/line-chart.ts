import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** An SVG of one line with its points, both axes logarithmic. */
export async function lineChart(
  title: string,
  x: { title: string; values: readonly number[] },
  y: { title: string; values: readonly number[] },
): Promise<string> {
  const values = x.values.map((size, i) => ({ size, cost: y.values[i] }));
  const spec: TopLevelSpec = {
    background: 'white',
    title: { text: title, anchor: 'start' },
    data: { values },
    width: 420,
    height: 240,
    mark: { type: 'line', point: true, color: '#c2185b' },
    encoding: {
      // A logarithm of 0 there is none: near it the scale is linear.
      x: { field: 'size', type: 'quantitative', title: x.title, scale: { type: 'symlog' } },
      y: { field: 'cost', type: 'quantitative', title: y.title, scale: { type: 'log' } },
    },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
