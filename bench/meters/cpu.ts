import { readdirSync, readFileSync } from 'node:fs';

/**
 * User and system time of all living threads of a process and of its children (workers of node:cluster), in microseconds, from Linux's scheduler: exact to the
 * nanosecond, where /proc/<pid>/stat counts ticks of 10 ms, and the same for every language.
 */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0]);
      for (const child of children(pid, task)) nanos += 1000 * cpuMicros(child);
    } catch {
      // The thread has just ended.
    }
  }
  return nanos / 1000;
}

/** The processes that a thread has started. */
function children(pid: number, task: string): number[] {
  return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}
