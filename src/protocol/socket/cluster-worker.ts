import type { Cluster } from 'node:cluster';
import { readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { Timer } from '../core/timer.js';

/** How long the primary process may take to reply, in ms: a stopped primary must not keep a worker from exiting. */
const REPLY_MS = 1000;

/** An upper bound: the numbers just below it are never open descriptors. */
const NO_DESCRIPTOR = 2 ** 31 - 1;

/**
 * True in a worker of node:cluster: what it listens on is then bound by the primary process, which shares it among the
 * workers. `node:cluster` is loaded only in a child process: loading it takes milliseconds.
 */
export function isClusterWorker(): boolean {
  return cluster()?.isWorker === true;
}

/**
 * Resolves when the primary process has handled every message of this worker, and this worker every message that the
 * primary had sent before: messages keep their order. After a server's close this means that no connection is on its way
 * to it, so the process can exit without losing one.
 */
export function primaryHasCaughtUp(): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) {
      resolve();
      return;
    }
    const done = (): void => {
      timer.clear();
      process.off('disconnect', done);
      resolve();
    };
    const timer = new Timer(REPLY_MS, done);
    process.once('disconnect', done);
    // Node has no message for this. A listen that must fail gets a reply and leaves nothing behind. Each worker uses its
    // own number, since the primary would merge two that are the same.
    const fd = NO_DESCRIPTOR - (cluster()?.worker?.id ?? 0);
    createServer().once('error', done).listen({ fd });
  });
}

/** The primary's working directory (Linux), else this process's, which was the same when the worker started. */
export function primaryFolder(): string {
  try {
    return readlinkSync(`/proc/${process.ppid}/cwd`);
  } catch {
    return process.cwd();
  }
}

/**
 * A text that identifies the primary process, also among containers that share a folder and have their own process ids.
 * All its workers get the same text.
 */
export function primaryIdentity(): string {
  const { ppid } = process;
  try {
    const stat = readFileSync(`/proc/${ppid}/stat`, 'latin1');
    // After the command's name, which may contain anything: the 22nd field is the start time.
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${ppid} ${startTime} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return String(ppid);
  }
}

/** `node:cluster`, or undefined in a process that cannot be a worker. */
function cluster(): Cluster | undefined {
  if (process.send === undefined) return undefined;
  // The declared type is the ES module's; the value is its default export.
  return process.getBuiltinModule?.('node:cluster') as unknown as Cluster | undefined;
}
