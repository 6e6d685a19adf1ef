import { readdirSync, readFileSync } from 'node:fs';

/**
 * User and system time of all living threads of a process, in microseconds, from Linux's scheduler: exact to the
 * nanosecond, where /proc/<pid>/stat counts ticks of 10 ms, and the same for every language.
 */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0]);
    } catch {
      // The thread has just ended.
    }
  }
  return nanos / 1000;
}
