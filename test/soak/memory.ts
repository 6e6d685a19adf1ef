import { readFileSync } from 'node:fs';

/** Resident memory of a process, this one by default, in KiB. */
export function residentKib(pid: number | 'self' = 'self'): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no VmRSS: the process is gone`);
  return Number(kib);
}

/**
 * What a process held, in KiB: before, at most while it warmed up (a fifth of the work, in which code is compiled and
 * heaps take their size), at most from then on, and after.
 */
export interface MemoryUse {
  before: number;
  warm: number;
  most: number;
  after: number;
}

/** Watches the resident memory of a process. */
export class MemoryWatch {
  readonly #pid: number | 'self';
  readonly #before: number;
  #warm = 0;
  #most = 0;
  #last = 0;

  /** Begins now; without `pid` it is this process. */
  constructor(pid: number | undefined) {
    this.#pid = pid ?? 'self';
    this.#before = this.look();
  }

  /** Looks, and gives what it sees. */
  look(): number {
    this.#last = residentKib(this.#pid);
    this.#most = Math.max(this.#most, this.#last);
    return this.#last;
  }

  /** From now on the memory must be flat. */
  warm(): void {
    this.#warm = this.#most;
    this.#most = this.look();
  }

  /** So far. */
  get use(): MemoryUse {
    return { before: this.#before, warm: this.#warm, most: this.#most, after: this.#last };
  }
}
