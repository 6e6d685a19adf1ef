/**
 * Plugins of NRI, the Node Resource Interface of containerd and CRI-O. Exported as `nestjs-ttrpc/nri`; loads no Nest.
 * @packageDocumentation
 */
export type { MessageInit } from '../schema/message-init.js';
export type { NriEventName } from './events.js';
export type * from './generated/messages.js';
export type { Configuration, ContainerEvent, NriContext, NriHandlers, PodEvent, Synchronization } from './handlers.js';
export type { NriFailurePolicy, NriLogger, NriPluginOptions } from './plugin-options.js';
export { runPlugin, type RunningPlugin } from './run-plugin.js';
export { NriRuntime } from './runtime.js';
export { ContainerChanges, ContainerResourceUpdate } from './adjustment.js';
export { NriEvent, NriPlugin } from './nest/decorators.js';
export { NriModule, type NriModuleAsyncOptions, type NriModuleOptions } from './nest/nri.module.js';
export type { NriPluginMark } from './plugin-functions.js';
export { ResourceChanges, type Integer } from './resource-changes.js';
