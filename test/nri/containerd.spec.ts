import { mkdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ContainerChanges, runPlugin, type NriHandlers, type RunningPlugin } from 'nestjs-ttrpc/nri';
import { Cri } from '../containerd/cri.js';
import { CONTAINERD_2, CONTAINERD_2_BUILD_MS, containerd2, hasContainerd2 } from '../containerd/containerd2.js';
import { Containerd, SANDBOX_IMAGE } from '../containerd/containerd.js';
import { makeImage } from '../containerd/image.js';
import { hasGo } from '../support/go-module.js';
import { TempFolder } from '../support/temp-folder.js';

const withContainerd = hasContainerd2 && (await hasGo()) ? describe : describe.skip;

jest.setTimeout(60_000);

withContainerd(`a plugin under containerd ${CONTAINERD_2} with CRI`, () => {
  let folder: TempFolder;
  let containerd: Containerd;
  let cri: Cri;
  let running: RunningPlugin | undefined;

  beforeAll(async () => {
    const programs = await containerd2();
    folder = new TempFolder();
    mkdirSync(folder.file('logs'));
    containerd = await Containerd.start(folder.path, { programs, cri: true });
    const image = makeImage(folder.path, SANDBOX_IMAGE);
    const imported = await containerd.ctr(
      '-n',
      'k8s.io',
      'images',
      'import',
      '--local',
      '--snapshotter',
      'native',
      image,
    );
    expect(imported).toMatchObject({ status: 0 });
    cri = new Cri(containerd.socket, SANDBOX_IMAGE, folder.file('logs'));
  }, CONTAINERD_2_BUILD_MS);

  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  afterAll(async () => {
    cri?.close();
    await containerd?.stop();
    folder?.remove();
  });

  async function start(plugin: NriHandlers): Promise<RunningPlugin> {
    const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };
    running = await runPlugin(plugin, { name: 'test', index: '10', socket: containerd.nriSocket, logger });
    return running;
  }

  it('sees the whole life of a pod and changes its container', async () => {
    const seen: string[] = [];
    const pod =
      (event: string) =>
      ({ pod: { name } }: { pod: { name: string } }) =>
        void seen.push(`${event} ${name}`);
    const container =
      (event: string) =>
      ({ container: { name } }: { container: { name: string } }) =>
        void seen.push(`${event} ${name}`);
    let labels: unknown;
    const plugin = await start({
      runPodSandbox: pod('run'),
      stopPodSandbox: pod('stop'),
      removePodSandbox: pod('remove'),
      createContainer(request) {
        labels = request.pod.labels;
        container('create')(request);
        return { adjust: new ContainerChanges().addEnv('ADDED', 'by the plugin').addAnnotation('seen', 'yes') };
      },
      postCreateContainer: container('created'),
      startContainer: container('start'),
      postStartContainer: container('started'),
      stopContainer: container('stop'),
      removeContainer: container('remove'),
    });
    expect([plugin.runtime.name, plugin.runtime.requestTimeoutMs]).toEqual(['containerd', 2000]);
    const id = await cri.runPod('web');
    const ended = await cri.runContainer(id, 'web', 'hello', ['/bin/sh', '-c', 'echo $ADDED; sleep 1000']);
    const log = (): string => readFileSync(folder.file('logs/hello.log'), 'utf8');
    while (!log().endsWith('\n')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log()).toMatch(/stdout F by the plugin\n$/);
    await cri.removeContainer(ended);
    await cri.removePod(id);
    expect(labels).toMatchObject({ app: 'web' });
    expect(seen).toEqual([
      'run web',
      'create hello',
      'created hello',
      'start hello',
      'started hello',
      'stop hello',
      'remove hello',
      'stop web',
      'remove web',
    ]);
  });

  it('refuses a container', async () => {
    await start({
      createContainer({ container }) {
        if (container.name === 'bad') throw new Error('not on this node');
      },
    });
    const id = await cri.runPod('picky');
    await expect(cri.runContainer(id, 'picky', 'bad', ['/bin/sleep', '1'])).rejects.toThrow('not on this node');
    await cri.removePod(id);
  });

  it('is synchronized again, with what goes on, when containerd is restarted', async () => {
    const states: string[][] = [];
    let wake: () => void = () => undefined;
    const again = new Promise<void>((resolve) => (wake = resolve));
    const id = await cri.runPod('lasting');
    const container = await cri.runContainer(id, 'lasting', 'sleeper', ['/bin/sleep', '1000']);
    await start({
      synchronize({ pods, containers }) {
        states.push([...pods.map(({ name }) => name), ...containers.map(({ name, state }) => `${name} ${state}`)]);
        if (states.length === 2) wake();
      },
    });
    await containerd.stop('SIGKILL');
    await containerd.begin();
    await again;
    const expected = ['lasting', 'sleeper CONTAINER_RUNNING'];
    expect(states).toEqual([expected, expected]);
    const retry = async (): Promise<void> => cri.removeContainer(container);
    // The gRPC client finds the new one with its second call.
    await retry().catch(retry);
    await cri.removePod(id);
  });
});
