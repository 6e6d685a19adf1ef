import { chmodSync, renameSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, implement, serve } from '../../src/protocol/index.js';
import {
  NriEvent,
  NriModule,
  NriPlugin,
  NriRuntime,
  runPlugin,
  type NriContext,
  type NriLogger,
  type NriPluginOptions,
} from '../../src/nri/index.js';
import { Mux, PLUGIN_CONNECTION, RUNTIME_CONNECTION } from '../../src/nri/mux.js';
import { nriSchema, runtimeService } from '../../src/nri/schema.js';
import { compilePackage } from '../support/compiled-package.js';
import { hasGo } from '../support/go-module.js';
import { runProgram } from '../support/program.js';
import { IS_ROOT, openToAll, SECOND_USER } from '../support/second-user.js';
import { TempFolder } from '../support/temp-folder.js';
import { BUILD_MS, GoRuntime, nriPrograms } from './runtime.js';

const withGo = (await hasGo()) ? describe : describe.skip;
const asRoot = IS_ROOT ? it : it.skip;
const AS_SECOND_USER =
  'data:text/javascript,' +
  `process.setgroups([]);process.setgid(${SECOND_USER.gid});process.setuid(${SECOND_USER.uid})`;

const POD = { id: 'pod-1', name: 'web', namespace: 'default' };
const CONTAINER = { id: 'container-1', podSandboxId: 'pod-1', name: 'nginx' };

let folder: TempFolder;
let stop: () => Promise<void> = () => Promise.resolve();

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(async () => {
  await stop();
  stop = () => Promise.resolve();
  folder.remove();
});

/** What a plugin under test says, and what the handler of `createContainer` does. */
interface Subject {
  readonly handler: (context: NriContext) => Promise<void>;
  readonly options: NriPluginOptions;
}

/** Starts a plugin; resolves with its runtime. */
type Start = (subject: Subject) => Promise<NriRuntime>;

const logger: NriLogger = { log: () => undefined, warn: () => undefined, error: () => undefined };

const withoutNest: Start = async ({ handler, options }) => {
  const plugin = await runPlugin({ createContainer: (_request, context) => handler(context) }, options);
  stop = () => plugin.stop();
  return plugin.runtime;
};

const withNest: Start = async ({ handler, options }) => {
  @NriPlugin()
  class Plugin {
    @NriEvent()
    createContainer(_request: unknown, context: NriContext): Promise<void> {
      return handler(context);
    }
  }
  const module = NriModule.forRoot({ plugin: Plugin, ...options });
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  stop = () => app.close();
  return app.get(NriRuntime);
};

/** A listener at the test's socket that does `act` with each trunk. */
async function listen(act: (trunk: Socket) => void): Promise<{ server: Server; trunks: Socket[] }> {
  const trunks: Socket[] = [];
  const server = createServer((trunk) => {
    trunk.on('error', () => undefined);
    trunks.push(trunk);
    act(trunk);
  });
  server.listen(folder.file('nri.sock'));
  await once(server, 'listening');
  return { server, trunks };
}

/** Nobody is connected any more. */
async function ended({ server, trunks }: { server: Server; trunks: Socket[] }): Promise<void> {
  for (const trunk of trunks) if (!trunk.destroyed) await once(trunk, 'close');
  await new Promise((resolve) => server.close(resolve));
}

describe.each([
  ['without Nest', withoutNest],
  ['with Nest', withNest],
])('a plugin %s', (_how, start) => {
  const subject = (options: NriPluginOptions = {}): Subject => ({
    handler: () => Promise.resolve(),
    options: { name: 'test', index: '10', socket: folder.file('nri.sock'), logger, ...options },
  });

  it('finds no socket', async () => {
    await expect(start(subject())).rejects.toThrow(
      `cannot connect to NRI at ${folder.file('nri.sock')}: there is no such socket; is a runtime with NRI enabled running? (ENOENT)`,
    );
  });

  it('finds a socket that nobody listens on', async () => {
    const listening = await listen(() => undefined);
    const gone = folder.file('gone.sock');
    renameSync(folder.file('nri.sock'), gone);
    await ended(listening);
    await expect(start(subject({ socket: gone }))).rejects.toThrow(
      `cannot connect to NRI at ${gone}: no runtime listens there; is it running? (ECONNREFUSED)`,
    );
  });

  it.each([
    ['1', '"1"'],
    ['100', '"100"'],
    ['a1', '"a1"'],
    ['', 'none'],
  ])('has the index %p', async (index, shown) => {
    await expect(start(subject({ index }))).rejects.toThrow(
      `NRI plugin index: expected two digits, such as '10', got ${shown}`,
    );
  });

  it('reaches a runtime that goes away before it is registered', async () => {
    const listening = await listen((trunk) => trunk.once('data', () => trunk.destroy()));
    await expect(start(subject())).rejects.toThrow('the runtime did not register NRI plugin 10-test: ');
    await ended(listening);
  });

  it('reaches a runtime that goes away once it is configured', async () => {
    const listening = await listen((trunk) => {
      const mux = new Mux(trunk);
      const connecting = connect(mux.open(PLUGIN_CONNECTION));
      const configure = async (): Promise<void> => {
        const plugin = (await connecting).service(nriSchema().resolve('nri.pkg.api.v1alpha1.Plugin'));
        await (plugin['configure'] as (request: object) => Promise<unknown>)({ runtimeName: 'test' });
        trunk.destroy();
      };
      const registerPlugin = (): object => {
        void configure();
        return {};
      };
      const serving = serve(mux.open(RUNTIME_CONNECTION), [implement(runtimeService(), { registerPlugin })]);
      trunk.once('close', () => void serving.then((server) => server.close()));
      trunk.once('close', () => void connecting.then((client) => client.close()));
    });
    await expect(start(subject())).rejects.toThrow('the runtime has closed the connection');
    await ended(listening);
  });
});

