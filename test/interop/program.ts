import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Channel } from './peer.js';

/** How long a program may take to end after its stdin has ended, in ms. */
const STOP_MS = 5000;
/** How much of what a program says on stderr is kept for messages, in characters. */
const STDERR_CHARACTERS = 4000;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** A peer that is a program: one JSON object a line on stdin and stdout. */
export class Program implements Channel {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<string>;
  readonly #closed: Promise<void>;
  #ready: Waiting | undefined;
  #nextId = 1;
  #stderr = '';
  #stopping = false;

  private constructor(
    private readonly name: string,
    path: string,
    args: readonly string[],
  ) {
    const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS);
    });
    // A program that ends takes its stdin with it; the end itself is what is reported.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => this.#onLine(line));
    this.#closed = new Promise((resolve) => child.once('close', () => resolve()));
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`));
    });
    void this.#exited.then((how) => this.#onExit(how));
  }

  /** Starts a program; resolves with it and with the fields of its first line, `{"ready":true}`. */
  static async start(name: string, path: string, args: readonly string[]): Promise<[Program, Record<string, unknown>]> {
    const program = new Program(name, path, args);
    const ready = await new Promise((resolve, reject) => {
      program.#ready = { resolve, reject };
    });
    return [program, ready as Record<string, unknown>];
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  command(op: string, fields: object = {}): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify({ ...fields, id, op })}\n`);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    this.#child.stdin?.end();
    const how = await this.#exited;
    await this.#closed;
    clearTimeout(kill);
    if (how !== 'status 0') throw new Error(this.#describe(`ended with ${how}, expected status 0`));
  }

  #onLine(line: string): void {
    const { id, error, ...fields } = JSON.parse(line) as { id?: number; error?: string };
    if (id === undefined) {
      this.#ready?.resolve(fields);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(fields);
    else waiting?.reject(new Error(`${this.name}: ${error}`));
  }

  #onExit(how: string): void {
    const error = new Error(this.#describe(`ended with ${how}`));
    this.#ready?.reject(error);
    if (this.#stopping && this.#waiting.size === 0) return;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  #describe(what: string): string {
    return `${this.name}: ${what}${this.#stderr === '' ? '' : `; it says:\n${this.#stderr}`}`;
  }
}
