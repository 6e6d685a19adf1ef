import { once } from 'node:events';
import { Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  NriEvent,
  NriModule,
  NriPlugin,
  NriRuntime,
  runPlugin,
  type NriContext,
  type NriPluginOptions,
} from '../../src/nri/index.js';
import { compilePackage } from '../support/compiled-package.js';
import { startProgram } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { OwnRuntime } from './own-runtime.js';

let folder: TempFolder;
let runtime: OwnRuntime | undefined;
let stop: () => Promise<void> = () => Promise.resolve();
let lines: string[];

beforeEach(() => {
  folder = new TempFolder();
  lines = [];
});

afterEach(async () => {
  await stop();
  stop = () => Promise.resolve();
  await runtime?.stop();
  runtime = undefined;
  // Fails when something is left in it.
  folder.close();
});

const note = (line: string): void => void lines.push(line);
const logger = { log: note, warn: note, error: note };
const socket = (): string => folder.file('nri.sock');
const options = (more: NriPluginOptions = {}): NriPluginOptions => ({
  name: 'test',
  index: '10',
  socket: socket(),
  logger,
  ...more,
});

/** Starts a plugin with a handler for Shutdown and one for containers; resolves once the runtime uses it. */
type Start = (handlers: { shutdown: Handler; onContainer: () => void }, more: NriPluginOptions) => Promise<NriRuntime>;
type Handler = (request: object, context: NriContext) => Promise<void>;

const withoutNest: Start = async ({ shutdown, onContainer }, more) => {
  const plugin = await runPlugin({ shutdown, startContainer: onContainer }, options(more));
  stop = () => plugin.stop({ gracePeriodMs: 2000 });
  return plugin.runtime;
};

const withNest: Start = async ({ shutdown, onContainer }, more) => {
  @NriPlugin()
  class Plugin {
    @NriEvent()
    startContainer(): void {
      onContainer();
    }

    @NriEvent()
    shutdown(request: object, context: NriContext): Promise<void> {
      return shutdown(request, context);
    }
  }
  const module = NriModule.forRoot({ plugin: Plugin, ...options(more) });
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  stop = () => app.close();
  return app.get(NriRuntime);
};

/** A started runtime, and the first plugin that has registered there, configured and synchronized. */
async function begun(): Promise<{ own: OwnRuntime; plugin: Awaited<ReturnType<OwnRuntime['plugin']>> }> {
  const own = await OwnRuntime.start(socket());
  runtime = own;
  const plugin = await own.plugin();
  await plugin.begin();
  return { own, plugin };
}

describe.each([
  ['without Nest', withoutNest],
  ['with Nest', withNest],
])("a plugin %s whose runtime calls Shutdown, which NRI's own never does", (_how, start) => {
  it('has its handler run, and the runtime waits for it', async () => {
    const steps: string[] = [];
    let end: () => void = () => undefined;
    const saved = new Promise<void>((resolve) => (end = resolve));
    const starting = begun();
    let seen: unknown;
    const shutdown: Handler = async (request, { runtime: nri, signal, deadline }) => {
      seen = [request, nri.name, nri.connected, signal.aborted, deadline];
      steps.push('handler');
      await saved;
      steps.push('handler is done');
    };
    const ready = start({ shutdown, onContainer: () => undefined }, { reconnect: false });
    const { plugin } = await starting;
    await ready;
    const calling = plugin.call('Shutdown').then((response) => {
      steps.push('response');
      return response;
    });
    // A second call overtakes the first, whose handler still runs.
    await plugin.call('StartContainer', { container: { id: 'c' } });
    end();
    expect(await calling).toEqual({});
    expect(steps).toEqual(['handler', 'handler is done', 'response']);
    expect(seen).toEqual([{}, 'own', true, false, undefined]);
    expect(lines).toEqual([]);
  });

  it('stays until the runtime is gone, and connects again when it is back', async () => {
    const seen: string[] = [];
    const starting = begun();
    const nri = await Promise.all([
      start(
        {
          shutdown: () => Promise.resolve(void seen.push('shutdown')),
          onContainer: () => void seen.push('container'),
        },
        { reconnect: { initialMs: 5, maxMs: 50 } },
      ),
      starting,
    ]).then(([started]) => started);
    const { own, plugin } = await starting;
    await plugin.call('Shutdown');
    // As Go's: hearing of it changes nothing by itself.
    await plugin.call('StartContainer', { container: { id: 'c' } });
    expect(nri.connected).toBe(true);
    await own.stop();
    expect(seen).toEqual(['shutdown', 'container']);

    const { plugin: again } = await begun();
    await again.call('Shutdown');
    expect(seen).toEqual(['shutdown', 'container', 'shutdown']);
    expect(nri.connected).toBe(true);
    expect(lines[0]).toBe('NRI: plugin 10-test: the runtime has closed the connection; it connects again');

    await stop();
    stop = () => Promise.resolve();
    await again.gone();
    expect(nri.connected).toBe(false);
  });

  it('fails the call when its handler fails', async () => {
    const starting = begun();
    const shutdown: Handler = () => Promise.reject(new Error('the disk is full'));
    const ready = start({ shutdown, onContainer: () => undefined }, { reconnect: false });
    const { plugin } = await starting;
    await ready;
    await expect(plugin.call('Shutdown')).rejects.toThrow('the disk is full');
    expect(lines).toEqual(['NRI: shutdown failed: the disk is full']);
    // The connection is as before.
    await plugin.call('StartContainer', { container: { id: 'c' } });
  });
});