withGo.each([
  ['without Nest', withoutNest],
  ['with Nest', withNest],
])('a plugin %s whose runtime crashes in the middle of a request', (_how, start) => {
  beforeAll(async () => void (await nriPrograms.path('runtime')), BUILD_MS);

  it('is told by its signal, and may be stopped', async () => {
    const runtime = await GoRuntime.start(folder.file('nri.sock'));
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let reason: unknown;
    const handler = ({ signal }: NriContext): Promise<void> => {
      begin();
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
          resolve();
        });
      });
    };
    const options = { name: 'test', index: '10', socket: folder.file('nri.sock'), reconnect: false, logger };
    const nri = await start({ handler, options });
    await runtime.synced();
    const relayed = runtime.relay('CreateContainer', { pod: POD, container: CONTAINER }).catch(() => undefined);
    await begun;
    await runtime.kill();
    await relayed;
    await stop();
    stop = () => Promise.resolve();
    expect(String(reason)).toContain('CANCELLED');
    expect(nri.connected).toBe(false);
    await expect(nri.updateContainers([])).rejects.toThrow('the plugin is not connected to a runtime');
  });
});

describe('an event that nobody knows', () => {
  it('is an error without Nest, which names the nearest', async () => {
    const plugin = { createContainer: () => undefined, startContainr: () => undefined };
    await expect(runPlugin(plugin, { name: 'x', index: '10' })).rejects.toThrow(
      "an NRI plugin has the function 'startContainr', but NRI has no such event. Did you mean 'startContainer'?",
    );
  });

  it('is an error with Nest, where the decorator stands', () => {
    expect(() => {
      class Plugin {
        @NriEvent('StartContainr')
        onStart(): void {
          // Never called.
        }
      }
      return Plugin;
    }).toThrow("@NriEvent on Plugin.onStart: NRI has no event 'StartContainr'. Did you mean 'startContainer'?");
  });
});

describe('options that are wrong', () => {
  it('are named: one that does not exist by a warning of the plugin', async () => {
    const warnings: string[] = [];
    const noting = { ...logger, warn: (text: string) => void warnings.push(text) };
    const options = { name: 'x', index: '10', socket: folder.file('none.sock'), logger: noting, reconect: false };
    await expect(runPlugin({ createContainer: () => undefined }, options)).rejects.toThrow('there is no such socket');
    expect(warnings).toEqual(["'reconect' is no option of an NRI plugin: it does nothing. Did you mean 'reconnect'?"]);
  });

  it.each([
    ['forRoot', () => NriModule.forRoot({} as never)],
    ['forRoot', () => NriModule.forRoot(undefined as never)],
    ['forRootAsync', () => NriModule.forRootAsync({ useFactory: () => ({}) } as never)],
  ])('are named: %s without a plugin', (method, make) => {
    expect(make).toThrow(`NriModule.${method}: plugin: expected the class of a plugin, got undefined`);
  });
});

describe('a process that may not use the socket', () => {
  asRoot('ends with one line that says so, with Nest', async () => {
    compilePackage(folder.path, ['test/nri/nest-plugin.ts']);
    openToAll(folder);
    const listening = await listen(() => undefined);
    chmodSync(folder.file('nri.sock'), 0o600);
    const args = ['--import', AS_SECOND_USER, folder.file('test/nri/nest-plugin.js'), folder.file('nri.sock')];
    expect(await runProgram(process.execPath, args)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `TtrpcError: PERMISSION_DENIED: cannot connect to NRI at ${folder.file('nri.sock')}: this process may not use it; plugins run as root, as a rule (EACCES)\n`,
    });
    await ended(listening);
  });
});
