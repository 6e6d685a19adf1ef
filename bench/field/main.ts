// An NRI plugin, a containerd shim and a server, with and without Nest, beside the same programs in Go and a bare Node, each started
// anew in turns: npm run bench:field -- [--rounds N] [--memory N] [--seconds N] [--only id,id] [--no-build] [--save file] [--table file].
// --rounds measure times, and no further one begins after --seconds; --memory rounds let all of them run for 35 s. --save adds to what the file has, so that a
// measurement may be done in pieces; --table prints what a file has.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildGo, bundlePrograms, compilePrograms, goProgram, makeSnapshots } from './build.js';
import { NriRuntime } from './nri-runtime.js';
import { memoryOf } from './private-memory.js';
import { startPlugin } from './start-plugin.js';
import { startServer } from './start-server.js';
import { startShim } from './start-shim.js';
import type { Figures, Running, Subject } from './subject.js';
import { subjects } from './subjects.js';
import { table } from './table.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    memory: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '3600' },
    only: { type: 'string' },
    'no-build': { type: 'boolean', default: false },
    save: { type: 'string' },
    table: { type: 'string' },
  },
});

if (!values['no-build'] && values.table === undefined) {
  compilePrograms();
  await bundlePrograms(['nri-logger', 'shim', 'server', 'sample-nri-logger', 'nest-shim']);
  await makeSnapshots(['nri-logger', 'shim', 'server'], process.execPath);
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

/** A shim's memory soon after it has started a container, and after a while; V8 and Go give back some by then. */
const SOON_MS = 500;
const SETTLED_MS = 35_000;

if (values.table === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-field-'));
  const socket = join(folder, 'nri.sock');
  const runtime = await NriRuntime.start(goProgram('nri-runtime'), socket);
  let count = 0;
  const start = (each: Subject): Promise<Running> => {
    // A folder of its own, with a short name: paths of sockets are short.
    const own = join(folder, String(count++));
    mkdirSync(own);
    if (each.kind === 'plugin') return startPlugin(each, runtime, socket);
    return each.kind === 'shim' ? startShim(each, own) : startServer(each, join(own, 's'));
  };
  const note = (each: Subject, figures: Figures): void => void (rounds[each.id] ??= []).push(figures);
  try {
    for (let round = 0; round < Number(values.rounds) && performance.now() < Number(values.seconds) * 1000; round++) {
      for (const each of round % 2 === 0 ? chosen : [...chosen].reverse()) {
        const running = await start(each);
        note(each, { ...running.figures, ...(await running.end()) });
      }
    }
    for (let round = 0; round < Number(values.memory); round++) {
      const all: { each: Subject; running: Running; soon: number }[] = [];
      for (const each of chosen) {
        const running = await start(each);
        await sleep(SOON_MS);
        all.push({ each, running, soon: memoryOf(running.pid).private });
      }
      await sleep(SETTLED_MS);
      for (const { each, running, soon } of all) {
        const { private: settled, resident } = memoryOf(running.pid);
        note(each, { soon, settled, resident });
      }
      for (const { running } of all) await running.end();
    }
  } finally {
    await runtime.stop();
    rmSync(folder, { recursive: true });
  }
  if (values.save !== undefined) writeFileSync(values.save, JSON.stringify(rounds));
}
console.log(table(all, rounds));
