import type { Duplex } from 'node:stream';
import { connect, type RawCallOptions, type RawClient } from '../protocol/client/connect.js';
import { messageOf, TtrpcError } from '../protocol/core/errors.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import type { RawContext } from '../protocol/server/call-context.js';
import { implement } from '../protocol/server/implement.js';
import { serve, type RawServer } from '../protocol/server/serve.js';
import type { MessageInit } from '../schema/message-init.js';
import type { ServiceClient } from '../protocol/client/service-client.js';
import { EVENT_NAMES, EVENTS, lacksLaterEvents, laterEvents, maskOf, type NriEventName } from './events.js';
import type {
  ConfigureRequest,
  ConfigureResponse,
  Container,
  ContainerUpdate,
  PodSandbox,
  RuntimeMethods,
  StateChangeEvent,
  SynchronizeRequest,
  SynchronizeResponse,
} from './generated/messages.js';
import type { NriContext } from './handlers.js';
import { Mux, PLUGIN_CONNECTION, RUNTIME_CONNECTION } from './mux.js';
import type { NriFunction, NriFunctions } from './plugin-functions.js';
import type { NriFailurePolicy, NriLogger, PluginIdentity } from './plugin-options.js';
import { handlerWarning, REGISTRATION_MS, REQUEST_MS, WARN_AFTER } from './time-limits.js';
import type { NriRuntime, RuntimeLink } from './runtime.js';
import { NRI_VERSION, nriSchema, runtimeService } from './schema.js';

const PLUGIN_SERVICE = 'nri.pkg.api.v1alpha1.Plugin';

/** What a session needs of its plugin. */
export interface SessionOptions {
  readonly identity: PluginIdentity;
  readonly functions: NriFunctions;
  readonly runtime: NriRuntime;
  readonly logger: NriLogger;
  readonly failurePolicy: NriFailurePolicy | undefined;
  readonly unknownEvents: 'error' | 'ignore';
  /** The runtime has started the plugin itself. */
  readonly isLaunched: boolean;
}

/** One connection between a plugin and a runtime: registration, configuration, synchronization, then events. */
export class PluginSession implements RuntimeLink {
  /** Settles when the connection is gone: with the reason, or undefined where this side has closed it. */
  readonly closed: Promise<TtrpcError | undefined>;
  /** As {@link RuntimeLink.configuration}. */
  configuration: ConfigureRequest | undefined;
  readonly #mux: Mux;
  #server: RawServer | undefined;
  #client: RawClient | undefined;
  #runtime: ServiceClient<RuntimeMethods, RawCallOptions> | undefined;
  readonly #began = deferred<void>();
  #end: (reason: TtrpcError | undefined) => void = () => undefined;
  #subscribed: NriEventName[] = [];
  #pods: PodSandbox[] = [];
  #containers: Container[] = [];
  #stopped = false;
  /** The runtime has sent more than Configure: it has taken the subscription. */
  #isUsed = false;

