import {
  Module,
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import { describe } from '../../protocol/core/describe.js';
import type { ServiceDescriptor } from '../../schema/service-descriptor.js';
import type { TtrpcClientOptions } from '../api/client-options.js';
import { localOptions } from './local-client.js';
import { getTtrpcServiceToken } from './service-token.js';
import { TtrpcClient } from '../api/ttrpc-client.js';

/** What is provided for one client. */
export interface TtrpcClientTokens {
  /** The token of the TtrpcClient. */
  name: string | symbol;
  /** The services whose proxies are provided, see {@link getTtrpcServiceToken}; an unknown one fails at the start. */
  services?: readonly (string | ServiceDescriptor)[] | undefined;
}

/** A client of `TtrpcClientsModule.register`. */
export interface TtrpcClientRegistration extends TtrpcClientTokens, TtrpcClientOptions {
  /**
   * True: the server is in this process; takes the place of `url`. Connections go without a socket to the TtrpcServer
   * that serves all of `services`, whatever address it has. Until it listens calls fail with UNAVAILABLE, or wait with
   * `waitForReady`. Default false.
   */
  local?: boolean | undefined;
}

/** Makes the options of a client; for `useClass` and `useExisting`. */
export interface TtrpcClientOptionsFactory {
  createClientOptions(): TtrpcClientOptions | Promise<TtrpcClientOptions>;
}

/** A client of `TtrpcClientsModule.registerAsync`: exactly one of `useFactory`, `useClass` and `useExisting`. */
export interface TtrpcClientAsyncRegistration extends TtrpcClientTokens, Pick<ModuleMetadata, 'imports'> {
  // The parameters are what `inject` names: no type can tell.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  useFactory?: (...args: any[]) => TtrpcClientOptions | Promise<TtrpcClientOptions>;
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  /** Made for this client. */
  useClass?: Type<TtrpcClientOptionsFactory>;
  /** Provided by one of `imports`, or globally. */
  useExisting?: InjectionToken<TtrpcClientOptionsFactory>;
  /** Provided beside the client, for what the others inject. */
  extraProviders?: Provider[];
}

/** Several clients, as a list or with the wish to provide them in all modules. */
export type TtrpcClientsOf<Registration> = Registration[] | { clients: Registration[]; isGlobal?: boolean };

/**
 * Provides clients, each under its name, and the proxies of their services for `@InjectTtrpcService`. A client closes
 * when the application shuts down.
 */
@Module({})
export class TtrpcClientsModule {
  /** Clients whose options are known. @throws TypeError for one without a name or with that of another */
  static register(registrations: TtrpcClientsOf<TtrpcClientRegistration>): DynamicModule {
    return dynamicModule('register', registrations, ({ local = false, ...registration }) => {
      const { name: _name, services: _services, ...options } = registration;
      const make = (): TtrpcClient => new TtrpcClient(local ? localOptions(registration) : options);
      return { providers: [], client: { useFactory: make } };
    });
  }

  /** Clients whose options come from a factory. @throws as {@link register} */
  static registerAsync(registrations: TtrpcClientsOf<TtrpcClientAsyncRegistration>): DynamicModule {
    return dynamicModule('registerAsync', registrations, asyncClient);
  }
}

interface ClientFactory {
  /** What the factory needs. */
  providers: Provider[];
  client: Pick<FactoryProvider<TtrpcClient>, 'useFactory' | 'inject'>;
}

function asyncClient(registration: TtrpcClientAsyncRegistration): ClientFactory {
  const { name, useFactory, useClass, useExisting, inject = [], extraProviders = [] } = registration;
  if ([useFactory, useClass, useExisting].filter((each) => each !== undefined).length !== 1) {
    throw new TypeError(`client ${String(name)}: expected exactly one of useFactory, useClass and useExisting`);
  }
  if (useFactory) {
    const make = async (...args: unknown[]): Promise<TtrpcClient> => new TtrpcClient(await useFactory(...args));
    return { providers: extraProviders, client: { useFactory: make, inject } };
  }
  // One of the two is there; `useClass` is its own token.
  const token = (useExisting ?? useClass) as InjectionToken<TtrpcClientOptionsFactory>;
  const make = async (factory: TtrpcClientOptionsFactory): Promise<TtrpcClient> => {
    if (typeof (factory as Partial<TtrpcClientOptionsFactory> | undefined)?.createClientOptions !== 'function') {
      throw new TypeError(
        `client ${String(name)}: ${useClass ? 'useClass' : 'useExisting'}: expected a provider with the method createClientOptions(), got ${describe(factory)}`,
      );
    }
    return new TtrpcClient(await factory.createClientOptions());
  };
  return {
    providers: useClass ? [...extraProviders, useClass] : extraProviders,
    client: { useFactory: make, inject: [token] },
  };
}

function dynamicModule<R extends TtrpcClientTokens & Pick<ModuleMetadata, 'imports'>>(
  method: string,
  registrations: TtrpcClientsOf<R>,
  factoryOf: (registration: R) => ClientFactory,
): DynamicModule {
  const { clients, isGlobal } = clientList(method, registrations);
  const names = new Set<unknown>();
  const hidden: Provider[] = [];
  const provided: FactoryProvider[] = [];
  for (const registration of clients) {
    const { name } = registration;
    if ((typeof name !== 'string' && typeof name !== 'symbol') || name === '') {
      throw new TypeError('TtrpcClientsModule: each client needs a name, a string or a symbol');
    }
    if (names.has(name)) throw new TypeError(`TtrpcClientsModule: two clients are named ${String(name)}`);
    names.add(name);
    const { services } = registration as { services?: unknown };
    if (services !== undefined && !Array.isArray(services)) {
      throw new TypeError(
        `client ${String(name)}: services: expected an array of names or descriptors of services, got ${describe(services)}`,
      );
    }
    const { providers, client } = factoryOf(registration);
    hidden.push(...providers);
    provided.push({ provide: name, ...client }, ...serviceProviders(registration));
  }
  return {
    module: TtrpcClientsModule,
    global: isGlobal,
    imports: [...new Set(clients.flatMap(({ imports = [] }) => imports))],
    providers: [...hidden, ...provided],
    exports: provided.map(({ provide }) => provide),
  };
}

/** Checks for one client without the array around it, the form in which Nest's modules take one thing. @throws TypeError */
function clientList<R>(method: string, registrations: TtrpcClientsOf<R>): { clients: R[]; isGlobal: boolean } {
  if (Array.isArray(registrations)) return { clients: registrations, isGlobal: false };
  const { clients, isGlobal = false } = (registrations ?? {}) as Partial<Exclude<typeof registrations, R[]>>;
  if (Array.isArray(clients)) return { clients, isGlobal };
  const expected = `TtrpcClientsModule.${method}: expected an array of clients or { clients: [ … ], isGlobal }`;
  if (clients !== undefined) throw new TypeError(`${expected}, got clients: ${describe(clients)}`);
  const isOne = typeof registrations === 'object' && registrations !== null && 'name' in registrations;
  if (!isOne) throw new TypeError(`${expected}, got ${describe(registrations)}`);
  throw new TypeError(`${expected}, got one client; write TtrpcClientsModule.${method}([{ name, … }])`);
}

function serviceProviders({ name, services = [] }: TtrpcClientTokens): FactoryProvider[] {
  // As a string or as a descriptor: the client tells them apart.
  return services.flatMap((service) => [
    {
      provide: getTtrpcServiceToken(name, service),
      useFactory: (client: TtrpcClient): object => client.getService(service as string),
      inject: [name],
    },
    {
      provide: getTtrpcServiceToken(name, service, { async: true }),
      useFactory: (client: TtrpcClient): object => client.getAsyncService(service as string),
      inject: [name],
    },
  ]);
}
