import { HEADER_BYTES } from '../conformance/wire/frame.js';

/** One frame of a conversation; every part of it may be wrong. */
export interface Frame {
  id: number;
  type: number;
  flags: number;
  data: Buffer;
  /** What the header says of the length, where that is a lie. */
  saysLength?: number;
  /** True when it is not as it was recorded, or not where it was. */
  mutated: boolean;
}

/** The bytes of a frame. */
export function frameBytes({ id, type, flags, data, saysLength }: Frame): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + data.length);
  bytes.writeUInt32BE((saysLength ?? data.length) >>> 0, 0);
  bytes.writeUInt32BE(id >>> 0, 4);
  bytes[8] = type;
  bytes[9] = flags;
  data.copy(bytes, HEADER_BYTES);
  return bytes;
}