  private constructor(
    trunk: Duplex,
    private readonly options: SessionOptions,
  ) {
    this.#mux = new Mux(trunk);
    this.closed = new Promise((resolve) => (this.#end = resolve));
    trunk.once('close', () => this.#onClosed());
    this.#began.promise.catch(() => undefined);
  }

  /**
   * Registers the plugin with the runtime at the other end of `trunk`; resolves once it has been configured and the runtime
   * has begun to use it. Rejects with what the runtime, or `configure`, objects to.
   */
  static async begin(trunk: Duplex, options: SessionOptions): Promise<PluginSession> {
    const session = new PluginSession(trunk, options);
    try {
      await session.#register();
      return session;
    } catch (error) {
      await session.stop();
      throw error;
    }
  }

  async updateContainers(
    updates: readonly MessageInit<ContainerUpdate>[],
    signal?: AbortSignal,
  ): Promise<ContainerUpdate[]> {
    if (!this.#runtime) throw new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the plugin is not registered');
    const { failed } = await this.#runtime.updateContainers({ update: updates }, { signal });
    return failed;
  }

  /** Ends the connection; what handlers are doing is waited for, for `gracePeriodMs`. */
  async stop(gracePeriodMs = 0): Promise<void> {
    this.#stopped = true;
    await this.#server?.close({ gracePeriodMs });
    this.#client?.close();
    this.#mux.destroy();
    await this.closed;
  }

  async #register(): Promise<void> {
    const plugin = nriSchema().resolve(PLUGIN_SERVICE);
    const handlers: Record<string, (request: object, context: RawContext) => Promise<unknown>> = {};
    for (const rpc of Object.keys(plugin.methods)) {
      handlers[rpc] = (request, context) => this.#onCall(rpc, request, context);
    }
    this.#server = await serve(this.#mux.open(PLUGIN_CONNECTION), [implement(plugin, handlers)]);
    this.#client = await connect(this.#mux.open(RUNTIME_CONNECTION));
    const runtime = this.#client.service(runtimeService());
    this.#runtime = runtime;
    const { name, index } = this.options.identity;
    try {
      const registration = { pluginName: name, pluginIdx: index, NRIVersion: NRI_VERSION };
      await runtime.registerPlugin(registration, { timeoutMs: REGISTRATION_MS });
    } catch (error) {
      const { code, message } = TtrpcError.from(error);
      throw new TtrpcError(code, `the runtime did not register NRI plugin ${index}-${name}: ${message}`, {
        cause: error,
      });
    }
    const timer = setTimeout(() => {
      const message = `the runtime has registered NRI plugin ${index}-${name}, but not synchronized it within ${REGISTRATION_MS} ms`;
      this.#began.reject(new TtrpcError(TtrpcStatus.DEADLINE_EXCEEDED, message));
    }, REGISTRATION_MS);
    try {
      await this.#began.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #onClosed(): void {
    const reason = this.#stopped ? undefined : this.#lost();
    this.options.runtime.attach(undefined);
    this.#began.reject(reason ?? new TtrpcError(TtrpcStatus.CANCELLED, 'the plugin was stopped'));
    this.#client?.close();
    void this.#server?.close();
    this.#end(reason);
  }

  #lost(): TtrpcError {
    const later = laterEvents(this.#subscribed);
    const isRefused = this.configuration !== undefined && !this.#isUsed && later.length > 0;
    return new TtrpcError(
      TtrpcStatus.UNAVAILABLE,
      isRefused
        ? `the runtime has closed the connection after the plugin subscribed: it may be older than NRI 0.10 and not know ${later.join(', ')}`
        : 'the runtime has closed the connection',
    );
  }

  async #onCall(rpc: string, request: object, context: RawContext): Promise<unknown> {
    if (rpc !== 'Configure' && !this.#isUsed) {
      this.#isUsed = true;
      this.#onBegun();
    }
    const response = (await this.#dispatch(rpc, request, context)) ?? {};
    if (rpc === 'Configure' && this.#needsNoSynchronize()) this.#onBegun();
    return response;
  }

  /** Runtimes with NRI 0.3, which tell no limits, do not synchronize the plugins that they start. */
  #needsNoSynchronize(): boolean {
    return this.options.isLaunched && Number(this.configuration?.requestTimeout ?? 0) === 0;
  }

  #onBegun(): void {
    if (this.#stopped) return;
    this.options.runtime.attach(this);
    this.#began.resolve();
  }

  #dispatch(rpc: string, request: object, context: RawContext): unknown {
    switch (rpc) {
      case 'Configure':
        return this.#configure(request as ConfigureRequest, context);
      case 'Synchronize':
        return this.#synchronize(request as SynchronizeRequest, context);
      case 'Shutdown':
        return this.#run('shutdown', request, context);
      case 'StateChange':
        return this.#stateChange(request as StateChangeEvent, context);
      case 'ValidateContainerAdjustment':
        return this.#validate(request, context);
      default: {
        const event = EVENT_NAMES.find((name) => EVENTS[name].rpc === rpc);
        return event && this.#run(event, request, context);
      }
    }
  }

  async #configure(request: ConfigureRequest, context: RawContext): Promise<MessageInit<ConfigureResponse>> {
    this.configuration = request;
    try {
      this.#subscribed = await this.#events(request, context);
      if (this.#subscribed.length === 0 && !this.options.functions.synchronize) {
        throw new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, 'the NRI plugin is left with no event to handle');
      }
      return { events: maskOf(this.#subscribed), failurePolicy: this.options.failurePolicy };
    } catch (error) {
      const reason = TtrpcError.from(error);
      this.#began.reject(reason);
      throw reason;
    }
  }

  /** What the plugin subscribes to: what it handles, or those of them that `configure` names. */
  async #events(request: ConfigureRequest, context: RawContext): Promise<NriEventName[]> {
    const { functions } = this.options;
    const handled = EVENT_NAMES.filter((name) => functions[name] !== undefined);
    const named = (await this.#run('configure', request, context)) as readonly string[] | undefined;
    const wanted = named ? handled.filter((name) => named.includes(name)) : handled;
    const stray = named?.find((name) => !handled.includes(name as NriEventName));
    if (stray !== undefined) {
      throw new TtrpcError(
        TtrpcStatus.INVALID_ARGUMENT,
        `configure asks for the event ${JSON.stringify(stray)}, which the plugin does not handle; it handles ${handled.join(', ')}`,
      );
    }
    const unknown = laterEvents(wanted);
    if (unknown.length === 0 || !lacksLaterEvents(request)) return wanted;
    const { runtimeName, runtimeVersion } = request;
    const which = `${runtimeName} ${runtimeVersion} does not know ${unknown.join(', ')}`;
    if (this.options.unknownEvents === 'ignore') {
      this.options.logger.warn(`NRI: ${which}: the plugin will not receive these`);
      return wanted.filter((name) => !unknown.includes(name));
    }
    throw new TtrpcError(
      TtrpcStatus.FAILED_PRECONDITION,
      `${which}: they came with NRI 0.10; do without them, or set unknownEvents: 'ignore'`,
    );
  }

  async #synchronize(request: SynchronizeRequest, context: RawContext): Promise<MessageInit<SynchronizeResponse>> {
    const { pods, containers, more } = request;
    this.#pods.push(...pods);
    this.#containers.push(...containers);
    if (more) return { more: true };
    const state = { pods: this.#pods, containers: this.#containers };
    this.#pods = [];
    this.#containers = [];
    const update = (await this.#run('synchronize', state, context)) as MessageInit<ContainerUpdate>[] | undefined;
    return { update: update ?? [] };
  }

  /** How runtimes before NRI 0.11 tell of most events. */
  async #stateChange(request: StateChangeEvent, context: RawContext): Promise<void> {
    const event = EVENT_NAMES.find((name) => EVENTS[name].name === request.event);
    if (event) await this.#run(event, { pod: request.pod, container: request.container }, context);
  }

  async #validate(request: object, context: RawContext): Promise<unknown> {
    try {
      return await this.#run('validateContainerAdjustment', request, context);
    } catch (error) {
      return { reject: true, reason: messageOf(error) };
    }
  }

  /** Runs a handler; an error fails the runtime's request with its message, which is what it is thrown for. */
  async #run(name: keyof NriFunctions, request: object, context: RawContext): Promise<unknown> {
    const handler: NriFunction | undefined = this.options.functions[name];
    if (!handler) return undefined;
    const limit = Number(this.configuration?.requestTimeout ?? 0) || REQUEST_MS;
    const { identity, logger, failurePolicy } = this.options;
    const warn = (): void => logger.warn(handlerWarning(identity, name, limit, failurePolicy));
    const warning = setTimeout(warn, limit * WARN_AFTER);
    try {
      return await handler(whole(request), this.#context(context));
    } catch (error) {
      this.options.logger.error(`NRI: ${name} failed: ${messageOf(error)}`);
      throw error instanceof TtrpcError
        ? error
        : new TtrpcError(TtrpcStatus.UNKNOWN, messageOf(error), { cause: error });
    } finally {
      clearTimeout(warning);
    }
  }

  #context(context: RawContext): NriContext {
    const { runtime } = this.options;
    return {
      runtime,
      deadline: context.deadline,
      get signal() {
        return context.signal;
      },
    };
  }
}

/** Handlers need not ask whether a pod or a container is there: the runtime sends them always. */
function whole(request: object): object {
  const fields = request as Record<string, unknown>;
  if (fields['pod'] === null) fields['pod'] = empty('PodSandbox');
  if (fields['container'] === null) fields['container'] = empty('Container');
  return fields;
}

function empty(type: string): unknown {
  return nriSchema().findType(`nri.pkg.api.v1alpha1.${type}`)?.decode(new Uint8Array());
}

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: Error): void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
