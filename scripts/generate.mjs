// Generates what is made of .proto files, without a network: the modules of src that protos.mjs makes, and the code of
// `sample/typed`, with buf. `npm run generate`; with `-- --check` it writes nothing and fails when what is there is not
// what would be generated.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { output } from './output.mjs';
import { root } from './run.mjs';

const project = join(root, 'sample/typed');
const bin = join(root, 'node_modules/.bin');
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
const buf = (...args) => output(join(bin, 'buf'), args, { cwd: project, env });
const [option, ...rest] = process.argv.slice(2);

try {
  if ((option !== undefined && option !== '--check') || rest.length > 0) {
    throw new Error('usage: npm run generate [-- --check]');
  }
  console.log(
    (
      await output(process.execPath, [join(root, 'scripts/protos.mjs'), ...process.argv.slice(2)], { cwd: root })
    ).trim(),
  );
  await buf('lint');
  if (option === '--check') await check();
  else await buf('generate', '--clean');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function check() {
  const folder = mkdtempSync(join(tmpdir(), 'generate-'));
  try {
    await buf('generate', '--output', folder);
    const wanted = filesIn(join(folder, 'gen'));
    const found = filesIn(join(project, 'gen'));
    const names = [...new Set([...wanted.keys(), ...found.keys()])];
    const stale = names.filter((name) => wanted.get(name) !== found.get(name));
    if (stale.length > 0) throw new Error(`sample/typed/gen is stale: ${stale.join(', ')}; run: npm run generate`);
    console.log(`sample/typed/gen: ${wanted.size} file is as generated`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function filesIn(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}
