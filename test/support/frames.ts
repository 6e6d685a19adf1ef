import { encodeWritten, REQUEST, type FrameSpec } from '../conformance/wire/frame.js';
import type { RequestSpec } from '../conformance/wire/envelope.js';

/** The bytes of one frame, which may be wrong in every part. */
export function frame(spec: FrameSpec): Buffer {
  return encodeWritten(spec);
}

/** The bytes of a Request frame; a unary one unless `flags` say otherwise. */
export function request(
  service: string,
  method: string,
  { id = 1, flags = 0, ...more }: Omit<RequestSpec, 'service' | 'method'> & { id?: number; flags?: number } = {},
): Buffer {
  return frame({ id, type: REQUEST, flags, data: { request: { service, method, ...more } } });
}
