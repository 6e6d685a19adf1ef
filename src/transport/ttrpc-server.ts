import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { Logger } from '@nestjs/common';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { logStack, logText } from '../common/log-text.js';
import { localServers, type LocalServer } from '../common/local-servers.js';
import { HANDLER_INFO, TTRPC_TRANSPORT } from '../common/nest-keys.js';
import { messageOf } from '../protocol/core/errors.js';
import type { Peer } from '../protocol/server/peer.js';
import type { ServerCall, ServerMethod } from '../protocol/server/server-call.js';
import type { RefusalReason, ServerStats } from '../protocol/server/refusals.js';
import { ServerCore } from '../protocol/server/server.js';
import type { StatusDetail } from '../protocol/core/status.js';
import type { PackedMessage, PackOptions } from '../schema/any-value.js';
import { loadSchema } from '../schema/sources/load-schema.js';
import type { Schema } from '../schema/schema.js';
import type { ServiceDescriptor } from '../schema/service-descriptor.js';
import { forgetHandler, noteHandler, servedElsewhere, type KnownServer } from './binding/application-servers.js';
import type { BoundHandler } from './binding/bound-handler.js';
import { defineTransportId, pipelineBuilt } from './nest-seam/pipeline-building.js';
import { HandlerCall } from './call/handler-call.js';
import { handlerName, type HandlerInfo } from './binding/handler-info.js';
import type { TtrpcContext } from './call/ttrpc-context.js';
import { checkOptions, GRACE_PERIOD_MS, misspelt, type TtrpcServerOptions } from './ttrpc-server-options.js';
import { unwiredMethods } from './binding/unwired.js';
import { FailureLog } from './call/failure-log.js';
import type { ProcessingHooks } from './call/processing-hooks.js';
import { RefusalLog } from './binding/refusal-log.js';
import { cannotListen, startupError } from './binding/startup-error.js';
import { noteServed } from './binding/served-schema.js';
import { startupLine } from './binding/startup-line.js';
import {
  bindHandlers,
  serviceOf,
  TWO_APPLICATIONS,
  type Binding,
  type RegisteredHandler,
} from './binding/bind-handlers.js';

/** What {@link TtrpcServer.status} emits. */
export type TtrpcServerStatus = 'connected' | 'disconnected';

/** The events of {@link TtrpcServer.on}, with what their listeners get. */
export interface TtrpcServerEvents {
  /** The addresses are bound. */
  listening: (addresses: string[]) => void;
  /** A connection was accepted. */
  connection: (peer: Peer) => void;
  /** A connection has ended. */
  disconnection: (peer: Peer) => void;
  /** A limit, or `authorize`, has refused something: a connection, a call or a frame. `what` says it in words. */
  refused: (reason: RefusalReason, peer: Peer, what: string) => void;
  /** The server has closed. */
  close: () => void;
}

type Listeners = { [E in keyof TtrpcServerEvents]: TtrpcServerEvents[E][] };

/**
 * The strategy for `NestFactory.createMicroservice({ strategy: new TtrpcServer({ … }) })` and `connectMicroservice`:
 * serves controllers that are decorated with `@TtrpcService` and `@TtrpcMethod`.
 */
