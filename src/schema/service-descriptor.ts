export type { MethodDescriptor, ServiceDescriptor } from '../protocol/wire/service-descriptor.js';
