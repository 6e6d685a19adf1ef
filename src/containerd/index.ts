/**
 * containerd: its events, its shims, and shims of one's own. Exported as `nestjs-ttrpc/containerd`; loads no Nest.
 * @packageDocumentation
 */
export type { MessageInit } from '../schema/message-init.js';
export type * from './generated/messages.js';
export { containerdSchema, eventsService, taskService } from './schema.js';
