import type { MethodShape } from '../core/method-shape.js';
import { requestPrefix } from './request-envelope.js';

/** The names and the shape of a method. */
export interface MethodKey {
  readonly service: string;
  readonly method: string;
  readonly shape: MethodShape;
}

/** A method that a client calls, with the bytes that begin each of its requests. */
export interface MethodRef extends MethodKey {
  /** See `requestPrefix`. */
  readonly prefix: Uint8Array;
}

/** Makes a {@link MethodRef}. */
export function methodRef(service: string, method: string, shape: MethodShape): MethodRef {
  return { service, method, shape, prefix: requestPrefix(service, method) };
}
