import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  runPlugin,
  type NriHandlers,
  type NriLogger,
  type NriPluginOptions,
  type RunningPlugin,
} from '../../src/nri/index.js';
import { hasGo } from '../support/go-module.js';
import { TempFolder } from '../support/temp-folder.js';
import { BUILD_MS, GoRuntime, nriPrograms } from './runtime.js';

const withGo = (await hasGo()) ? describe : describe.skip;

const POD = { id: 'pod-1', name: 'web', namespace: 'default', labels: { app: 'web' } };
const CONTAINER = {
  id: 'container-1',
  podSandboxId: 'pod-1',
  name: 'nginx',
  env: ['A=1'],
  createdAt: '1700000000123456789',
};

class Log implements NriLogger {
  readonly lines: string[] = [];
  log(message: string): void {
    this.lines.push(`log ${message}`);
  }
  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }
  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
}

let folder: TempFolder;
let runtime: GoRuntime | undefined;
let running: RunningPlugin | undefined;
let log: Log;
/** What came of the first Synchronize. */
let synced: { updates: unknown[]; failure?: string };

beforeEach(() => {
  folder = new TempFolder();
  log = new Log();
});

afterEach(async () => {
  await running?.stop();
  await runtime?.stop();
  running = runtime = undefined;
  folder.remove();
});

const socket = (): string => folder.file('nri.sock');

async function start(plugin: NriHandlers, options: NriPluginOptions = {}, args: string[] = []): Promise<RunningPlugin> {
  runtime = await GoRuntime.start(socket(), args);
  running = await runPlugin(plugin, { name: 'test', index: '10', socket: socket(), logger: log, ...options });
  synced = await runtime.synced();
  return running;
}

/** The runtime that {@link start} has started. */
function go(): GoRuntime {
  if (!runtime) throw new Error('no runtime');
  return runtime;
}

