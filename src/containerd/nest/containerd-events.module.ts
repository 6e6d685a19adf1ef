import type {
  BeforeApplicationShutdown,
  DynamicModule,
  InjectionToken,
  ModuleMetadata,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OptionalFactoryDependency,
  Provider,
} from '@nestjs/common';
import type { Duplex } from 'node:stream';
import { EventPublisher, type EventPublisherOptions, type ReceiveEventsOptions } from '../events.js';
import { ContainerdEvents } from './containerd-events.js';

/** Options of {@link ContainerdEventsModule.forRoot}. */
export interface ContainerdEventsOptions extends ReceiveEventsOptions {
  /** Where to listen: what shims are to find in TTRPC_ADDRESS. An address, or a Duplex that is connected. */
  address: string | Duplex;
}

/** Options of {@link ContainerdEventsModule.forRootAsync} and {@link ContainerdEventsModule.forPublisherAsync}. */
export interface ContainerdModuleAsyncOptions<Options> extends Pick<ModuleMetadata, 'imports'> {
  /** What {@link useFactory} takes. */
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  /** Gives the options. */
  useFactory: (...args: never[]) => Options | Promise<Options>;
}

const OPTIONS = Symbol('CONTAINERD_EVENTS_OPTIONS');

/**
 * Receives the events of containerd's shims as the server behind their TTRPC_ADDRESS: {@link ContainerdEvents} can be
 * injected. Or publishes events to containerd: {@link EventPublisher} can be injected.
 * The server listens when the application has started, so that all who subscribe in a constructor or in `onModuleInit` miss
 * nothing; it closes when the application shuts down.
 */
// A decorator would load Nest also for programs that do without it: a dynamic module says all by itself.
export class ContainerdEventsModule {
  /** Receives events, with options that are there. */
  static forRoot(options: ContainerdEventsOptions): DynamicModule {
    return receiving({ provide: OPTIONS, useValue: options });
  }

  /** Receives events, with options that others have to give. */
  static forRootAsync(options: ContainerdModuleAsyncOptions<ContainerdEventsOptions>): DynamicModule {
    return receiving(factoryOf(options), options.imports);
  }

  /** Publishes events, with options that are there. What was published is delivered before the application has shut down. */
  static forPublisher(options: EventPublisherOptions): DynamicModule {
    return publishing({ provide: OPTIONS, useValue: options });
  }

  /** Publishes events, with options that others have to give. */
  static forPublisherAsync(options: ContainerdModuleAsyncOptions<EventPublisherOptions>): DynamicModule {
    return publishing(factoryOf(options), options.imports);
  }
}

function factoryOf<Options>({ inject, useFactory }: ContainerdModuleAsyncOptions<Options>): Provider {
  return { provide: OPTIONS, useFactory: useFactory as () => unknown, inject: inject ?? [] };
}

function receiving(options: Provider, imports: ModuleMetadata['imports'] = []): DynamicModule {
  return {
    module: ContainerdEventsModule,
    imports,
    providers: [
      options,
      { provide: ContainerdEvents, useFactory: () => new ContainerdEvents() },
      {
        provide: ReceiverHost,
        useFactory: (events: ContainerdEvents, given: ContainerdEventsOptions) => new ReceiverHost(events, given),
        inject: [ContainerdEvents, OPTIONS],
      },
    ],
    exports: [ContainerdEvents],
  };
}

function publishing(options: Provider, imports: ModuleMetadata['imports'] = []): DynamicModule {
  return {
    module: PublisherModule,
    imports,
    providers: [
      options,
      {
        provide: EventPublisher,
        useFactory: (given: EventPublisherOptions) => new EventPublisher(given),
        inject: [OPTIONS],
      },
      {
        provide: PublisherHost,
        useFactory: (publisher: EventPublisher) => new PublisherHost(publisher),
        inject: [EventPublisher],
      },
    ],
    exports: [EventPublisher],
  };
}

/** A module of its own, so that both may be imported with options of their own. */
class PublisherModule {}

class ReceiverHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly events: ContainerdEvents,
    private readonly options: ContainerdEventsOptions | undefined,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { address, ...options } = (this.options ?? {}) as Partial<ContainerdEventsOptions>;
    if (address === undefined) {
      throw new TypeError(
        'ContainerdEventsModule: address: expected an address or a Duplex to receive events on, got none',
      );
    }
    await this.events.start(address, options);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.events.stop();
  }
}

class PublisherHost implements OnApplicationShutdown {
  constructor(private readonly publisher: EventPublisher) {}

  async onApplicationShutdown(): Promise<void> {
    await this.publisher.close();
  }
}
