import type { Event } from './generated/messages.js';

/** NRI's events by the name of the function that handles them: the number, whose bit the subscription has, and the rpc. */
export const EVENTS = {
  runPodSandbox: { number: 1, name: 'RUN_POD_SANDBOX', rpc: 'RunPodSandbox' },
  stopPodSandbox: { number: 2, name: 'STOP_POD_SANDBOX', rpc: 'StopPodSandbox' },
  removePodSandbox: { number: 3, name: 'REMOVE_POD_SANDBOX', rpc: 'RemovePodSandbox' },
  createContainer: { number: 4, name: 'CREATE_CONTAINER', rpc: 'CreateContainer' },
  postCreateContainer: { number: 5, name: 'POST_CREATE_CONTAINER', rpc: 'PostCreateContainer' },
  startContainer: { number: 6, name: 'START_CONTAINER', rpc: 'StartContainer' },
  postStartContainer: { number: 7, name: 'POST_START_CONTAINER', rpc: 'PostStartContainer' },
  updateContainer: { number: 8, name: 'UPDATE_CONTAINER', rpc: 'UpdateContainer' },
  postUpdateContainer: { number: 9, name: 'POST_UPDATE_CONTAINER', rpc: 'PostUpdateContainer' },
  stopContainer: { number: 10, name: 'STOP_CONTAINER', rpc: 'StopContainer' },
  removeContainer: { number: 11, name: 'REMOVE_CONTAINER', rpc: 'RemoveContainer' },
  updatePodSandbox: { number: 12, name: 'UPDATE_POD_SANDBOX', rpc: 'UpdatePodSandbox' },
  postUpdatePodSandbox: { number: 13, name: 'POST_UPDATE_POD_SANDBOX', rpc: 'PostUpdatePodSandbox' },
  validateContainerAdjustment: {
    number: 14,
    name: 'VALIDATE_CONTAINER_ADJUSTMENT',
    rpc: 'ValidateContainerAdjustment',
  },
} as const satisfies Record<string, { number: number; name: Event; rpc: string }>;

/** The name of a function that handles an event. */
export type NriEventName = keyof typeof EVENTS;

/** In the order of their numbers. */
export const EVENT_NAMES = Object.keys(EVENTS) as NriEventName[];

/** Functions of a plugin that handle no event. */
export const OTHER_HANDLERS = ['configure', 'synchronize', 'shutdown'] as const;

/** Events from this number on came with NRI 0.10. */
const FIRST_LATER_EVENT = 12;

/** The mask that subscribes to `events`. */
export function maskOf(events: readonly NriEventName[]): number {
  return events.reduce((mask, event) => mask | (1 << (EVENTS[event].number - 1)), 0);
}

/** The events that runtimes did not always have. */
export function laterEvents(events: readonly NriEventName[]): NriEventName[] {
  return events.filter((event) => EVENTS[event].number >= FIRST_LATER_EVENT);
}

/** What is known of the runtime when the plugin is configured. */
export interface RuntimeVersions {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  /** Empty before NRI 0.12. */
  readonly NRIVersion: string;
}

/**
 * True when this runtime is known to lack the events of NRI 0.10. It would end the connection without an error: it names
 * them in its log only.
 */
export function lacksLaterEvents({ runtimeName, runtimeVersion, NRIVersion }: RuntimeVersions): boolean {
  if (/^v?\d/.test(NRIVersion)) return isBefore(NRIVersion, 0, 10);
  if (runtimeName === 'containerd') return isBefore(runtimeVersion, 2, 2);
  if (runtimeName === 'cri-o') return isBefore(runtimeVersion, 1, 34);
  return false;
}

function isBefore(version: string, major: number, minor: number): boolean {
  const [, first, second] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (first === undefined) return false;
  return Number(first) < major || (Number(first) === major && Number(second) < minor);
}
