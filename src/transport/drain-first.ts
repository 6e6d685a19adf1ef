import {
  Inject,
  Logger,
  type DynamicModule,
  type ForwardReference,
  type OnModuleDestroy,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { logStack, logText } from '../common/log-text.js';
import { describe } from '../protocol/core/describe.js';
import { messageOf } from '../protocol/core/errors.js';
import { DRAIN_LISTENER, type DrainListener } from './drain-listener.js';
import type { TtrpcServer } from './ttrpc-server.js';

/** What an application can be made of. */
export type RootModule = Type | DynamicModule | ForwardReference | Promise<DynamicModule>;

/**
 * The root module of an application whose ttrpc servers drain before anything else in it is destroyed:
 * `NestFactory.createMicroservice(drainFirst(AppModule, server), { strategy: server })`.
 *
 * On a signal, and in `close()` of a hybrid application, Nest runs `onModuleDestroy` of all providers before it closes
 * the servers, so that calls in flight would go on without their database. Nest begins with the root module and waits for
 * it: this one imports `root` and has nothing but a hook that closes `servers` with their own `gracePeriodMs`.
 */
export function drainFirst(root: RootModule, ...servers: readonly TtrpcServer[]): DynamicModule {
  for (const [index, server] of servers.entries()) {
    if (typeof (server as Partial<TtrpcServer> | undefined)?.close === 'function') continue;
    throw new TypeError(`drainFirst: expected a TtrpcServer as argument ${index + 2}, got ${describe(server)}`);
  }
  if (servers.length === 0) throw new TypeError('drainFirst: expected the root module and at least one TtrpcServer');
  // A class for each application, since Nest knows modules by their class.
  class TtrpcDrainModule implements OnModuleDestroy {
    constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}

    async onModuleDestroy(): Promise<void> {
      for (const listener of drainListeners(this.modules)) tell(listener);
      await Promise.all(servers.map((server) => server.close()));
    }
  }
  return { module: TtrpcDrainModule, imports: [root] };
}

/** Whatever becomes of it, the servers close. A test may have replaced the listener by less than the whole. */
function tell(listener: Partial<DrainListener>): void {
  try {
    listener.onDrain?.();
  } catch (error) {
    new Logger('TtrpcServer').error(`onDrain failed: ${logText(messageOf(error))}`, logStack(error));
  }
}

function drainListeners(modules: ModuleRef): DrainListener[] {
  try {
    return modules.get<DrainListener, DrainListener>(DRAIN_LISTENER, { strict: false, each: true });
  } catch {
    // Nest has no other way to say that there are none.
    return [];
  }
}
