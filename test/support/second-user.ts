import { chmodSync } from 'node:fs';
import { startProgram, type Program } from './program.js';
import type { TempFolder } from './temp-folder.js';

/** True where a test can act as somebody else. */
export const IS_ROOT = process.getuid?.() === 0;

/** The second user: `nobody` on every Linux. */
export const SECOND_USER = { uid: 65534, gid: 65534 };

// Drops root's rights itself, since the second user may not be allowed to read the place where Node is installed.
const PROLOGUE = `
const { createConnection } = require('node:net');
process.setgroups([]);
process.setgid(Number(process.argv[2]));
process.setuid(Number(process.argv[1]));
const path = process.argv[3];
`;

const ASK = `${PROLOGUE}
const socket = createConnection(path);
socket.on('connect', () => socket.write(Buffer.from(process.argv[4], 'hex')));
let got = '';
socket.on('data', (chunk) => {
  got += chunk.toString('hex');
  if (got.length >= 20) socket.end();
});
// Bytes that nobody reads make a close look like one of these.
socket.on('error', ({ code }) => console.log(code === 'EPIPE' || code === 'ECONNRESET' ? 'closed' : code));
socket.on('close', (failed) => !failed && console.log(got === '' ? 'closed' : 'answered ' + got));
`;

const KNOCK = `${PROLOGUE}
const counts = {};
let over = false;
process.stdin.resume().on('end', () => (over = true));
const count = (what) => {
  if (!(what in counts)) console.log('first ' + what);
  counts[what] = (counts[what] ?? 0) + 1;
};
(function knock() {
  if (over) return console.log(JSON.stringify(counts));
  const socket = createConnection(path);
  socket.on('connect', () => (count('connected'), socket.destroy()));
  socket.on('error', (error) => count(error.code));
  socket.on('close', () => setImmediate(knock));
})();
`;

/** Lets the second user enter the folder and see its files. */
export function openToAll(folder: TempFolder): void {
  chmodSync(folder.path, 0o755);
}

/**
 * What a process of another user gets that connects to a unix socket and sends `bytes`: `answered <hex>`, `closed`, or
 * the system's error code (`EACCES`).
 */
export async function askAs(user: { uid: number; gid: number }, path: string, bytes: Uint8Array): Promise<string> {
  const program = start(ASK, user, path, Buffer.from(bytes).toString('hex'));
  const { status, stdout, stderr } = await program.ended;
  if (status !== 0) throw new Error(`the second user's program failed: ${stderr}`);
  return stdout.trim();
}

/** A process of another user that connects again and again. */
export class Knocker {
  readonly #program: Program;

  constructor(user: { uid: number; gid: number }, path: string) {
    this.#program = start(KNOCK, user, path);
  }

  /** Resolves when it has had this result for the first time: `connected` or the system's error code. */
  async meets(result: string): Promise<void> {
    await this.#program.shows(`first ${result}\n`);
  }

  /** Stops it and gives how often it had each result. */
  async stop(): Promise<Record<string, number>> {
    this.#program.child.stdin?.end();
    const { stdout } = await this.#program.ended;
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
  }
}

function start(code: string, user: { uid: number; gid: number }, ...args: string[]): Program {
  const [path = '', ...rest] = args;
  return startProgram(process.execPath, ['-e', code, String(user.uid), String(user.gid), path, ...rest], {
    cwd: '/',
    stdin: 'open',
  });
}
