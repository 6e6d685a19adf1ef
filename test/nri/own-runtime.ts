import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { connect, implement, serve, type RawClient, type RawServer } from '../../src/protocol/index.js';
import { Mux, PLUGIN_CONNECTION, RUNTIME_CONNECTION } from '../../src/nri/mux.js';
import { nriSchema, runtimeService } from '../../src/nri/schema.js';

/** The service of plugins, which a runtime calls. */
export const PLUGIN_SERVICE = nriSchema().resolve('nri.pkg.api.v1alpha1.Plugin');

type Rpcs = Record<string, (request: object) => Promise<object>>;

/** A plugin that has registered with an {@link OwnRuntime}. */
export class RegisteredPlugin {
  readonly #client: RawClient;
  readonly #rpcs: Rpcs;

  constructor(
    readonly registration: object,
    private readonly trunk: Socket,
    client: RawClient,
  ) {
    this.#client = client;
    this.#rpcs = client.service<Rpcs>(PLUGIN_SERVICE);
  }

  /** Calls an rpc of the plugin, by the rpc's name. */
  async call(rpc: string, request: object = {}): Promise<object> {
    const call = this.#rpcs[rpc];
    if (!call) throw new Error(`the Plugin service has no rpc ${rpc}`);
    return call(request);
  }

  /** As a runtime does before events; resolves with what the plugin has subscribed to. */
  async begin(
    configuration: object = { runtimeName: 'own', requestTimeout: 2000, NRIVersion: 'v0.12.5' },
  ): Promise<object> {
    const subscription = await this.call('Configure', configuration);
    await this.call('Synchronize', { pods: [], containers: [] });
    return subscription;
  }

  /** Hangs up. */
  async close(): Promise<void> {
    this.#client.close();
    this.trunk.destroy();
    await this.gone();
  }

  /** Resolves when the plugin has hung up. */
  async gone(): Promise<void> {
    // Not `once` of node:events, which takes an error for the end: a reset, when the plugin hangs up in the middle.
    if (!this.trunk.closed) await new Promise((resolve) => this.trunk.once('close', resolve));
  }
}

/**
 * The runtime side of NRI for what NRI's own never does: it never calls Shutdown. It serves RegisterPlugin only; all else
 * is up to the test.
 */
export class OwnRuntime {
  readonly #plugins: RegisteredPlugin[] = [];
  readonly #registered: RegisteredPlugin[] = [];
  readonly #servers: RawServer[] = [];
  readonly #listener: Server;
  #wake: () => void = () => undefined;

  private constructor(listener: Server) {
    this.#listener = listener;
    listener.on('connection', (trunk) => void this.#accept(trunk));
  }

  static async start(socket: string): Promise<OwnRuntime> {
    const listener = createServer();
    const runtime = new OwnRuntime(listener);
    listener.listen(socket);
    await once(listener, 'listening');
    return runtime;
  }

  /** The next plugin that registers. */
  async plugin(): Promise<RegisteredPlugin> {
    for (;;) {
      const plugin = this.#registered.shift();
      if (plugin) return plugin;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Hangs up on all plugins, and listens no more. */
  async stop(): Promise<void> {
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    await Promise.all(this.#plugins.map((plugin) => plugin.close()));
    await Promise.all(this.#servers.map((server) => server.close()));
    await closed;
  }

  async #accept(trunk: Socket): Promise<void> {
    trunk.on('error', () => undefined);
    const mux = new Mux(trunk);
    const client = await connect(mux.open(PLUGIN_CONNECTION));
    const registerPlugin = (registration: object): object => {
      const plugin = new RegisteredPlugin(registration, trunk, client);
      this.#plugins.push(plugin);
      this.#registered.push(plugin);
      this.#wake();
      return {};
    };
    this.#servers.push(await serve(mux.open(RUNTIME_CONNECTION), [implement(runtimeService(), { registerPlugin })]));
  }
}
