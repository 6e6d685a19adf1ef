// Builds one sample and the library's sources with it into dist/dev/<sample>: `node scripts/build-sample.mjs greeter`.
// Each sample has a folder of its own, and two builds of the same one take turns: a program must not read files that
// another build is just writing.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bin, root, run } from './run.mjs';

const [sample] = process.argv.slice(2);
const lockWaitMs = 120_000;

try {
  const { projects } = JSON.parse(readFileSync(join(root, 'nest-cli.json'), 'utf8'));
  const samples = Object.keys(projects).filter((name) => projects[name].type === 'application');
  if (!samples.includes(sample)) {
    throw new Error(`sample ${JSON.stringify(sample ?? '')}: expected one of ${samples.join(', ')}`);
  }
  const lock = await takeLock(join(root, 'dist/dev', sample));
  try {
    await run(bin('@nestjs/cli', 'nest'), ['build', sample]);
  } finally {
    rmSync(lock, { force: true });
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function takeLock(folder) {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, '.lock');
  for (const end = Date.now() + lockWaitMs; ;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return lock;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isStale(lock)) rmSync(lock, { force: true });
    else if (Date.now() > end) throw new Error(`${lock}: another build has held it for ${lockWaitMs} ms; remove it`);
    else await sleep(50);
  }
}

/** True when the process that wrote the lock is gone. */
function isStale(lock) {
  let pid;
  try {
    pid = Number(readFileSync(lock, 'utf8'));
  } catch {
    return false;
  }
  // Not written yet.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