// `Server` has type parameters for its events and status in Nest 11 and 12; ours are typed by `on` and `status` below.
export class TtrpcServer extends Server implements CustomTransportStrategy {
  protected override readonly logger = new Logger('TtrpcServer');
  readonly #options: TtrpcServerOptions;
  readonly #handlers: RegisteredHandler[] = [];
  readonly #listeners: Listeners = { listening: [], connection: [], disconnection: [], refused: [], close: [] };
  readonly #core: ServerCore;
  readonly #refusals = new RefusalLog((line) => this.logger.warn(line));
  readonly #failures = new FailureLog((line, stack) => this.logger.error(line, stack));
  /** This server as the others of its application see it. A schema that does not load serves nothing; its own server says why. */
  readonly #known: KnownServer = { serves: (info) => this.#serves(info) };
  /** This server as the local clients of its process see it. */
  readonly #local: LocalServer = {
    servesName: (name) => [...this.#servedServices()].some((service) => service.name === name),
    accept: (duplex, address) => this.accept(duplex, address),
  };
  #schema: Schema | undefined;
  #served: ReadonlySet<ServiceDescriptor> | undefined;
  /** Rpcs whose handler the engine knows. */
  readonly #bound = new Set<string>();
  #hasHooks = false;
  #closing: Promise<void> | undefined;
  /** Warnings for `listen()`. A class that extends this one may have options of its own. */
  readonly #misspelt: readonly string[];
  /** True from `listen()` on, unless it fails. */
  #listening = false;
  /** Nest registers an application's handlers in one turn of the event loop. */
  #turn: object | undefined;

