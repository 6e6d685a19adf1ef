import type { MessageInit } from '../schema/message-init.js';
import type {
  CDIDevice,
  Hooks,
  LinuxDevice,
  LinuxIOPriority,
  LinuxNamespace,
  LinuxNetDevice,
  LinuxScheduler,
  LinuxSeccomp,
  Mount,
  MpolFlag,
  MpolMode,
} from './generated/messages.js';
import { ResourceChanges, type Integer, type ResourceParts } from './resource-changes.js';

/** How NRI says that something of a container is removed: by a `-` in front of its key. */
const removed = (key: string): string => `-${key}`;

interface LinuxParts {
  devices?: MessageInit<LinuxDevice>[];
  resources?: ResourceParts;
  cgroupsPath?: string;
  oomScoreAdj?: { value: Integer };
  ioPriority?: MessageInit<LinuxIOPriority>;
  seccompPolicy?: MessageInit<LinuxSeccomp>;
  namespaces?: MessageInit<LinuxNamespace>[];
  sysctl?: Record<string, string>;
  netDevices?: Record<string, MessageInit<LinuxNetDevice>>;
  scheduler?: MessageInit<LinuxScheduler>;
  rdt?: {
    closId?: { value: string };
    schemata?: { value: string[] };
    enableMonitoring?: { value: boolean };
    remove?: boolean;
  };
  memoryPolicy?: { mode: MpolMode; nodes: string; flags: MpolFlag[] };
}

/**
 * Changes of a container that is about to be created, for `createContainer`: `return { adjust: new
 * ContainerChanges().addEnv('A', 'b').addMount({ … }) }`. Each method returns the object itself; the names and effects are
 * those of `ContainerAdjustment` in NRI's Go package.
 * What another plugin has set may be changed only after it has been removed: `removeEnv('A').addEnv('A', 'c')`.
 */
export class ContainerChanges extends ResourceChanges {
  annotations?: Record<string, string>;
  mounts?: MessageInit<Mount>[];
  env?: { key: string; value?: string }[];
  hooks?: { [Name in keyof Hooks]?: MessageInit<Hooks[Name][number]>[] };
  linux?: LinuxParts;
  rlimits?: { type: string; hard: Integer; soft: Integer }[];
  CDIDevices?: MessageInit<CDIDevice>[];
  args?: string[];

  /** Sets an annotation. */
  addAnnotation(key: string, value: string): this {
    (this.annotations ??= {})[key] = value;
    return this;
  }

  /** Removes an annotation. */
  removeAnnotation(key: string): this {
    return this.addAnnotation(removed(key), '');
  }

  /** Adds a mount. */
  addMount(mount: MessageInit<Mount>): this {
    (this.mounts ??= []).push(mount);
    return this;
  }

  /** Removes the mount at a path in the container. */
  removeMount(destination: string): this {
    return this.addMount({ destination: removed(destination) });
  }

  /** Sets an environment variable. */
  addEnv(key: string, value: string): this {
    (this.env ??= []).push({ key, value });
    return this;
  }

  /** Removes an environment variable. */
  removeEnv(key: string): this {
    (this.env ??= []).push({ key: removed(key) });
    return this;
  }

  /** Sets the command line; fails when another plugin has set it. */
  setArgs(args: readonly string[]): this {
    this.args = [...args];
    return this;
  }

  /** Sets the command line, also when another plugin has set it. */
  updateArgs(args: readonly string[]): this {
    // An empty first argument means that.
    this.args = ['', ...args];
    return this;
  }

  /** Adds OCI hooks. */
  addHooks(hooks: MessageInit<Hooks>): this {
    const all = (this.hooks ??= {});
    for (const [name, added] of Object.entries(hooks) as [keyof Hooks, MessageInit<Hooks>[keyof Hooks]][]) {
      all[name] = [...(all[name] ?? []), ...(added ?? [])];
    }
    return this;
  }

  /** Sets a limit of setrlimit (`RLIMIT_NOFILE`). */
  addRlimit(type: string, hard: Integer, soft: Integer): this {
    (this.rlimits ??= []).push({ type, hard, soft });
    return this;
  }

  /** Adds a device by its CDI name (`vendor.com/class=name`). */
  addCDIDevice(device: MessageInit<CDIDevice>): this {
    (this.CDIDevices ??= []).push(device);
    return this;
  }

