/**
 * containerd: its events, its shims, and shims of one's own. Exported as `nestjs-ttrpc/containerd`; loads no Nest.
 * @packageDocumentation
 */
export type { MessageInit } from '../schema/message-init.js';
export type * from './generated/messages.js';
export { containerdSchema, eventsService, taskService } from './schema.js';
export {
  EventPublisher,
  NAMESPACE_HEADER,
  receiveEvents,
  type ContainerdEvent,
  type EventPublisherOptions,
  type EventReceiver,
  type ReceiveEventsOptions,
} from './events.js';
export type { ContainerdEventTypes } from './event-types.js';
export { ContainerdEvents, type TypedContainerdEvent } from './nest/containerd-events.js';
export {
  ContainerdEventsModule,
  type ContainerdEventsOptions,
  type ContainerdModuleAsyncOptions,
} from './nest/containerd-events.module.js';
export { defineShim, type Shim, type ShimDefinition } from './shim/define-shim.js';
export { plainProcesses } from './shim/plain-processes.js';
export type { OciProcess, OciSpec, ShimContainer, ShimProcess, ShimRunner, StartedProcess } from './shim/runner.js';
export {
  deleteShim,
  parseStartResponse,
  ShimClient,
  type ShimAddress,
  type ShimOptions,
  type TaskClient,
} from './shim-client.js';
export { ShimStdio } from './fifo.js';
