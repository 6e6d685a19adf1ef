import type {
  BeforeApplicationShutdown,
  DynamicModule,
  InjectionToken,
  ModuleMetadata,
  OnApplicationBootstrap,
  OptionalFactoryDependency,
  Provider,
  Type,
} from '@nestjs/common';
import { describe } from '../../protocol/core/describe.js';
import { loadOptional } from '../../protocol/core/optional-package.js';
import type { NriHandlers } from '../handlers.js';
import type { NriLogger, NriPluginOptions } from '../plugin-options.js';
import { runPlugin, type RunningPlugin } from '../run-plugin.js';
import { NriRuntime } from '../runtime.js';

/** What the plugin may take to finish when the application shuts down, in ms; as NRI's request timeout. */
const GRACE_MS = 2000;

/** Options of {@link NriModule.forRoot}. */
export interface NriModuleOptions extends NriPluginOptions, Pick<ModuleMetadata, 'imports'> {
  /** The class of the plugin: a provider, made by Nest with what its constructor asks for. */
  plugin: Type<NriHandlers | object>;
}

/** Options of {@link NriModule.forRootAsync}. */
export interface NriModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** As in {@link NriModuleOptions}. */
  plugin: Type<NriHandlers | object>;
  /** What {@link useFactory} takes. */
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  /** Gives the plugin's options. */
  useFactory: (...args: never[]) => NriPluginOptions | Promise<NriPluginOptions>;
}

/**
 * Runs a class as an NRI plugin. It connects when the application starts, which fails where there is no runtime, and
 * disconnects when the application shuts down. {@link NriRuntime} can be injected everywhere in the module, and where the
 * module is imported.
 */
// A decorator would load Nest also for plugins that do without it: a dynamic module says all by itself.
export class NriModule {
  /** The module with options that are there. @throws TypeError without a plugin */
  static forRoot(options: NriModuleOptions): DynamicModule {
    const { imports, plugin, ...own } = withPlugin('forRoot', options);
    return moduleOf(plugin, imports, { provide: OPTIONS, useValue: own });
  }

  /** The module with options that others have to give. @throws TypeError without a plugin */
  static forRootAsync(options: NriModuleAsyncOptions): DynamicModule {
    const { imports, plugin, inject, useFactory } = withPlugin('forRootAsync', options);
    return moduleOf(plugin, imports, {
      provide: OPTIONS,
      useFactory: useFactory as () => unknown,
      inject: inject ?? [],
    });
  }
}

const OPTIONS = Symbol('NRI_PLUGIN_OPTIONS');

/** Nest would complain of an undefined provider. @throws TypeError without the class of a plugin */
function withPlugin<Options extends { plugin: unknown }>(method: string, options: Options | undefined): Options {
  const plugin = options?.plugin;
  if (options && typeof plugin === 'function') return options;
  throw new TypeError(`NriModule.${method}: plugin: expected the class of a plugin, got ${describe(plugin)}`);
}

function moduleOf(
  plugin: NriModuleOptions['plugin'],
  imports: ModuleMetadata['imports'],
  options: Provider,
): DynamicModule {
  return {
    module: NriModule,
    imports: imports ?? [],
    providers: [
      options,
      plugin,
      { provide: NriRuntime, useValue: new NriRuntime() },
      {
        provide: PluginHost,
        useFactory: (instance: NriHandlers, runtime: NriRuntime, given: NriPluginOptions) =>
          new PluginHost(instance, runtime, given),
        inject: [plugin, NriRuntime, OPTIONS],
      },
    ],
    exports: [NriRuntime, plugin],
  };
}

class PluginHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #running: RunningPlugin | undefined;

  constructor(
    private readonly plugin: NriHandlers,
    private readonly runtime: NriRuntime,
    private readonly options: NriPluginOptions,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const logger = this.options.logger ?? nestLogger();
    this.#running = await runPlugin(this.plugin, { ...this.options, ...(logger && { logger }) }, this.runtime);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#running?.stop({ gracePeriodMs: GRACE_MS });
  }
}

/** Nest is there, since it has made this module; it is only not loaded for plugins that do without it. */
function nestLogger(): NriLogger | undefined {
  const nest = loadOptional('@nestjs/common') as { Logger?: new (context: string) => NriLogger } | undefined;
  return nest?.Logger && new nest.Logger('NriPlugin');
}
