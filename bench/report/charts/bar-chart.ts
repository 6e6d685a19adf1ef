import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** One bar. */
export interface Bar {
  name: string;
  value: number;
  /** Ours stand out. */
  ours: boolean;
  /** Bars of one group stand together, under its name. */
  group?: string;
}

const OURS = '#c2185b';
const THEIRS = '#78909c';

/** An SVG of horizontal bars in the order given, each with its value; groups stand one below the other. */
export async function barChart(title: string, unit: string, bars: readonly Bar[]): Promise<string> {
  const groups = [...new Set(bars.map(({ group }) => group))];
  const spec: TopLevelSpec = {
    background: 'white',
    title: { text: title, anchor: 'start' },
    vconcat: groups.map((group) =>
      panel(
        group,
        unit,
        bars.filter((bar) => bar.group === group),
      ),
    ),
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}

function panel(group: string | undefined, unit: string, bars: readonly Bar[]) {
  const values = bars.map((bar) => ({ ...bar, label: short(bar.value) }));
  const y = { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 260 } } as const;
  const x = { field: 'value', type: 'quantitative', title: unit } as const;
  const fill = {
    field: 'ours',
    type: 'nominal',
    scale: { domain: [true, false], range: [OURS, THEIRS] },
    legend: null,
  } as const;
  return {
    ...(group === undefined ? {} : { title: { text: group, anchor: 'start' as const, fontWeight: 'normal' as const } }),
    data: { values },
    width: 420,
    height: { step: 20 },
    layer: [
      { mark: { type: 'bar' as const }, encoding: { y, x, fill } },
      {
        mark: { type: 'text' as const, align: 'left' as const, dx: 4 },
        encoding: { y, x, text: { field: 'label', type: 'nominal' as const } },
      },
    ],
  };
}

function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 10_000) return `${(value / 1000).toFixed(0)} k`;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}