  /** @throws RangeError or TypeError that names an invalid option; everything else shows at `listen()` */
  constructor(options: TtrpcServerOptions) {
    super();
    checkOptions(options);
    this.#options = options;
    this.#misspelt = new.target === TtrpcServer ? misspelt(options) : [];
    defineTransportId(this, TTRPC_TRANSPORT, { skipsParameters: options.alwaysResolveParameters !== true });
    this.#core = new ServerCore(options, {
      onConnection: (peer) => this.#emit('connection', peer),
      onDisconnection: (peer) => this.#emit('disconnection', peer),
      onRefused: (reason, peer, what) => {
        this.#refusals.note(reason, peer.address, what);
        this.#emit('refused', reason, peer, what);
      },
    });
  }

  /** The bound addresses; a TCP port 0 has become a real one. */
  get addresses(): string[] {
    return this.#core.addresses;
  }

  /** Open connections. */
  get connectionCount(): number {
    return this.#core.connectionCount;
  }

  /** What is open, held and was refused. */
  get stats(): ServerStats {
    return this.#core.stats;
  }

  /**
   * Reads the schema, finds the rpc for each handler, and binds the addresses. `callback` gets the addresses, or a
   * TtrpcException: INVALID_ARGUMENT for a schema that does not load (a SchemaError is its cause), for a handler without an
   * rpc and for an invalid address, FAILED_PRECONDITION for an address that cannot be bound and a second `listen()`.
   */
  listen(callback: (error?: unknown, addresses?: string[]) => void): void {
    this.#listen().then(
      (addresses) => callback(undefined, addresses),
      (error: unknown) => callback(startupError(error)),
    );
  }

  /**
   * Serves one more connection, whatever made it. Its calls need {@link listen} first. When the server closes it calls
   * `duplex.end()`, which must tell the other end (`final` of a Duplex of your own), and waits up to a second for that to
   * end, too; a Duplex without a `final` is destroyed as soon as it has taken what was written.
   */
  accept(duplex: Duplex, address = 'duplex'): void {
    this.#core.accept(duplex, address);
  }

  /**
   * Accepts nothing more, refuses new calls with UNAVAILABLE, lets calls in flight finish for `gracePeriodMs`, then
   * aborts them. Resolves when no socket is left, at most a second later. A second call waits for the first.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { gracePeriodMs = GRACE_PERIOD_MS, signalStreams } = this.#options;
    localServers().delete(this.#local);
    await this.#core.close({ gracePeriodMs, signalStreams });
    for (const { info } of this.#handlers) forgetHandler(info, this.#known);
    this._status$.next('disconnected');
    this.#emit('close');
  }

  /** Calls `callback` for each event of that name; see {@link TtrpcServerEvents}. @throws {Error} for another name */
  override on<E extends keyof TtrpcServerEvents>(event: E, callback: TtrpcServerEvents[E]): void;
  // The base class leaves the types of its events open.
  override on(event: string, callback: Function): void;
  override on(event: string, callback: Function): void {
    if (!Object.hasOwn(this.#listeners, event)) {
      const known = Object.keys(this.#listeners).join(', ');
      throw new Error(`a ttrpc server has no event ${JSON.stringify(event)}; it has ${known}`);
    }
    (this.#listeners[event as keyof Listeners] as unknown[]).push(callback);
  }

  /** The net.Servers that listen, one for each address but `memory:` ones. */
  override unwrap<T = NetServer[]>(): T {
    return this.#core.listeners.flatMap((listener) => listener.server ?? []) as T;
  }

  /**
   * Encodes a message of the schema as a detail of a status; after `listen()`.
   * @throws {SchemaError} for an unknown type, EncodeError for a value that does not fit it
   */
  pack(typeName: string, value: object, options?: PackOptions): StatusDetail {
    return this.#loadSchema().pack(typeName, value, options);
  }

  /** Decodes a detail of a status or a google.protobuf.Any by the schema. @throws {SchemaError} for an unknown type */
  unpack(packed: PackedMessage): unknown {
    return this.#loadSchema().unpack(packed);
  }

  /** Nest gives each handler here; those of other transports are ignored. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const info = extras[HANDLER_INFO] as HandlerInfo | undefined;
    pipelineBuilt(this);
    if (!info) return;
    super.addHandler(pattern, callback, isEventHandler, extras);
    this.#handlers.push({ info, callback, turn: this.#registration() });
    noteHandler(info, this.#known);
  }

  /** As Nest's: a hook around the processing of each call. */
  override setOnProcessingStartHook(...args: Parameters<Server['setOnProcessingStartHook']>): void {
    super.setOnProcessingStartHook(...args);
    this.#hasHooks = true;
  }

  /** As Nest's: a hook at the end of each call. */
  override setOnProcessingEndHook(...args: Parameters<Server['setOnProcessingEndHook']>): void {
    super.setOnProcessingEndHook(...args);
    this.#hasHooks = true;
  }

  get #packages(): string[] {
    return [this.#options.package ?? []].flat();
  }

  #serves(info: HandlerInfo): boolean {
    try {
      return this.#servedServices().has(serviceOf(info, this.#loadSchema(), this.#packages));
    } catch {
      return false;
    }
  }

  async #listen(): Promise<string[]> {
    this.#checkState();
    this.#listening = true;
    try {
      return await this.#bind();
    } catch (error) {
      this.#listening = false;
      throw error;
    }
  }

  /** A server listens once, for one application. */
  #checkState(): void {
    if (this.#closing) throw cannotListen('this TtrpcServer is closed: make a new one to listen again');
    if (!this.#listening) return;
    if (new Set(this.#handlers.map(({ turn }) => turn)).size > 1) throw cannotListen(TWO_APPLICATIONS);
    const where = this.addresses.length > 0 ? `: it listens on ${this.addresses.join(', ')}` : '';
    throw cannotListen(`listen() was called twice on one TtrpcServer${where}; call it once`);
  }

  async #bind(): Promise<string[]> {
    for (const line of this.#misspelt) this.logger.warn(line);
    const schema = this.#loadSchema();
    const { bindings, foreign, unimplemented } = bindHandlers(
      this.#handlers,
      schema,
      this.#servedServices(),
      this.#packages,
    );
    const modules = new Set(bindings.map(({ handler }) => handler.info.module));
    for (const { handler, reason } of foreign) {
      const { info } = handler;
      if (this.mayIgnore(info) || modules.has(info.module ?? '') || servedElsewhere(info, this.#known)) continue;
      if (info.module === undefined) throw new Error(`${handlerName(info)}: ${messageOf(reason)}`, { cause: reason });
      this.logger.warn(`${info.module} serves nothing: ${messageOf(reason)}`);
      modules.add(info.module);
    }
    if (unimplemented.length > 0) {
      const message = `no handler for ${unimplemented.join(', ')}`;
      const reasons = unwiredMethods(unimplemented, schema);
      if (this.#options.strict) {
        throw new Error([`${message}; a strict server has one for each rpc`, ...reasons].join('. '));
      }
      for (const line of [`${message}: calls are answered UNIMPLEMENTED`, ...reasons]) this.logger.warn(line);
    }
    for (const each of bindings) {
      each.handler.info.verifyMessages?.(this);
      const path = `${each.service.name}/${each.method.name}`;
      // Known from a `listen()` that has failed to bind.
      if (!this.#bound.has(path)) this.#core.methods.add(this.#method(each));
      this.#bound.add(path);
    }
    noteServed(this, { options: this.#options, services: this.#servedServices() });
    for (const { handler } of bindings) handler.info.onServed?.(this);
    const { url } = this.#options;
    const addresses = await this.#core.listen(url === undefined ? [] : [url].flat());
    if (addresses.length === 0) {
      this.logger.warn('no address: `url` is not set, so that only what accept() is given is served');
    }
    localServers().add(this.#local);
    this.logger.log(startupLine(addresses, this.#servedServices(), unimplemented));
    this._status$.next('connected');
    this.#emit('listening', addresses);
    return addresses;
  }

  /** @internal True for a handler that need not be served, though its service is not among those of this server. */
  protected mayIgnore(_info: HandlerInfo): boolean {
    return false;
  }

  #registration(): object {
    if (!this.#turn) {
      this.#turn = {};
      // Not queueMicrotask: fake timers of tests stop that.
      void Promise.resolve().then(() => (this.#turn = undefined));
    }
    return this.#turn;
  }

  #loadSchema(): Schema {
    if (this.#schema) return this.#schema;
    const own = this.#options.descriptors ?? [];
    const fromHandlers = this.#handlers.flatMap(({ info }) => info.descriptor ?? []);
    const options = { ...this.#options, descriptors: [...new Set([...own, ...fromHandlers])] };
    this.#schema = loadSchema(options, (line) => this.logger.warn(line));
    return this.#schema;
  }

  #servedServices(): ReadonlySet<ServiceDescriptor> {
    if (this.#served) return this.#served;
    const schema = this.#loadSchema();
    const { services } = this.#options;
    this.#served = new Set(services ? services.map((name) => schema.resolve(name)) : schema.services.values());
    return this.#served;
  }

  #method({ service, method, handler }: Binding): ServerMethod {
    // Of two descriptors of the same rpcs, each may make other values of a message: names of enums, keys as written.
    const { request, response } = handler.info.descriptor?.methods[method.name] ?? method;
    const bound: BoundHandler = {
      name: handlerName(handler.info),
      callback: handler.info.foreign?.adapt(handler.callback, method) ?? handler.callback,
      request,
      response,
      returnsEmpty: response.typeName === 'google.protobuf.Empty',
      onHiddenError: (error) => this.#failures.note(`${handlerName(handler.info)} failed`, error),
      onLateError: (what, error) => this.#failures.note(what, error),
      onMistake: (message) => this.logger.error(message),
      exposeErrors: this.#options.exposeErrors === true,
    };
    const open = (call: ServerCall) => new HandlerCall(call, bound, this, this.#hooksFor);
    return {
      service: service.name,
      method: method.name,
      shape: method.shape,
      signalsClosing: handler.info.signalClosing,
      open,
      sample: (call) => open(call).parts(),
    };
  }

  readonly #hooksFor = (context: TtrpcContext): ProcessingHooks | undefined => {
    if (!this.#hasHooks) return undefined;
    return {
      // The type of the hook's context differs between Nest 11 and 12; both take any rpc context.
      start: (done) => this.onProcessingStartHook(TTRPC_TRANSPORT, context, done),
      end: () => this.onProcessingEndHook?.(TTRPC_TRANSPORT, context),
    };
  };

  #emit<E extends keyof TtrpcServerEvents>(event: E, ...args: Parameters<TtrpcServerEvents[E]>): void {
    for (const listener of this.#listeners[event]) {
      try {
        (listener as (...all: typeof args) => void)(...args);
      } catch (error) {
        this.logger.error(`a listener of the event ${event} failed: ${logText(messageOf(error))}`, logStack(error));
      }
    }
  }
}
