import type { Any } from '../generated/messages.js';

/** A container as containerd describes it to its shim. */
export interface ShimContainer {
  readonly id: string;
  readonly namespace: string;
  /** The folder of config.json. */
  readonly bundle: string;
  /** config.json of the bundle: the OCI specification of the container. */
  readonly spec: OciSpec;
}

/** The part of the OCI runtime specification that every container has; the rest is there, too. */
export interface OciSpec {
  readonly process?: OciProcess;
  readonly root?: { readonly path: string; readonly readonly?: boolean };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [name: string]: unknown;
}

/** A process of the OCI runtime specification. */
export interface OciProcess {
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly terminal?: boolean;
  readonly user?: { readonly uid?: number; readonly gid?: number };
  readonly [name: string]: unknown;
}

/** A process that a runner is to start. */
export interface ShimProcess {
  readonly container: ShimContainer;
  /** Empty for the container's own process, else that of `exec`. */
  readonly execId: string;
  readonly process: OciProcess;
  /**
   * Descriptors for the process's stdin, stdout and stderr; undefined where there is no reader or writer. They are closed
   * here once the process has been started.
   */
  readonly stdio: readonly [number | undefined, number | undefined, number | undefined];
}

/** A process that a runner has started. */
export interface StartedProcess {
  readonly pid: number;
  /** Resolves with the exit status, 128 and the signal's number where a signal ended it. Never rejects. */
  readonly exited: Promise<number>;
  /** Sends a signal, to the whole group of processes with `all`. */
  kill(signal: number, all: boolean): void;
  /** Sets the size of its terminal. Without it terminals are refused. */
  resize?(width: number, height: number): void | Promise<void>;
  /** Stops it, all its processes included, until {@link resume}. Without it pausing is UNIMPLEMENTED. */
  pause?(): void | Promise<void>;
  /** Lets it go on. */
  resume?(): void | Promise<void>;
}

/** How a shim runs containers: what there is to be said beside the protocol. */
export interface ShimRunner {
  /** A container is being created; nothing runs yet. An error refuses it. */
  create?(container: ShimContainer): void | Promise<void>;
  /** Starts a process of a container. Rejects where it cannot be started. */
  start(process: ShimProcess): StartedProcess | Promise<StartedProcess>;
  /**
   * What a container uses, as a google.protobuf.Any; containerd's clients know `io.containerd.cgroups.v1.Metrics` and
   * `io.containerd.cgroups.v2.Metrics`. Without it statistics are UNIMPLEMENTED.
   */
  stats?(container: ShimContainer): Any | Promise<Any>;
  /**
   * Changes the limits of a container; `resources` is what the client has sent, LinuxResources of the OCI runtime
   * specification as JSON, as a rule. Without it updates are UNIMPLEMENTED.
   */
  update?(container: ShimContainer, resources: Any, annotations: Record<string, string>): void | Promise<void>;
  /** A container is gone, also after a crash of the shim. */
  delete?(container: Pick<ShimContainer, 'id' | 'namespace' | 'bundle'>): void | Promise<void>;
}
