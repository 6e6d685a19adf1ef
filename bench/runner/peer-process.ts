import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How long a peer may take to get ready, to answer a command and to end, in ms. */
const READY_MS = 30_000;
const COMMAND_MS = 120_000;
const STOP_MS = 5000;
const STDERR_CHARACTERS = 2000;

/** A peer: a process with a JSON object a line on stdin and stdout. Commands are answered in their order. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<string>;
  #stderr = '';

  private constructor(
    readonly name: string,
    command: readonly string[],
  ) {
    const [file = '', ...args] = command;
    // Production, as Nest applications run where speed counts; everything else as the peers' own defaults are.
    this.#child = spawn(file, args, { env: { ...process.env, NODE_ENV: 'production' } });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS);
    });
    // A peer that ends takes its stdin with it; the end itself is what is reported.
    this.#child.stdin?.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`));
    });
  }

  /** Starts a peer and waits until it says that it is ready. */
  static async start(name: string, command: readonly string[]): Promise<PeerProcess> {
    const peer = new PeerProcess(name, command);
    try {
      await peer.#answer('getting ready', READY_MS);
    } catch (error) {
      peer.#child.kill('SIGKILL');
      throw error;
    }
    return peer;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Sends a command and resolves with its answer; rejects with the error that the peer names. */
  command(op: string, fields: object = {}): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify({ op, ...fields })}\n`);
    return this.#answer(op, COMMAND_MS);
  }

  /** Sends a line that has no answer. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends the peer's stdin, upon which it ends itself. */
  async stop(): Promise<void> {
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    this.#child.stdin?.end();
    await this.#ended;
    clearTimeout(kill);
  }

  async #answer(to: string, limitMs: number): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.name}: no answer to ${to} after ${limitMs} ms`)), limitMs);
    });
    try {
      const line = await Promise.race([this.#lines.next(), late]);
      if (line.done)
        throw new Error(`${this.name} ended with ${await this.#ended} at ${to}; it says:\n${this.#stderr}`);
      const answer = JSON.parse(line.value) as { error?: string };
      if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}