describe.each([
  ['without Nest', withoutNest],
  ['with Nest', withNest],
])('a plugin %s that is stopped while a handler is at work', (_how, start) => {
  it('finishes that, and the runtime has its response', async () => {
    let begin: () => void = () => undefined;
    let end: () => void = () => undefined;
    const begunHandler = new Promise<void>((resolve) => (begin = resolve));
    const done = new Promise<void>((resolve) => (end = resolve));
    const starting = begun();
    let aborted: boolean | undefined;
    const shutdown: Handler = async (_request, { signal }) => {
      begin();
      await done;
      aborted = signal.aborted;
    };
    const ready = start({ shutdown, onContainer: () => undefined }, {});
    const { plugin } = await starting;
    const nri = await ready;
    const calling = plugin.call('Shutdown');
    await begunHandler;
    const stopping = stop();
    stop = () => Promise.resolve();
    // Whatever comes from now on is refused.
    await expect(plugin.call('StartContainer', { container: { id: 'c' } })).rejects.toThrow('the server is closing');
    end();
    expect(await calling).toEqual({});
    await stopping;
    expect(aborted).toBe(false);
    expect(nri.connected).toBe(false);
    await plugin.gone();
    expect(lines).toEqual([]);
  });
});

describe('a plugin whose runtime calls Shutdown', () => {
  it('responds without a handler, and ends with the runtime where it does not connect again', async () => {
    const starting = begun();
    const running = runPlugin({ startContainer: () => undefined }, options({ reconnect: false }));
    const { own, plugin } = await starting;
    const { closed, runtime: nri } = await running;
    expect(await plugin.call('Shutdown')).toEqual({});
    await own.stop();
    expect(String(await closed)).toContain('the runtime has closed the connection');
    expect(nri.connected).toBe(false);
  });

  it('may stop itself in its handler: the runtime has its response first', async () => {
    const starting = begun();
    let stopping: Promise<void> | undefined;
    const running = runPlugin(
      {
        startContainer: () => undefined,
        shutdown: () => {
          stopping = running.then((plugin) => plugin.stop({ gracePeriodMs: 2000 }));
        },
      },
      options(),
    );
    const { plugin } = await starting;
    const { closed } = await running;
    expect(await plugin.call('Shutdown')).toEqual({});
    await plugin.gone();
    await stopping;
    expect(await closed).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it('may be stopped while it registers', async () => {
    const starting = OwnRuntime.start(socket());
    runtime = await starting;
    const running = runPlugin({ startContainer: () => undefined }, options({ reconnect: { initialMs: 1, maxMs: 1 } }));
    const plugin = await runtime.plugin();
    await plugin.begin();
    const { stop: stopPlugin, closed } = await running.then((started) => ({
      stop: () => started.stop(),
      closed: started.closed,
    }));
    await plugin.close();
    // It has registered again, and waits for Configure.
    const again = await runtime.plugin();
    await stopPlugin();
    expect(await closed).toBeUndefined();
    await again.gone();
  });

  it('ends as a process with the runtime that has started it, with nothing left', async () => {
    const programs = new TempFolder();
    compilePackage(programs.path, ['test/nri/launched-plugin.ts']);
    const own = await OwnRuntime.start(socket());
    runtime = own;
    // What a runtime hands down. Paused, so that this process does not read from it.
    const trunk = new Socket().pause().connect(socket());
    await once(trunk, 'connect');
    const program = startProgram(process.execPath, [programs.file('test/nri/launched-plugin.js')], {
      env: { NRI_PLUGIN_NAME: 'launched', NRI_PLUGIN_IDX: '07', NRI_PLUGIN_SOCKET: '3' },
      descriptor: (trunk as unknown as { _handle: { fd: number } })._handle.fd,
    });
    trunk.destroy();
    const plugin = await own.plugin();
    expect(plugin.registration).toMatchObject({ pluginName: 'launched', pluginIdx: '07' });
    await plugin.begin();
    await plugin.call('Shutdown');
    await program.shows('shutdown\n');
    await own.stop();
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
    expect(program.left()).toEqual([]);
    programs.remove();
  });
});
