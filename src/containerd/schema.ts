import { loadSchema } from '../schema/sources/load-schema.js';
import type { Schema } from '../schema/schema.js';
import type { ServiceDescriptor } from '../schema/service-descriptor.js';
import { descriptor } from './generated/descriptor.js';
import type { EventsMethods, TaskMethods } from './generated/messages.js';

let loaded: Schema | undefined;

/** containerd's messages: enums by name, 64-bit integers as bigint, fields that were not sent with their defaults. */
export function containerdSchema(): Schema {
  loaded ??= loadSchema({
    root: descriptor,
    loader: { defaults: true, longs: BigInt, enums: String },
    unknownProperties: 'error',
  });
  return loaded;
}

/** The Task service of a shim, in one of its versions: 2 for containerd 1.x, 3 for containerd 2.x. The messages are the same. */
export function taskService(version: 2 | 3): ServiceDescriptor<TaskMethods> {
  return containerdSchema().resolve(`containerd.task.v${version}.Task`) as ServiceDescriptor<TaskMethods>;
}

/** What containerd serves to its shims at TTRPC_ADDRESS. */
export function eventsService(): ServiceDescriptor<EventsMethods> {
  return containerdSchema().resolve('containerd.services.events.ttrpc.v1.Events') as ServiceDescriptor<EventsMethods>;
}
