import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { readdirSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { objects } from '../interop/nest/objects.js';
import { residentKib } from './memory.js';

/** What this process has open and holds, seen from outside of the library. */
export interface Holdings {
  /** Open file descriptors by what they are (`socket`, `pipe`, `/dev/null`). */
  descriptors: Record<string, number>;
  /** What keeps the event loop alive (`PipeWrap`, `Timeout`), as Node names it. */
  resources: Record<string, number>;
  /** Listeners on the process itself. */
  listeners: number;
  /** What is alive of V8's heap and beside it after a collection, in KiB. */
  heapKib: number;
  residentKib: number;
}

// The flag need not stand on the command line, where Jest would not see it.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage until nothing more goes: what only weak references know is gone then. */
export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    collect();
    // Finalizers run in turns of their own.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Looks, after a collection. */
export async function holdings(): Promise<Holdings> {
  await collectGarbage();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    descriptors: counted(readdirSync('/proc/self/fd').map(descriptorKind)),
    resources: counted(process.getActiveResourcesInfo()),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    heapKib: Math.round((heapUsed + external + arrayBuffers) / 1024),
    residentKib: residentKib(),
  };
}

/** As {@link holdings}, once nothing is left that was not there before, or after five seconds: what closes takes turns. */
export async function holdingsAfter(before: Holdings): Promise<Holdings> {
  for (const begun = Date.now(); ;) {
    const now = await holdings();
    if (leftovers(before, now).length === 0 || Date.now() - begun > 5000) return now;
  }
}

/** What is there after and was not before: `2 descriptors more of socket`. Empty when nothing is left. */
export function leftovers(before: Holdings, after: Holdings): string[] {
  const more = (what: string, old: Record<string, number>, now: Record<string, number>): string[] =>
    Object.entries(now)
      .filter(([kind, count]) => count > (old[kind] ?? 0))
      .map(([kind, count]) => `${count - (old[kind] ?? 0)} ${what} more of ${kind}`);
  return [
    ...more('descriptors', before.descriptors, after.descriptors),
    ...more('active resources', before.resources, after.resources),
    ...more('listeners', { process: before.listeners }, { process: after.listeners }),
  ];
}

/** Counts objects that were made and are not collected yet, by weak means: calls, contexts of handlers, sockets. */
export class LifeWatch {
  #seen = 0;
  readonly #alive: Record<string, number> = {};
  readonly #registry = new FinalizationRegistry<string>((kind) => {
    this.#alive[kind] = (this.#alive[kind] ?? 0) - 1;
  });

  /** Watches from now on, until {@link stop}. */
  constructor() {
    objects.seen = (kind, object) => this.#watch(kind, object);
    subscribe('net.client.socket', this.#onSocket);
    subscribe('net.server.socket', this.#onSocket);
  }

  /** Objects so far. */
  get seen(): number {
    return this.#seen;
  }

  /** Watches no more of what is made from now on. */
  stop(): void {
    objects.seen = undefined;
    unsubscribe('net.client.socket', this.#onSocket);
    unsubscribe('net.server.socket', this.#onSocket);
  }

  /** How many of each kind are alive though nobody should have them any more; empty when none is. */
  async alive(): Promise<Record<string, number>> {
    const left = (): [string, number][] => Object.entries(this.#alive).filter(([, count]) => count > 0);
    for (let round = 0; round < 10 && left().length > 0; round++) await collectGarbage();
    return Object.fromEntries(left());
  }

  readonly #onSocket = (message: unknown): void => this.#watch('socket', (message as { socket: Socket }).socket);

  #watch(kind: string, object: object): void {
    this.#seen++;
    this.#alive[kind] = (this.#alive[kind] ?? 0) + 1;
    this.#registry.register(object, kind);
  }
}

function counted(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function descriptorKind(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).replace(/:\[\d+\]$/, '');
  } catch {
    // The descriptor that has read the folder.
    return 'none';
  }
}
