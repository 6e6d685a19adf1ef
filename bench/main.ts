import { readOptions, USAGE, type BenchOptions } from './options.js';
import { buildGo } from './peers/go-programs.js';
import { Progress } from './report/progress.js';
import { rowTable } from './report/row-table.js';
import { rows } from './rows/rows.js';
import { runRow } from './runner/run-row.js';
import type { Row } from './model.js';

function chosen(options: BenchOptions): Row[] {
  return rows
    .filter(({ id }) => options.rows.length === 0 || options.rows.some((part) => id.includes(part)))
    .map((row) => ({
      ...row,
      pairs: row.pairs.filter(
        ({ client, server }) =>
          options.peers.length === 0 || (options.peers.includes(client) && options.peers.includes(server)),
      ),
    }))
    .filter(({ pairs }) => pairs.length > 0);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const picked = chosen(options);
  if (options.list) {
    for (const { id, title } of picked) console.log(`${id.padEnd(24)} ${title}`);
    return;
  }
  const go = await buildGo();
  if (go === undefined) throw new Error('no Go toolchain: there is no "go" in PATH');
  const progress = new Progress();
  for (const [index, row] of picked.entries()) {
    progress.row(index, picked.length, row.id);
    const result = await runRow(row, options, (what) => progress.step(index, picked.length, `${row.id}: ${what}`));
    progress.clear();
    console.log(`\n${rowTable(result)}`);
  }
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  console.error(`\n${USAGE}`);
  process.exitCode = 1;
}
