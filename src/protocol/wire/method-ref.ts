import type { MethodShape } from '../core/method-shape.js';
import { requestPrefix } from './request-envelope.js';

/** What a method is registered under. */
export interface MethodKey {
  readonly service: string;
  readonly method: string;
  readonly shape: MethodShape;
}

/** A method as a client calls it: with the bytes that begin each of its requests. */
export interface MethodRef extends MethodKey {
  /** See `requestPrefix`. */
  readonly prefix: Uint8Array;
}

/** Makes a {@link MethodRef}. */
export function methodRef(service: string, method: string, shape: MethodShape): MethodRef {
  return { service, method, shape, prefix: requestPrefix(service, method) };
}