withGo("a plugin under NRI's own runtime side", () => {
  beforeAll(async () => void (await nriPrograms.path('runtime')), BUILD_MS);

  it('is configured, synchronized, and hears of every event', async () => {
    const seen: unknown[] = [];
    const note = (name: string) => (event: { pod: { id: string }; container?: { id: string; createdAt: bigint } }) => {
      seen.push([name, event.pod.id, event.container?.id]);
    };
    const plugin = await start({
      configure: (configuration) =>
        void seen.push(['configure', configuration.runtimeName, configuration.NRIVersion !== '']),
      synchronize: ({ pods, containers }) => void seen.push(['synchronize', pods.length, containers[0]?.state]),
      runPodSandbox: note('runPodSandbox'),
      updatePodSandbox: note('updatePodSandbox'),
      postUpdatePodSandbox: note('postUpdatePodSandbox'),
      stopPodSandbox: note('stopPodSandbox'),
      removePodSandbox: note('removePodSandbox'),
      createContainer: note('createContainer'),
      postCreateContainer: note('postCreateContainer'),
      startContainer: note('startContainer'),
      postStartContainer: note('postStartContainer'),
      updateContainer: note('updateContainer'),
      postUpdateContainer: note('postUpdateContainer'),
      stopContainer: note('stopContainer'),
      removeContainer: note('removeContainer'),
      validateContainerAdjustment: note('validateContainerAdjustment'),
    });
    expect(synced).toEqual({ updates: [] });
    expect(plugin.name).toBe('10-test');
    expect(plugin.runtime.name).toBe('test-runtime');
    expect(plugin.runtime.version).toBe('v1.2.3');
    expect(plugin.runtime.requestTimeoutMs).toBe(2000);
    const both = { pod: POD, container: CONTAINER };
    await go().relay('RunPodSandbox', { pod: POD });
    await go().relay('UpdatePodSandbox', { pod: POD });
    await go().relay('PostUpdatePodSandbox', { pod: POD });
    await go().relay('CreateContainer', both);
    await go().relay('PostCreateContainer', both);
    await go().relay('StartContainer', both);
    await go().relay('PostStartContainer', both);
    await go().relay('UpdateContainer', both);
    await go().relay('PostUpdateContainer', both);
    await go().relay('StopContainer', both);
    await go().relay('RemoveContainer', both);
    await go().relay('StopPodSandbox', { pod: POD });
    await go().relay('RemovePodSandbox', { pod: POD });
    const pod = (name: string): unknown[] => [name, 'pod-1', undefined];
    const container = (name: string): unknown[] => [name, 'pod-1', 'container-1'];
    expect(seen).toEqual([
      ['configure', 'test-runtime', true],
      ['synchronize', 2, 'CONTAINER_RUNNING'],
      pod('runPodSandbox'),
      pod('updatePodSandbox'),
      pod('postUpdatePodSandbox'),
      container('createContainer'),
      container('validateContainerAdjustment'),
      container('postCreateContainer'),
      container('startContainer'),
      container('postStartContainer'),
      container('updateContainer'),
      container('postUpdateContainer'),
      container('stopContainer'),
      container('removeContainer'),
      pod('stopPodSandbox'),
      pod('removePodSandbox'),
    ]);
    expect(log.lines).toEqual([]);
  });

  it('gets whole messages, and adjusts containers', async () => {
    let seen: unknown;
    await start({
      createContainer({ pod, container }) {
        seen = [pod.labels, container.createdAt, container.env, container.user];
        return {
          adjust: {
            env: [{ key: 'B', value: '2' }],
            annotations: { '-old': '', new: 'x' },
            linux: { resources: { memory: { limit: { value: 1024 } } } },
          },
          update: [{ containerId: 'container-0', linux: { resources: { cpu: { shares: { value: 5n } } } } }],
        };
      },
    });
    const response = await go().relay('CreateContainer', {
      pod: POD,
      container: { ...CONTAINER, annotations: { old: '1' } },
    });
    expect(seen).toEqual([{ app: 'web' }, 1700000000123456789n, ['A=1'], null]);
    expect(response).toMatchObject({
      adjust: {
        env: [{ key: 'B', value: '2' }],
        annotations: { new: 'x' },
        linux: { resources: { memory: { limit: { value: '1024' } } } },
      },
      update: [{ containerId: 'container-0', linux: { resources: { cpu: { shares: { value: '5' } } } } }],
    });
  });

  it('refuses a container by an error, whose text the runtime gets', async () => {
    await start({
      createContainer() {
        throw new Error('not on this node');
      },
    });
    await expect(go().relay('CreateContainer', { pod: POD, container: CONTAINER })).rejects.toThrow('not on this node');
    expect(log.lines).toEqual(['error NRI: createContainer failed: not on this node']);
  });

  it('judges adjustments', async () => {
    await start({
      createContainer: () => ({ adjust: { env: [{ key: 'B', value: '2' }] } }),
      validateContainerAdjustment({ adjust }) {
        if (adjust?.env.some(({ key }) => key === 'B')) throw new Error('B is not for everybody');
      },
    });
    await expect(go().relay('CreateContainer', { pod: POD, container: CONTAINER })).rejects.toThrow(
      'B is not for everybody',
    );
  });

  it('is synchronized in parts when the state is larger than a message', async () => {
    let state: number[] = [];
    await start(
      {
        synchronize({ pods, containers }) {
          state = [pods.length, containers.length];
          return [{ containerId: 'container-7', linux: { resources: { pids: { limit: 5 } } } }];
        },
      },
      {},
      ['-pods', '100', '-bytes', '60000'],
    );
    expect(synced).toEqual({
      updates: [{ containerId: 'container-7', linux: { resources: { pids: { limit: '5' } } } }],
    });
    expect(state).toEqual([100, 100]);
  });

  it('carries requests and responses of 2 MB', async () => {
    const large = 'x'.repeat(2_000_000);
    let seen = 0;
    await start({
      createContainer({ container }) {
        seen = container.env[0]?.length ?? 0;
        return { adjust: { env: [{ key: 'B', value: large }] } };
      },
    });
    const response = await go().relay('CreateContainer', { pod: POD, container: { ...CONTAINER, env: [large] } });
    expect(seen).toBe(2_000_000);
    expect((response as { adjust: { env: { value: string }[] } }).adjust.env[0]?.value).toHaveLength(2_000_000);
  });

  it('asks for changes of containers by itself', async () => {
    const { runtime: nri } = await start({ createContainer: () => undefined });
    const failed = await nri.updateContainers([
      { containerId: 'container-0', linux: { resources: { memory: { limit: { value: 4096 } } } } },
      { containerId: 'missing' },
    ]);
    expect(failed.map(({ containerId }) => containerId)).toEqual(['missing']);
    expect(await go().updates()).toHaveLength(2);
  });

  it('connects again when the runtime restarts', async () => {
    let synchronized = 0;
    let wake: () => void = () => undefined;
    const again = new Promise<void>((resolve) => (wake = resolve));
    const plugin = await start(
      {
        synchronize: () => {
          if (++synchronized === 2) wake();
        },
      },
      { reconnect: { initialMs: 5, maxMs: 50 } },
    );
    await go().stop();
    runtime = await GoRuntime.start(socket());
    await again;
    expect(plugin.runtime.connected).toBe(true);
    expect(log.lines[0]).toMatch(/^warn NRI: plugin 10-test: the runtime has closed the connection; it connects again/);
  });

  it('ends when the runtime goes away and it is not to connect again', async () => {
    const plugin = await start({ createContainer: () => undefined }, { reconnect: false });
    await go().stop();
    runtime = undefined;
    expect(String(await plugin.closed)).toContain('the runtime has closed the connection');
    await expect(plugin.runtime.updateContainers([])).rejects.toThrow('the plugin is not connected to a runtime');
  });

  it('is warned before the runtime stops waiting', async () => {
    const ended = new Promise<string>((resolve) => {
      log.warn = resolve;
    });
    await start(
      {
        createContainer: (_request, { signal }) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
      },
      { reconnect: false },
      ['-request-ms', '400'],
    );
    await go().relay('CreateContainer', { pod: POD, container: CONTAINER });
    expect(await ended).toBe(
      'NRI: createContainer of plugin 10-test has taken 300 ms; the runtime stops waiting after 400 ms and disconnects the plugin',
    );
  });

  it('is kept and fails the request when it takes too long, if it says so', async () => {
    let isSlow = true;
    const options = { reconnect: false, failurePolicy: { failRequest: true, keepConnected: true } };
    const plugin = await start(
      {
        createContainer: (_request, { signal }) =>
          isSlow ? new Promise((resolve) => signal.addEventListener('abort', () => resolve())) : undefined,
      },
      options,
      ['-request-ms', '300'],
    );
    const create = (): Promise<unknown> => go().relay('CreateContainer', { pod: POD, container: CONTAINER });
    await expect(create()).rejects.toThrow('10-test');
    isSlow = false;
    await create();
    expect(plugin.runtime.connected).toBe(true);
    expect(log.lines).toEqual([
      'warn NRI: createContainer of plugin 10-test has taken 225 ms; the runtime stops waiting after 300 ms',
    ]);
  });

  it('hears of it when the runtime crashes in the middle of a request', async () => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let aborted: unknown;
    const plugin = await start(
      {
        createContainer: (_request, { signal }) => {
          begin();
          return new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              aborted = signal.reason;
              resolve();
            });
          });
        },
      },
      { reconnect: false },
    );
    const relayed = go()
      .relay('CreateContainer', { pod: POD, container: CONTAINER })
      .catch(() => undefined);
    await begun;
    await go().kill();
    runtime = undefined;
    await relayed;
    expect(String(await plugin.closed)).toContain('the runtime has closed the connection');
    expect(String(aborted)).toContain('CANCELLED');
    expect(plugin.runtime.connected).toBe(false);
  });

  it('may narrow its events when it is configured', async () => {
    const seen: string[] = [];
    await start({
      configure: () => ['createContainer'],
      createContainer: () => void seen.push('create'),
      startContainer: () => void seen.push('start'),
    });
    await go().relay('CreateContainer', { pod: POD, container: CONTAINER });
    await go().relay('StartContainer', { pod: POD, container: CONTAINER });
    expect(seen).toEqual(['create']);
  });

  it('refuses to run when it does not like its configuration', async () => {
    await expect(
      start({
        configure() {
          throw new Error('there is no threshold in my configuration');
        },
        createContainer: () => undefined,
      }),
    ).rejects.toThrow('there is no threshold in my configuration');
  });

  it('is told of an event that it asks for and does not handle', async () => {
    await expect(start({ configure: () => ['startContainer'], createContainer: () => undefined })).rejects.toThrow(
      'configure asks for the event "startContainer", which the plugin does not handle; it handles createContainer',
    );
  });
});

