import { readFileSync } from 'node:fs';

/** Memory of a process, in MiB. */
export interface ProcessMemory {
  /** What is its own alone. */
  readonly private: number;
  /** With what it shares with other processes: the program's file and libraries. */
  readonly resident: number;
}

/** The memory of a process now. Linux only. */
export function memoryOf(pid: number): ProcessMemory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { private: (kib('Private_Clean') + kib('Private_Dirty')) / 1024, resident: kib('Rss') / 1024 };
}
