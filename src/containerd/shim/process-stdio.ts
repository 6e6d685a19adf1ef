import { closeSync, constants, openSync } from 'node:fs';

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
  readonly fds: [number | undefined, number | undefined, number | undefined];
  /** Keeps stdin open until containerd says that nothing more comes: its clients open and close the FIFO at will. */
  #stdinHold: number | undefined;

  /** @throws where a FIFO is not there */
  constructor({ stdin, stdout, stderr }: StdioPaths) {
    this.fds = [undefined, undefined, undefined];
    try {
      if (stdin !== '') {
        // Opened for both, a FIFO does not wait for its other end.
        this.#stdinHold = openSync(stdin, constants.O_RDWR);
        this.fds[0] = openSync(stdin, constants.O_RDONLY);
      }
      if (stdout !== '') this.fds[1] = openSync(stdout, constants.O_RDWR);
      if (stderr !== '') this.fds[2] = openSync(stderr, constants.O_RDWR);
    } catch (error) {
      this.close();
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
