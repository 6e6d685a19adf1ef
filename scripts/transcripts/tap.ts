import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** `ttrpc tap` as a process. */
export class Tap {
  /** What it has printed. */
  text = '';
  readonly #process: ChildProcess;
  #said = '';

  constructor(command: string, args: readonly string[]) {
    this.#process = spawn(process.execPath, [command, 'tap', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.stdout?.on('data', (text: Buffer) => (this.text += text.toString()));
    this.#process.stderr?.on('data', (text: Buffer) => (this.#said += text.toString()));
  }

  /** Resolves when clients may connect. */
  async listens(): Promise<void> {
    while (!this.#said.includes('listening on')) await once(this.#process.stderr as NodeJS.ReadableStream, 'data');
  }

  /** Resolves when it has printed `text`. */
  async shows(text: string): Promise<void> {
    while (!this.text.includes(text)) await once(this.#process.stdout as NodeJS.ReadableStream, 'data');
  }

  /** Ends it as Ctrl-C does. */
  async stop(): Promise<void> {
    this.#process.kill('SIGINT');
    await once(this.#process, 'exit');
  }
}
