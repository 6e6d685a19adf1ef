import { runFigure } from './figures/figure.js';
import { readOptions, USAGE } from './options.js';
import { buildPeers } from './peers/toolchains.js';
import { plan } from './plan.js';
import { figureTable } from './report/figure-table.js';
import { Progress } from './report/progress.js';
import { rowTable } from './report/row-table.js';
import { runRow } from './runner/run-row.js';

async function main(): Promise<boolean> {
  const options = readOptions(process.argv.slice(2));
  if (options.list) {
    const { rows, figures } = plan(options, {});
    for (const { id, title } of [...rows, ...figures]) console.log(`${id.padEnd(18)} ${title}`);
    return true;
  }
  const { missing } = await buildPeers();
  for (const [peer, reason] of Object.entries(missing)) console.log(`${peer} is left out: ${reason}`);
  const { rows, figures } = plan(options, missing);
  const steps = rows.length + figures.length;
  const progress = new Progress();
  let failed = false;
  let done = 0;
  for (const row of rows) {
    progress.row(done, steps, row.id);
    const result = await runRow(row, options, (what) => progress.step(done, steps, `${row.id}: ${what}`));
    progress.clear();
    console.log(`\n${rowTable(result)}`);
    failed ||= result.failed === true;
    done++;
  }
  for (const figure of figures) {
    progress.row(done, steps, figure.id);
    const result = await runFigure(figure, options, options.quick ? 1 : options.rounds, missing, (what) =>
      progress.step(done, steps, `${figure.id}: ${what}`),
    );
    progress.clear();
    console.log(`\n${figureTable(result)}`);
    failed ||= result.failed === true;
    done++;
  }
  return !failed;
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  console.error((error as Error).message);
  console.error(`\n${USAGE}`);
  process.exitCode = 1;
}