  /** Adds a device. */
  addDevice(device: MessageInit<LinuxDevice>): this {
    (this.#linux().devices ??= []).push(device);
    return this;
  }

  /** Removes the device at a path in the container. */
  removeDevice(path: string): this {
    return this.addDevice({ path: removed(path) });
  }

  /** Adds a namespace, or replaces the one of its type. */
  addOrReplaceNamespace(namespace: MessageInit<LinuxNamespace>): this {
    (this.#linux().namespaces ??= []).push(namespace);
    return this;
  }

  /** Removes the namespace of a type, which may be given alone (`'network'`) or as a namespace. */
  removeNamespace(namespace: string | MessageInit<LinuxNamespace>): this {
    const type = typeof namespace === 'string' ? namespace : (namespace.type ?? '');
    return this.addOrReplaceNamespace({ type: removed(type) });
  }

  /** Moves a network device of the host into the container. */
  addLinuxNetDevice(hostDevice: string, device: MessageInit<LinuxNetDevice>): this {
    (this.#linux().netDevices ??= {})[hostDevice] = device;
    return this;
  }

  /** Does not move a network device of the host. */
  removeLinuxNetDevice(hostDevice: string): this {
    return this.addLinuxNetDevice(removed(hostDevice), {});
  }

  /** Sets the memory policy of set_mempolicy(2). */
  setLinuxMemoryPolicy(mode: MpolMode, nodes: string, ...flags: MpolFlag[]): this {
    this.#linux().memoryPolicy = { mode, nodes, flags };
    return this;
  }

  /** Sets the path of the container's cgroup. */
  setLinuxCgroupsPath(path: string): this {
    this.#linux().cgroupsPath = path;
    return this;
  }

  /** Sets how readily the kernel ends the container's processes when memory is short, -1000 to 1000. */
  setLinuxOomScoreAdj(value: Integer): this {
    this.#linux().oomScoreAdj = { value };
    return this;
  }

  /** Sets the priority of input and output. */
  setLinuxIOPriority(priority: MessageInit<LinuxIOPriority>): this {
    this.#linux().ioPriority = priority;
    return this;
  }

  /** Sets the seccomp policy. */
  setLinuxSeccompPolicy(policy: MessageInit<LinuxSeccomp>): this {
    this.#linux().seccompPolicy = policy;
    return this;
  }

  /** Sets a sysctl. */
  setLinuxSysctl(key: string, value: string): this {
    (this.#linux().sysctl ??= {})[key] = value;
    return this;
  }

  /** Sets the scheduler's attributes. */
  setLinuxScheduler(scheduler: MessageInit<LinuxScheduler>): this {
    this.#linux().scheduler = scheduler;
    return this;
  }

  /** Sets the class of service of RDT. */
  setLinuxRDTClosID(value: string): this {
    (this.#linux().rdt ??= {}).closId = { value };
    return this;
  }

  /** Sets the schemata of RDT. */
  setLinuxRDTSchemata(value: readonly string[]): this {
    (this.#linux().rdt ??= {}).schemata = { value: [...value] };
    return this;
  }

  /** Monitors the container by RDT. */
  setLinuxRDTEnableMonitoring(value: boolean): this {
    (this.#linux().rdt ??= {}).enableMonitoring = { value };
    return this;
  }

  /** Removes the settings of RDT. */
  removeLinuxRDT(): this {
    (this.#linux().rdt ??= {}).remove = true;
    return this;
  }

  protected override resources(): ResourceParts {
    return (this.#linux().resources ??= {});
  }

  #linux(): LinuxParts {
    return (this.linux ??= {});
  }
}

/**
 * Changes of the resources of a container that runs, for what handlers ask for and for `updateContainers`: `new
 * ContainerResourceUpdate(id).setLinuxCPUShares(512)`.
 */
export class ContainerResourceUpdate extends ResourceChanges {
  linux?: { resources?: ResourceParts };
  ignoreFailure?: boolean;

  /** @param containerId - the container that is changed */
  constructor(public containerId: string) {
    super();
  }

  /** Changes the id of the container. */
  setContainerId(id: string): this {
    this.containerId = id;
    return this;
  }

  /** The runtime goes on when it cannot make this update. */
  setIgnoreFailure(): this {
    this.ignoreFailure = true;
    return this;
  }

  protected override resources(): ResourceParts {
    return ((this.linux ??= {}).resources ??= {});
  }
}
