import { TtrpcError } from '../protocol/core/errors.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import type { MessageInit } from '../schema/message-init.js';
import type { ConfigureRequest, ContainerUpdate } from './generated/messages.js';

/** What a connection offers to {@link NriRuntime}. */
export interface RuntimeLink {
  readonly configuration: ConfigureRequest | undefined;
  updateContainers(updates: readonly MessageInit<ContainerUpdate>[], signal?: AbortSignal): Promise<ContainerUpdate[]>;
}

/** The container runtime that a plugin is connected to. It stays the same when the runtime restarts. */
export class NriRuntime {
  #link: RuntimeLink | undefined;

  /** True between the registration with a runtime and the end of its connection. */
  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** `containerd` or `cri-o`, as a rule; empty before the first connection. */
  get name(): string {
    return this.#link?.configuration?.runtimeName ?? '';
  }

  /** The runtime's version; empty before the first connection. */
  get version(): string {
    return this.#link?.configuration?.runtimeVersion ?? '';
  }

  /** NRI's version in the runtime; empty where the runtime does not tell, before NRI 0.12. */
  get nriVersion(): string {
    return this.#link?.configuration?.NRIVersion ?? '';
  }

  /** How long the runtime waits for a handler, in ms, where it has said so. NRI's default is 2,000. */
  get requestTimeoutMs(): number | undefined {
    const ms = Number(this.#link?.configuration?.requestTimeout ?? 0);
    return ms > 0 ? ms : undefined;
  }

  /**
   * Asks for changes of containers at any time. Resolves with those that the runtime could not make.
   * Not from within a handler: the runtime waits for that first. Rejects with UNAVAILABLE without a connection.
   */
  async updateContainers(
    updates: readonly MessageInit<ContainerUpdate>[],
    options: { signal?: AbortSignal } = {},
  ): Promise<ContainerUpdate[]> {
    if (!this.#link) throw new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the plugin is not connected to a runtime');
    return this.#link.updateContainers(updates, options.signal);
  }

  /** A connection has begun or ended. Called by the plugin's runner only. */
  attach(link: RuntimeLink | undefined): void {
    this.#link = link;
  }
}
