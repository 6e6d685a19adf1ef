import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros } from '../meters/cpu.js';
import type { Load, Pair, RunResult, Sample } from '../model.js';
import { driverCommand, serverCommand } from '../peers/peers.js';
import { PeerProcess } from './peer-process.js';

/** A collection takes some 20 ms. */
const COLLECT_MS = 200;

/** The first run of a fresh pair, in calls; each further one is twice as long until the warm-up is over. */
const FIRST_CALLS = 64;

/** A server with its driver, both running and connected. */
export class RunningPair {
  private constructor(
    private readonly folder: string,
    readonly path: string,
    readonly server: PeerProcess,
    readonly driver: PeerProcess,
  ) {}

  /** Starts both on a socket of their own and opens `connections`. */
  static async start({ client, server }: Pair, connections: number): Promise<RunningPair> {
    const folder = await mkdtemp(join(tmpdir(), 'ttrpc-bench-'));
    const path = join(folder, 's');
    const starts = await Promise.allSettled([
      PeerProcess.start(`server ${server}`, serverCommand(server, path)),
      PeerProcess.start(`driver ${client}`, driverCommand(client)),
    ]);
    try {
      const [serving, driving] = starts.map(valueOf) as [PeerProcess, PeerProcess];
      await driving.command('connect', { path, connections });
      return new RunningPair(folder, path, serving, driving);
    } catch (error) {
      for (const each of starts) if (each.status === 'fulfilled') await each.value.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** One run, measured on both sides. */
  async measure(load: Load): Promise<Sample> {
    const before = cpuMicros(this.server.pid);
    const made = (await this.driver.command('run', load)) as RunResult;
    const serverCpuUs = cpuMicros(this.server.pid) - before;
    return {
      perSecond: (made.calls / made.elapsedUs) * 1e6,
      serverCpuUs: serverCpuUs / made.calls,
      clientCpuUs: made.cpuUs / made.calls,
      p50Us: made.p50Us,
      p99Us: made.p99Us,
    };
  }

  /** Runs for at least `ms` (compilers and caches get warm) and gives the rate of the last run, in calls for each s. */
  async warmUp(load: Omit<Load, 'calls'>, ms: number, maxCalls: number): Promise<number> {
    let spentUs = 0;
    for (let calls = FIRST_CALLS; ; calls = Math.min(calls * 2, maxCalls)) {
      const { elapsedUs } = (await this.driver.command('run', { ...load, calls })) as RunResult;
      spentUs += elapsedUs;
      if (spentUs >= ms * 1000) return (calls / elapsedUs) * 1e6;
    }
  }

  /** Has both sides collect their heaps; a server that is not Node's ignores it. */
  async collect(): Promise<void> {
    this.server.tell('collect');
    await this.driver.command('collect');
    await sleep(COLLECT_MS);
  }

  async stop(): Promise<void> {
    await this.driver.stop();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}
