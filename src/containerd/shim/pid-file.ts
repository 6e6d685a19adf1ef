import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'shim-pids';

/** Notes a process in the bundle, so that it is found when the shim is gone. */
export function notePid(bundle: string, pid: number): void {
  appendFileSync(join(bundle, FILE), `${pid} ${startTime(pid) ?? ''}\n`);
}

/** Ends the processes that a bundle names and that still are the same; the number may belong to another one by now. */
export function killNoted(bundle: string): number[] {
  let text: string;
  try {
    text = readFileSync(join(bundle, FILE), 'utf8');
  } catch {
    return [];
  }
  const killed: number[] = [];
  for (const line of text.split('\n')) {
    const [pid, time] = line.split(' ');
    if (!pid || !time || startTime(Number(pid)) !== time) continue;
    try {
      // The whole group.
      process.kill(-Number(pid), 'SIGKILL');
      killed.push(Number(pid));
    } catch {
      // It has just ended.
    }
  }
  return killed;
}

/** When a process began, in the kernel's ticks; undefined when there is none. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
