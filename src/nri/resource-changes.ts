import type { MessageInit } from '../schema/message-init.js';
import type { LinuxCPU, LinuxMemory, LinuxPids } from './generated/messages.js';

/** A 64-bit number: a bigint where a number loses digits. */
export type Integer = number | bigint;

/** The parts of {@link LinuxResources} as they are built up. */
export interface ResourceParts {
  memory?: { -readonly [Name in keyof MessageInit<LinuxMemory>]: MessageInit<LinuxMemory>[Name] };
  cpu?: { -readonly [Name in keyof MessageInit<LinuxCPU>]: MessageInit<LinuxCPU>[Name] };
  hugepageLimits?: { pageSize: string; limit: Integer }[];
  blockioClass?: { value: string };
  rdtClass?: { value: string };
  unified?: Record<string, string>;
  pids?: MessageInit<LinuxPids>;
}

/** Changes of a container's resources: what adjustments and updates have in common. Each returns the object itself. */
export abstract class ResourceChanges {
  /** The resources that are changed; made when they are first needed. */
  protected abstract resources(): ResourceParts;

  /** Bytes of memory. */
  setLinuxMemoryLimit(bytes: Integer): this {
    return this.#memory({ limit: { value: bytes } });
  }

  /** Bytes of memory that the container may count on. */
  setLinuxMemoryReservation(bytes: Integer): this {
    return this.#memory({ reservation: { value: bytes } });
  }

  /** Bytes of memory and swap together. */
  setLinuxMemorySwap(bytes: Integer): this {
    return this.#memory({ swap: { value: bytes } });
  }

  /** Bytes of the kernel's memory. */
  setLinuxMemoryKernel(bytes: Integer): this {
    return this.#memory({ kernel: { value: bytes } });
  }

  /** Bytes of the kernel's TCP buffers. */
  setLinuxMemoryKernelTCP(bytes: Integer): this {
    return this.#memory({ kernelTcp: { value: bytes } });
  }

  /** How readily memory is swapped, 0 to 100. */
  setLinuxMemorySwappiness(value: Integer): this {
    return this.#memory({ swappiness: { value } });
  }

  /** The kernel ends no process of the container when memory is short. */
  setLinuxMemoryDisableOomKiller(): this {
    return this.#memory({ disableOomKiller: { value: true } });
  }

  /** Memory is accounted for with that of cgroups below. */
  setLinuxMemoryUseHierarchy(): this {
    return this.#memory({ useHierarchy: { value: true } });
  }

  /** The scheduler's weight. */
  setLinuxCPUShares(value: Integer): this {
    return this.#cpu({ shares: { value } });
  }

  /** Microseconds of CPU time in each period. */
  setLinuxCPUQuota(value: Integer): this {
    return this.#cpu({ quota: { value } });
  }

  /** The period in microseconds. */
  setLinuxCPUPeriod(value: Integer): this {
    return this.#cpu({ period: { value } });
  }

  /** Microseconds of real-time scheduling in each real-time period. */
  setLinuxCPURealtimeRuntime(value: Integer): this {
    return this.#cpu({ realtimeRuntime: { value } });
  }

  /** The real-time period in microseconds. */
  setLinuxCPURealtimePeriod(value: Integer): this {
    return this.#cpu({ realtimePeriod: { value } });
  }

  /** The CPUs that the container may use: `0-3,7`. */
  setLinuxCPUSetCPUs(cpus: string): this {
    return this.#cpu({ cpus });
  }

  /** The memory nodes that the container may use: `0-1`. */
  setLinuxCPUSetMems(mems: string): this {
    return this.#cpu({ mems });
  }

  /** The most processes. */
  setLinuxPidLimits(limit: Integer): this {
    this.resources().pids = { limit };
    return this;
  }

  /** Bytes of huge pages of one size (`2MB`). */
  addLinuxHugepageLimit(pageSize: string, limit: Integer): this {
    (this.resources().hugepageLimits ??= []).push({ pageSize, limit });
    return this;
  }

  /** The class of block I/O. */
  setLinuxBlockIOClass(value: string): this {
    this.resources().blockioClass = { value };
    return this;
  }

  /** The class of RDT. */
  setLinuxRDTClass(value: string): this {
    this.resources().rdtClass = { value };
    return this;
  }

  /** A setting of cgroup v2 by its file's name. */
  addLinuxUnified(key: string, value: string): this {
    (this.resources().unified ??= {})[key] = value;
    return this;
  }

  #memory(change: MessageInit<LinuxMemory>): this {
    Object.assign((this.resources().memory ??= {}), change);
    return this;
  }

  #cpu(change: MessageInit<LinuxCPU>): this {
    Object.assign((this.resources().cpu ??= {}), change);
    return this;
  }
}
