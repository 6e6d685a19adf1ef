import type { Cluster } from 'node:cluster';
import { readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { Timer } from '../core/timer.js';

/** How long the primary process may take to reply, in ms: one that is stopped must not keep a worker from ending. */
const REPLY_MS = 1000;

/** Descriptors that no process has are below it. */
const NO_DESCRIPTOR = 2 ** 31 - 1;

/**
 * True in a worker of node:cluster: what it listens on is then bound by the primary process, which shares it among the
 * workers. The module is not loaded where it cannot be in use: that takes some ms.
 */
export function isClusterWorker(): boolean {
  return cluster()?.isWorker === true;
}

/**
 * Resolves when the primary process has dealt with all that this worker has told it, and this worker with all that the
 * primary had sent before: messages keep their order. So behind the close of a server no connection is on its way to it
 * any more, and a process that then ends takes none with it.
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
    // Node has no message for this. A wish to listen that cannot be fulfilled is replied to, and leaves nothing behind.
    // Each worker has a number of its own: in the primary two of one at a time would meet.
    const fd = NO_DESCRIPTOR - (cluster()?.worker?.id ?? 0);
    createServer().once('error', done).listen({ fd });
  });
}

/** The primary process's working directory (Linux), else this one's, which it was when the worker began. */
export function primaryFolder(): string {
  try {
    return readlinkSync(`/proc/${process.ppid}/cwd`);
  } catch {
    return process.cwd();
  }
}

/**
 * What tells the primary process from every other one, also where several containers with process ids of their own share a
 * folder. The same for all its workers.
 */
export function primaryIdentity(): string {
  const { ppid } = process;
  try {
    const stat = readFileSync(`/proc/${ppid}/stat`, 'latin1');
    // Behind the command's name, which may have anything in it: the 22nd field is when it began.
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${ppid} ${startTime} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return String(ppid);
  }
}

/** Not loaded where it cannot be in use. */
function cluster(): Cluster | undefined {
  if (process.send === undefined) return undefined;
  // Its types are those of its ES module; what is given is that one's default export.
  return process.getBuiltinModule?.('node:cluster') as unknown as Cluster | undefined;
}
