import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runPlugin, type NriHandlers, type RunningPlugin } from '../../src/nri/index.js';
import { hasGo } from '../support/go-module.js';
import { TempFolder } from '../support/temp-folder.js';
import { BUILD_MS, GoRuntime, oldNriPrograms } from './runtime.js';

const withGo = (await hasGo()) ? describe : describe.skip;

const POD = { id: 'pod-1', name: 'web', namespace: 'default' };
const CONTAINER = { id: 'container-1', podSandboxId: 'pod-1', name: 'nginx' };

withGo('a plugin under NRI 0.3', () => {
  let folder: TempFolder;
  let runtime: GoRuntime;
  let running: RunningPlugin | undefined;
  let lines: string[];

  beforeAll(async () => void (await oldNriPrograms.path('runtime')), BUILD_MS);

  beforeEach(async () => {
    folder = new TempFolder();
    lines = [];
    runtime = await GoRuntime.start(folder.file('nri.sock'), [], oldNriPrograms);
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await runtime.stop();
    folder.remove();
  });

  async function start(plugin: NriHandlers): Promise<RunningPlugin> {
    const note = (line: string): void => void lines.push(line);
    const logger = { log: note, warn: note, error: note };
    const options = { name: 'test', index: '10', socket: folder.file('nri.sock'), logger, reconnect: false };
    running = await runPlugin(plugin, options);
    return running;
  }

  it('is configured, synchronized, and hears of every event', async () => {
    const seen: string[] = [];
    const note =
      (name: string) =>
      ({ pod, container }: { pod: { id: string }; container?: { id: string } }) =>
        void seen.push([name, pod.id, container?.id].join(' '));
    const plugin = await start({
      configure: ({ runtimeName, NRIVersion }) => void seen.push(`configure ${runtimeName} "${NRIVersion}"`),
      synchronize: ({ pods, containers }) => {
        seen.push(`synchronize ${pods[0]?.id} ${containers[0]?.state}`);
        return [{ containerId: 'container-0', linux: { resources: { cpu: { shares: { value: 5 } } } } }];
      },
      runPodSandbox: note('runPodSandbox'),
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
    });
    expect(await runtime.synced()).toEqual({
      updates: [{ containerId: 'container-0', linux: { resources: { cpu: { shares: { value: '5' } } } } }],
    });
    expect([plugin.runtime.version, plugin.runtime.requestTimeoutMs]).toEqual(['v1.2.3', undefined]);
    const both = { pod: POD, container: CONTAINER };
    await runtime.relay('RunPodSandbox', { pod: POD });
    for (const event of ['Create', 'PostCreate', 'Start', 'PostStart', 'Update', 'PostUpdate', 'Stop', 'Remove']) {
      await runtime.relay(`${event}Container`, both);
    }
    await runtime.relay('StopPodSandbox', { pod: POD });
    await runtime.relay('RemovePodSandbox', { pod: POD });
    const ids = 'pod-1 container-1';
    expect(seen).toEqual([
      'configure test-runtime ""',
      'synchronize pod-0 CONTAINER_RUNNING',
      'runPodSandbox pod-1 ',
      `createContainer ${ids}`,
      `postCreateContainer ${ids}`,
      `startContainer ${ids}`,
      `postStartContainer ${ids}`,
      `updateContainer ${ids}`,
      `postUpdateContainer ${ids}`,
      `stopContainer ${ids}`,
      `removeContainer ${ids}`,
      'stopPodSandbox pod-1 ',
      'removePodSandbox pod-1 ',
    ]);
    expect(lines).toEqual([]);
  });

  it('adjusts containers, and asks for changes by itself', async () => {
    const { runtime: nri } = await start({
      createContainer: () => ({ adjust: { env: [{ key: 'B', value: '2' }] } }),
    });
    await runtime.synced();
    expect(await runtime.relay('CreateContainer', { pod: POD, container: CONTAINER })).toMatchObject({
      adjust: { env: [{ key: 'B', value: '2' }] },
    });
    const failed = await nri.updateContainers([{ containerId: 'missing' }]);
    expect(failed.map(({ containerId }) => containerId)).toEqual(['missing']);
    expect(await runtime.updates()).toHaveLength(1);
  });

  it('is told which events the runtime does not know', async () => {
    const starting = start({ createContainer: () => undefined, validateContainerAdjustment: () => undefined });
    await expect(starting).rejects.toThrow(
      'the runtime has closed the connection after the plugin subscribed: it may be older than NRI 0.10 and not know validateContainerAdjustment',
    );
  });

  it('is warned by the usual limit, which this runtime does not tell', async () => {
    await start({
      createContainer: (_request, { signal }) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    });
    await runtime.synced();
    // It fails, or goes on without the plugin.
    await runtime.relay('CreateContainer', { pod: POD, container: CONTAINER }).catch(() => undefined);
    expect(lines).toContain(
      'NRI: createContainer of plugin 10-test has taken 1500 ms; the runtime stops waiting after 2000 ms and disconnects the plugin',
    );
  });
});
