import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/** One thread with the tasks that it has not done. */
class Thread {
  readonly worker = new Worker(fileURLToPath(new URL('thread.js', import.meta.url)));
  readonly #open: ((result: number) => void)[] = [];

  constructor() {
    // A thread takes its messages in order.
    this.worker.on('message', (result: number) => this.#open.shift()?.(result));
  }

  get load(): number {
    return this.#open.length;
  }

  run(seed: number): Promise<number> {
    return new Promise((resolve) => {
      this.#open.push(resolve);
      this.worker.postMessage(seed);
    });
  }
}

/** The pattern of docs/more-than-one-core.md: each task goes to the thread with the fewest. */
export class ThreadPool {
  readonly #threads: Thread[];

  constructor(size: number) {
    this.#threads = Array.from({ length: size }, () => new Thread());
  }

  run(seed: number): Promise<number> {
    return this.#threads.reduce((least, each) => (each.load < least.load ? each : least)).run(seed);
  }
}
