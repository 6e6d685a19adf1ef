import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runPlugin, type NriHandlers, type RunningPlugin } from '../../src/nri/index.js';
import { EVENT_NAMES, EVENTS } from '../../src/nri/events.js';
import { TempFolder } from '../support/temp-folder.js';
import { OwnRuntime, PLUGIN_SERVICE, type RegisteredPlugin } from './own-runtime.js';

const POD = { id: 'pod-1', name: 'web' };
const CONTAINER = { id: 'container-1', name: 'nginx' };
const BOTH = { pod: POD, container: CONTAINER };
const RESOURCES = { cpu: { shares: { value: 512n } } };
const UPDATE = [{ containerId: 'container-2', linux: { resources: RESOURCES } }];
const EVICT = [{ containerId: 'container-3', reason: 'no room' }];

/** What the runtime sends, what the handler of that name returns, and what comes back. */
type Case = readonly [request: object, handler: keyof NriHandlers, returned: unknown, response: object];

/** Each rpc of NRI 0.12's Plugin service. */
const CASES: Readonly<Record<string, Case>> = {
  Configure: [{ runtimeName: 'own', config: 'colour: green' }, 'configure', undefined, { events: 0x3fff }],
  Synchronize: [{ pods: [POD], containers: [CONTAINER] }, 'synchronize', UPDATE, { update: UPDATE, more: false }],
  Shutdown: [{}, 'shutdown', undefined, {}],
  RunPodSandbox: [{ pod: POD }, 'runPodSandbox', undefined, {}],
  UpdatePodSandbox: [
    { pod: POD, overheadLinuxResources: RESOURCES, linuxResources: { cpu: { shares: { value: 2n } } } },
    'updatePodSandbox',
    undefined,
    {},
  ],
  PostUpdatePodSandbox: [{ pod: POD }, 'postUpdatePodSandbox', undefined, {}],
  StopPodSandbox: [{ pod: POD }, 'stopPodSandbox', undefined, {}],
  RemovePodSandbox: [{ pod: POD }, 'removePodSandbox', undefined, {}],
  CreateContainer: [
    BOTH,
    'createContainer',
    { adjust: { annotations: { a: 'b' } }, update: UPDATE, evict: EVICT },
    { adjust: { annotations: { a: 'b' } }, update: UPDATE, evict: EVICT },
  ],
  PostCreateContainer: [BOTH, 'postCreateContainer', undefined, {}],
  StartContainer: [BOTH, 'startContainer', undefined, {}],
  PostStartContainer: [BOTH, 'postStartContainer', undefined, {}],
  UpdateContainer: [
    { ...BOTH, linuxResources: RESOURCES },
    'updateContainer',
    { update: UPDATE, evict: EVICT },
    { update: UPDATE, evict: EVICT },
  ],
  PostUpdateContainer: [BOTH, 'postUpdateContainer', undefined, {}],
  StopContainer: [BOTH, 'stopContainer', { update: UPDATE }, { update: UPDATE }],
  RemoveContainer: [BOTH, 'removeContainer', undefined, {}],
  StateChange: [{ event: 'POST_START_CONTAINER', ...BOTH }, 'postStartContainer', undefined, {}],
  ValidateContainerAdjustment: [
    { ...BOTH, adjust: { annotations: { a: 'b' } }, update: UPDATE, plugins: [{ name: 'logger', index: '10' }] },
    'validateContainerAdjustment',
    { reject: true, reason: 'not here' },
    { reject: true, reason: 'not here' },
  ],
};

describe("the rpcs of NRI's Plugin service, called by a runtime of ours", () => {
  let folder: TempFolder;
  let runtime: OwnRuntime;
  let plugin: RegisteredPlugin;
  let running: RunningPlugin;
  let seen: [string, object][];
  let returned: unknown;

  beforeEach(async () => {
    folder = new TempFolder();
    seen = [];
    returned = undefined;
    runtime = await OwnRuntime.start(folder.file('nri.sock'));
    const names = [...EVENT_NAMES, 'configure', 'synchronize', 'shutdown'];
    const handler = (name: string) => (request: object) => {
      seen.push([name, request]);
      return returned;
    };
    const handlers = Object.fromEntries(names.map((name) => [name, handler(name)])) as NriHandlers;
    const starting = runPlugin(handlers, {
      name: 'test',
      index: '10',
      socket: folder.file('nri.sock'),
      reconnect: false,
    });
    plugin = await runtime.plugin();
    await plugin.begin();
    running = await starting;
    seen = [];
  });

  afterEach(async () => {
    await running.stop();
    await runtime.stop();
    folder.close();
  });

  it('are these 18', () => {
    expect(Object.keys(PLUGIN_SERVICE.methods).sort()).toEqual(Object.keys(CASES).sort());
    expect(Object.keys(CASES)).toHaveLength(18);
  });

  it.each(Object.entries(CASES))('%s', async (rpc, [request, name, result, response]) => {
    returned = result;
    expect(await plugin.call(rpc, request)).toMatchObject(response);
    const { event: _event, ...rest } = request as { event?: string };
    expect(seen).toEqual([[name, expect.objectContaining({}) as unknown]]);
    expect(seen[0]?.[1]).toMatchObject(rpc === 'StateChange' ? rest : request);
  });

  it.each(EVENT_NAMES)('StateChange tells of %s, too, as runtimes before NRI 0.11 do', async (event) => {
    await plugin.call('StateChange', { event: EVENTS[event].name, ...BOTH });
    expect(seen).toEqual([[event, expect.objectContaining({}) as unknown]]);
    expect(seen[0]?.[1]).toMatchObject(BOTH);
  });
});
