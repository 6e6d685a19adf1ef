// An NRI plugin and a containerd shim beside the same programs in Go and a bare Node, each started anew in turns:
// npm run bench:field -- [--rounds N] [--only id,id] [--no-build] [--save file]. `--save` adds to the rounds that the file has, so that
// a measurement may be done in pieces; `--table file` prints what a file has.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildGo, bundlePrograms, compilePrograms, goProgram, makeSnapshots } from './build.js';
import { measurePlugin, nriSocket } from './measure-plugin.js';
import { measureShim } from './measure-shim.js';
import { NriRuntime } from './nri-runtime.js';
import type { Figures } from './subject.js';
import { subjects } from './subjects.js';
import { table } from './table.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    'no-build': { type: 'boolean', default: false },
    save: { type: 'string' },
    table: { type: 'string' },
  },
});

if (!values['no-build'] && values.table === undefined) {
  compilePrograms();
  await bundlePrograms(['nri-logger', 'shim', 'sample-nri-logger', 'nest-shim']);
  await makeSnapshots(['nri-logger', 'shim'], process.execPath);
  console.log(`Node ${process.versions.node}, ${await buildGo()}`);
}

const all = subjects(process.execPath);
const only = values.only?.split(',');
const unknown = only?.find((id) => !all.some((each) => each.id === id || each.kind === id));
if (unknown !== undefined) {
  throw new Error(`--only ${unknown}: expected plugin, shim or one of ${all.map(({ id }) => id).join(', ')}`);
}
const chosen = all.filter(({ id, kind }) => only === undefined || only.includes(id) || only.includes(kind));
const file = values.table ?? values.save;
const rounds: Record<string, Figures[]> =
  file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Figures[]>) : {};

if (values.table === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-field-'));
  const socket = nriSocket(folder);
  const runtime = await NriRuntime.start(goProgram('nri-runtime'), socket);
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const each of round % 2 === 0 ? chosen : [...chosen].reverse()) {
        const figures = each.kind === 'plugin' ? measurePlugin(each, runtime, socket) : measureShim(each, folder);
        (rounds[each.id] ??= []).push(await figures);
      }
    }
  } finally {
    await runtime.stop();
    rmSync(folder, { recursive: true });
  }
  if (values.save !== undefined) writeFileSync(values.save, JSON.stringify(rounds));
}
console.log(table(all, rounds));
