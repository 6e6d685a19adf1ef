/**
 * Server reflection over ttrpc: grpc.reflection.v1 and v1alpha.
 * @packageDocumentation
 */
export { TtrpcReflectionModule, type TtrpcReflectionOptions } from './ttrpc-reflection.module.js';