describe('a plugin that is wrong', () => {
  const plugin: NriHandlers = { createContainer: () => undefined };

  it.each([
    [{ name: 'x', index: '1' }, `index: expected two digits, such as '10', got "1"`],
    [{ name: 'x', index: 'ab' }, `index: expected two digits, such as '10', got "ab"`],
    [{ name: 'x' }, `index: expected two digits, such as '10', got none`],
    [{ name: 'x', index: 10 as never }, `index: expected two digits, such as '10', got 10`],
    [{ name: 5 as never, index: '10' }, 'name: expected letters, digits and _ . + -, got 5'],
    [{ name: 'a b', index: '10' }, 'name: expected letters, digits and _ . + -, got "a b"'],
    [{ index: '10' }, 'name: expected letters, digits and _ . + -, got none'],
  ])('%j', async (options, text) => {
    await expect(runPlugin(plugin, { ...options, socket: socket() })).rejects.toThrow(text);
  });

  it('has no function for an event', async () => {
    await expect(runPlugin({}, { name: 'x', index: '10', socket: socket() })).rejects.toThrow(
      'an NRI plugin has at least one function for an event, such as createContainer: Object has none',
    );
  });

  it('has a function for an event that nobody knows', async () => {
    const wrong = { ...plugin, createContaner: () => undefined };
    await expect(runPlugin(wrong, { name: 'x', index: '10', socket: socket() })).rejects.toThrow(
      "an NRI plugin has the function 'createContaner', but NRI has no such event. Did you mean 'createContainer'?",
    );
  });

  it('finds no socket', async () => {
    await expect(runPlugin(plugin, { name: 'x', index: '10', socket: socket() })).rejects.toThrow(
      `cannot connect to NRI at ${socket()}: there is no such socket; is a runtime with NRI enabled running? (ENOENT)`,
    );
  });

  it('is told of a descriptor that is none', async () => {
    process.env['NRI_PLUGIN_SOCKET'] = 'seven';
    try {
      await expect(runPlugin(plugin, { name: 'x', index: '10' })).rejects.toThrow(
        'NRI_PLUGIN_SOCKET is "seven": expected the number of a connected socket',
      );
    } finally {
      delete process.env['NRI_PLUGIN_SOCKET'];
    }
  });

  it('reaches somebody who hangs up', async () => {
    const server: Server = createServer((peer: Socket) => peer.destroy());
    server.listen(socket());
    await once(server, 'listening');
    await expect(runPlugin(plugin, { name: 'x', index: '10', socket: socket() })).rejects.toThrow(
      'the runtime did not register NRI plugin 10-x',
    );
    server.close();
    await once(server, 'close');
  });
});
