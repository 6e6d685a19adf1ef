import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a process waits for somebody who reads its output, in ms: clients open their ends in the background. */
const READER_MS = 2000;
const LOOK_MS = 5;

/** The FIFOs of a process, as containerd names them; empty where there is none. */
export interface StdioPaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The ends of a process's FIFOs. The process gets them as its own descriptors, so that what it writes does not pass through
 * the shim, and goes on when the shim is gone.
 */
export class ProcessStdio {
  /** For the process. */
  readonly fds: [number | undefined, number | undefined, number | undefined] = [undefined, undefined, undefined];
  /** Keeps stdin open until containerd says that nothing more comes: its clients open and close the FIFO at will. */
  #stdinHold: number | undefined;

  private constructor() {
    // Made by `open`.
  }

  /**
   * Opens the FIFOs, those of the output once somebody reads them, or after 2 seconds: what a process writes that ends at
   * once would be lost otherwise. Rejects where a FIFO is not there.
   */
  static async open({ stdin, stdout, stderr }: StdioPaths): Promise<ProcessStdio> {
    const stdio = new ProcessStdio();
    const end = performance.now() + READER_MS;
    try {
      if (stdin !== '') {
        // Opened for both, a FIFO does not wait for its other end.
        stdio.#stdinHold = openSync(stdin, constants.O_RDWR);
        stdio.fds[0] = openSync(stdin, constants.O_RDONLY);
      }
      if (stdout !== '') stdio.fds[1] = await openOutput(stdout, end);
      if (stderr !== '') stdio.fds[2] = await openOutput(stderr, end);
      return stdio;
    } catch (error) {
      stdio.close();
      throw error;
    }
  }

  /** The process has its descriptors, or was not started. */
  closeFds(): void {
    this.fds.forEach((fd, i) => {
      if (fd !== undefined) closeSync(fd);
      this.fds[i] = undefined;
    });
  }

  /** Nothing more is written to stdin. */
  closeStdin(): void {
    if (this.#stdinHold !== undefined) closeSync(this.#stdinHold);
    this.#stdinHold = undefined;
  }

  /** All of it. */
  close(): void {
    this.closeFds();
    this.closeStdin();
  }
}

async function openOutput(path: string, end: number): Promise<number> {
  let probe = openForReader(path);
  while (probe === undefined && performance.now() < end) {
    await sleep(LOOK_MS);
    probe = openForReader(path);
  }
  // A process expects a descriptor that waits. Opened before the other one is closed: without any writer the reader would
  // be at its end.
  const fd = openSync(path, constants.O_RDWR);
  if (probe !== undefined) closeSync(probe);
  return fd;
}

/** A descriptor for writing, or undefined while nobody reads. */
function openForReader(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENXIO') return undefined;
    throw error;
  }
}
