import { guard } from './guard/guard.js';
import { readOptions, USAGE } from './options.js';
import { buildPeers } from './peers/toolchains.js';
import { plan } from './plan.js';
import { writeDocs } from './report/docs.js';
import { measureAll } from './session.js';
import { targetsTable } from './targets/targets-table.js';

/** Resolves with whether all went well; that a target is missed is no failure. */
async function main(args: string[]): Promise<boolean> {
  const options = readOptions(args);
  if (options.list) {
    const { rows, figures } = plan(options, {});
    for (const { id, title } of [...rows, ...figures]) console.log(`${id.padEnd(18)} ${title}`);
    return true;
  }
  if (options.guard) return guard();
  const toolchains = await buildPeers();
  for (const [peer, reason] of Object.entries(toolchains.missing)) console.log(`${peer} is left out: ${reason}`);
  const results = await measureAll(options, toolchains);
  console.log(`\n${targetsTable(results)}`);
  if (options.docs) await writeDocs(results);
  return ![...results.rows, ...results.figures].some(({ failed }) => failed === true);
}

try {
  if (!(await main(process.argv.slice(2)))) process.exitCode = 1;
} catch (error) {
  console.error((error as Error).message);
  console.error(`\n${USAGE}`);
  process.exitCode = 1;
}
