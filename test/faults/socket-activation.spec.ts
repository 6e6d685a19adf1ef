import { lstatSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from '../../src/protocol/index.js';
import { startProgram, type Program } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';

const RUN_SOURCES = fileURLToPath(new URL('../../scripts/typescript/register-sources.mjs', import.meta.url));
const ACTIVATED = fileURLToPath(new URL('programs/activated.ts', import.meta.url));

/** A socket of Node that is bound and accepts nothing. */
interface Bound {
  readonly fd: number;
  getsockname?(into: { port?: number }): void;
  close(): void;
}

// Node has no public way to bind without accepting; its cluster's primary process does it by this one.
const { _createServerHandle: bind } = net as unknown as {
  _createServerHandle(this: void, address: string, port: number, kind: number): Bound | number;
};

let folder: TempFolder;
let bound: Bound;
let programs: Program[];

beforeEach(() => {
  folder = new TempFolder();
  programs = [];
});

afterEach(async () => {
  for (const each of programs) await each.kill();
  bound.close();
  folder.remove();
});

/** Binds as systemd does for a socket unit; gives the address for clients. */
function bindTo(kind: 'unix' | 'tcp'): string {
  const made = kind === 'unix' ? bind(folder.file('s.sock'), -1, -1) : bind('127.0.0.1', 0, 4);
  if (typeof made === 'number') throw new Error(`cannot bind: ${made}`);
  bound = made;
  const name: { port?: number } = {};
  bound.getsockname?.(name);
  return kind === 'unix' ? folder.url() : `tcp://127.0.0.1:${name.port}`;
}

/** Starts the service with the socket as its descriptor 3. */
async function activate(): Promise<Program> {
  const args = ['--import', RUN_SOURCES, ACTIVATED, 'fd:3'];
  const program = startProgram(process.execPath, args, { env: { LISTEN_FDS: '1' }, descriptor: bound.fd });
  programs.push(program);
  await program.shows('ready on fd:3 with 1\n');
  return program;
}

async function stop(program: Program): Promise<void> {
  program.child.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ status: 0, signal: null, stderr: '' });
}

async function echo(url: string, text: string): Promise<string> {
  const client = await connect(url);
  try {
    return Buffer.from(await client.call('faults.v1.Counter', 'Echo', Buffer.from(text))).toString();
  } finally {
    client.close();
  }
}

describe('a socket that the parent process has bound, as systemd does', () => {
  it.each(['unix', 'tcp'] as const)('%s: a service serves it and leaves it to the next one', async (kind) => {
    const url = bindTo(kind);
    const file = (): number | undefined => (kind === 'unix' ? lstatSync(folder.file('s.sock')).ino : undefined);
    const inode = file();
    const first = await activate();
    expect(await echo(url, 'first')).toBe('first');
    await stop(first);
    expect(file()).toBe(inode);
    // Nobody is there; the socket listens, so a call waits for the next service.
    const waiting = echo(url, 'meanwhile');
    const second = await activate();
    expect(await waiting).toBe('meanwhile');
    expect(await echo(url, 'second')).toBe('second');
    // One that is killed leaves it as well.
    await second.kill();
    expect(file()).toBe(inode);
    const third = await activate();
    expect(await echo(url, 'third')).toBe('third');
    await stop(third);
  });
});
