import { runFigure } from './figures/figure.js';
import type { BenchOptions } from './options.js';
import type { Toolchains } from './peers/toolchains.js';
import { plan } from './plan.js';
import { figureTable } from './report/figure-table.js';
import { Progress } from './report/progress.js';
import { scalingLines } from './report/scaling.js';
import { rowTable } from './report/row-table.js';
import { libraryVersions, thisMachine } from './results/machine.js';
import { readResults, writeResults, type Results } from './results/results.js';
import { runRow } from './runner/run-row.js';

/** Measures what the options ask for, prints each table when it is there, and keeps the results in their file. */
export async function measureAll(options: BenchOptions, { versions, missing }: Toolchains): Promise<Results> {
  const results = (options.resume ? readResults(options.json) : undefined) ?? {
    date: new Date().toISOString().slice(0, 10),
    command: commandOf(process.argv.slice(2)),
    seconds: 0,
    machine: thisMachine(),
    versions: { ...versions, ...libraryVersions() },
    rows: [],
    figures: [],
  };
  const { rows, figures } = plan(options, missing);
  const done = new Set([...results.rows, ...results.figures].map(({ id }) => id));
  const openRows = rows.filter(({ id }) => !done.has(id));
  const openFigures = figures.filter(({ id }) => !done.has(id));
  const progress = new Progress(openRows.length + openFigures.length);
  for (const row of openRows) {
    const from = Date.now();
    progress.begin(row.id);
    const result = await runRow(row, options, (what) => progress.step(what));
    results.rows.push(result);
    progress.end();
    console.log(`\n${[rowTable(result), ...scalingLines(result, results.machine.cores)].join('\n')}`);
    results.seconds += Math.round((Date.now() - from) / 1000);
    writeResults(options.json, results);
  }
  for (const figure of openFigures) {
    const from = Date.now();
    progress.begin(figure.id);
    const rounds = options.quick ? figure.rounds.quick : figure.rounds.full;
    const result = await runFigure(figure, options, rounds, missing, (what) => progress.step(what));
    results.figures.push(result);
    progress.end();
    console.log(`\n${figureTable(result)}`);
    results.seconds += Math.round((Date.now() - from) / 1000);
    writeResults(options.json, results);
  }
  return results;
}

/** What measures the same again; where the results went does not belong to it. */
function commandOf(args: readonly string[]): string {
  const measured = args.filter((arg, at) => !/^--(resume|json)(=|$)/.test(arg) && args[at - 1] !== '--json');
  return ['npm run bench --', ...measured].join(' ');
}
