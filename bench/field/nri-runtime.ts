import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** NRI's own runtime side, as test/nri/go has it: told what to do by a line of JSON, it responds with one. */
export class NriRuntime {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (fields: { error?: string }) => void>();
  #lastId = 0;

  /** Starts the program `path` with its socket at `socket`. */
  static async start(path: string, socket: string): Promise<NriRuntime> {
    const runtime = new NriRuntime(path, socket);
    // Its first line has no id.
    const { error } = await runtime.#line(0);
    if (error !== undefined) throw new Error(error);
    return runtime;
  }

  private constructor(path: string, socket: string) {
    this.#child = spawn(path, ['-socket', socket], { stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const { id = 0, ...fields } = JSON.parse(line) as { id?: number; error?: string };
      this.#waiting.get(id)?.(fields);
      this.#waiting.delete(id);
    });
    this.#child.once('exit', (code) => {
      for (const end of this.#waiting.values()) end({ error: `the runtime of NRI has ended with ${code}` });
    });
  }

  /** Resolves when a plugin has been registered, configured and synchronized. */
  async synced(): Promise<void> {
    const { failure } = (await this.#command('synced')) as { failure?: string };
    if (failure !== undefined) throw new Error(failure);
  }

  /** Relays an event to the plugins. */
  async relay(event: string, request: object): Promise<void> {
    await this.#command(event, { request });
  }

  /** Ends it. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.stdin?.end();
    });
  }

  async #command(op: string, more: object = {}): Promise<object> {
    const id = ++this.#lastId;
    const response = this.#line(id);
    this.#child.stdin?.write(`${JSON.stringify({ id, op, ...more })}\n`);
    const fields = await response;
    if (fields.error !== undefined) throw new Error(fields.error);
    return fields;
  }

  #line(id: number): Promise<{ error?: string }> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}
