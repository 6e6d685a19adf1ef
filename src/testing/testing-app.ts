import { randomUUID } from 'node:crypto';
import type { INestMicroservice, InjectionToken, ModuleMetadata, Type } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import type { AsyncService, ObservableService } from '../client/api/client-types.js';
import type { TtrpcClientOptions } from '../client/api/client-options.js';
import { TtrpcClient } from '../client/api/ttrpc-client.js';
import { warnOfOptions, type OptionNames } from '../protocol/core/option-names.js';
import { SCHEMA_OPTIONS } from '../schema/option-names.js';
import type { SchemaOptions } from '../schema/schema.js';
import type { MethodDescriptor, ServiceDescriptor } from '../schema/service-descriptor.js';
import { TtrpcServer } from '../transport/ttrpc-server.js';
import type { TtrpcServerOptions } from '../transport/ttrpc-server-options.js';

/** What the application is made of, with the options of its schema. */
export interface TtrpcTestingOptions extends ModuleMetadata, SchemaOptions {
  /** More options of the TtrpcServer. */
  server?: Omit<TtrpcServerOptions, 'url' | keyof SchemaOptions> | undefined;
  /** More options of the TtrpcClient. */
  client?: Omit<TtrpcClientOptions, 'url' | 'duplex' | 'connect' | keyof SchemaOptions> | undefined;
  /** Changes the testing module before it is compiled: `(builder) => builder.overrideProvider(Jobs).useValue(fake)`. */
  override?: ((builder: TestingModuleBuilder) => unknown) | undefined;
  /** Changes the application before it listens: `(app) => app.useGlobalPipes(new ValidationPipe())`. */
  prepare?: ((app: INestMicroservice) => unknown) | undefined;
  /** Default false: Nest logs nothing. True: as in an application. */
  logger?: boolean | undefined;
}

const OPTIONS: OptionNames<TtrpcTestingOptions> = {
  ...SCHEMA_OPTIONS,
  imports: true,
  controllers: true,
  providers: true,
  exports: true,
  server: true,
  client: true,
  override: true,
  prepare: true,
  logger: true,
};

/** An application with a client, in this process; made by {@link createTtrpcTestingApp}. */
export class TtrpcTestingApp {
  /** @internal */
  constructor(
    /** The microservice. */
    readonly app: INestMicroservice,
    /** Its strategy. */
    readonly server: TtrpcServer,
    /** A client of it. */
    readonly client: TtrpcClient,
  ) {}

  /** The address, for clients of your own: `memory:…`. */
  get url(): string {
    return this.server.addresses[0] ?? '';
  }

  /** A provider or controller of the application. @throws Nest's error for an unknown token */
  get<T>(token: InjectionToken<T> | Type<T>): T {
    return this.app.get<T>(token, { strict: false });
  }

  /** As `TtrpcClient.getService`. */
  getService<T extends object>(service: string): T;
  getService<All extends Record<string, MethodDescriptor>>(service: ServiceDescriptor<All>): ObservableService<All>;
  getService(service: string | ServiceDescriptor): object {
    return this.client.getService(service as string);
  }

  /** As `TtrpcClient.getAsyncService`. */
  getAsyncService<T extends object>(service: string): T;
  getAsyncService<All extends Record<string, MethodDescriptor>>(service: ServiceDescriptor<All>): AsyncService<All>;
  getAsyncService(service: string | ServiceDescriptor): object {
    return this.client.getAsyncService(service as string);
  }

  /** Closes client, server and application, in this order. A second call is harmless. */
  async close(): Promise<void> {
    await this.client.close();
    await this.app.close();
  }

  /** As {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Makes a testing module of `controllers`, `providers` and `imports`, serves it at a `memory:` address of its own, and
 * connects a client: the whole way of a call, without a socket. Rejects, with nothing left open, when the module does not
 * compile or the server does not listen.
 */
export async function createTtrpcTestingApp(options: TtrpcTestingOptions): Promise<TtrpcTestingApp> {
  warnOfOptions('createTtrpcTestingApp', options, OPTIONS);
  const { server: serverOptions, client: clientOptions, override, prepare, logger = false } = options;
  const schema = schemaOptions(options);
  const url = `memory:testing-${randomUUID()}`;
  const { imports, controllers, providers, exports } = options;
  const builder = Test.createTestingModule(
    Object.fromEntries(Object.entries({ imports, controllers, providers, exports }).filter(([, value]) => value)),
  );
  await override?.(builder);
  const module: TestingModule = await builder.compile();
  const server = new TtrpcServer({ ...serverOptions, ...schema, url });
  const silent = logger ? {} : { logger: false as const };
  const app = module.createNestMicroservice<MicroserviceOptions>({ strategy: server, ...silent });
  let client: TtrpcClient | undefined;
  try {
    await prepare?.(app);
    await app.listen();
    client = new TtrpcClient({ ...clientOptions, ...clientSchema(schema), url });
    await client.connect();
    return new TtrpcTestingApp(app, server, client);
  } catch (error) {
    await client?.close();
    await app.close();
    throw error;
  }
}

function schemaOptions(options: TtrpcTestingOptions): SchemaOptions {
  const { protoPath, package: packages, loader, descriptors, root, fileDescriptorSet } = options;
  const { maxMessageDepth, unknownProperties } = options;
  const given = {
    protoPath,
    package: packages,
    loader,
    descriptors,
    root,
    fileDescriptorSet,
    maxMessageDepth,
    unknownProperties,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** A server may take its schema from the descriptors of its controllers; its client is given a descriptor with each proxy. */
function clientSchema(schema: SchemaOptions): SchemaOptions {
  const { protoPath, descriptors = [], root, fileDescriptorSet } = schema;
  const isEmpty = [protoPath, root, fileDescriptorSet].every((each) => each === undefined) && descriptors.length === 0;
  if (!isEmpty) return schema;
  return { ...schema, root: { nested: {} } };
}
