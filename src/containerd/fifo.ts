import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { TtrpcError } from '../protocol/core/errors.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { fifoSocket } from './fifo-socket.js';
import { FifoWriter } from './fifo-writer.js';

/** Makes a FIFO where there is none; Node cannot by itself. */
export function makeFifo(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('mkfifo', ['-m', '600', path], (error) => {
      if (!error || statSync(path, { throwIfNoEntry: false })?.isFIFO()) resolve();
      else
        reject(new TtrpcError(TtrpcStatus.UNKNOWN, `cannot make the FIFO ${path}: ${error.message}`, { cause: error }));
    });
  });
}

/**
 * The FIFOs of a process for a shim's `create` and `exec`: `await task.create({ …, ...stdio.paths })`, then `stdio.started()`.
 */
export class ShimStdio {
  /** As the Task service takes them. */
  readonly paths: { stdin: string; stdout: string; stderr: string };
  /** Ends when the process has closed it. */
  readonly stdout: Readable;
  /** Ends when the process has closed it; at once with a terminal, which has no stderr. */
  readonly stderr: Readable;
  /**
   * Undefined unless it was asked for. What is written waits until the shim reads it. End it, wait for its `finish`, then
   * call `task.closeIO`: this is how the process learns of the end.
   */
  readonly stdin: Writable | undefined;
  #holds: number[];

  private constructor(
    private readonly folder: string,
    private readonly name: string,
    withStdin: boolean,
    withStderr: boolean,
  ) {
    const path = (which: string): string => join(folder, `${name}-${which}`);
    this.paths = {
      stdin: withStdin ? path('stdin') : '',
      stdout: path('stdout'),
      stderr: withStderr ? path('stderr') : '',
    };
    // A FIFO without a writer is at its end: it has one until the process is.
    const outputs = [this.paths.stdout, this.paths.stderr].filter((each) => each !== '');
    this.#holds = outputs.map((each) => openSync(each, constants.O_RDWR));
    this.stdout = fifoSocket(this.paths.stdout, constants.O_RDONLY);
    this.stderr = withStderr ? fifoSocket(this.paths.stderr, constants.O_RDONLY) : Readable.from([]);
    if (withStdin) {
      this.stdin = new FifoWriter(this.paths.stdin);
      // One that breaks is for those who write; closing it while nobody does is no error.
      this.stdin.on('error', () => undefined);
    }
  }

  /**
   * Makes FIFOs in `folder`, their names beginning with `name`. `stdin` (default false) makes one for input, too; with
   * `terminal` (default false) there is none for stderr, for a `create` or `exec` that has `terminal: true`.
   */
  static async create(folder: string, name: string, { stdin = false, terminal = false } = {}): Promise<ShimStdio> {
    for (const which of ['stdout', ...(stdin ? ['stdin'] : []), ...(terminal ? [] : ['stderr'])]) {
      await makeFifo(join(folder, `${name}-${which}`));
    }
    return new ShimStdio(folder, name, stdin, !terminal);
  }

  /** The process has started, or never will: from now on its ends are the FIFOs' ends. */
  started(): void {
    for (const fd of this.#holds.splice(0)) closeSync(fd);
  }

  /** Closes and removes all. */
  close(): void {
    this.started();
    for (const stream of [this.stdout, this.stderr, this.stdin]) stream?.destroy();
    for (const which of ['stdin', 'stdout', 'stderr'])
      rmSync(join(this.folder, `${this.name}-${which}`), { force: true });
  }
}
