/** The size in bytes of a frame's header (PROTOCOL.md, "Frame"). */
export const HEADER_BYTES = 10;

/** The parts of a frame as they stand on the wire. Every one may be wrong on purpose. */
export interface FrameParts {
  readonly id: number;
  readonly type: number;
  /** 0 when not given. */
  readonly flags?: number;
  /** None when not given. */
  readonly data?: Uint8Array;
  /** The length that the header claims, when it is not the length of `data`. */
  readonly saysLength?: number | undefined;
}

/** The bytes of one frame, built without the library's own code. */
export function frameBytes({ id, type, flags = 0, data = new Uint8Array(0), saysLength }: FrameParts): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + data.length);
  bytes.writeUInt32BE((saysLength ?? data.length) >>> 0, 0);
  bytes.writeUInt32BE(id >>> 0, 4);
  bytes[8] = type;
  bytes[9] = flags;
  bytes.set(data, HEADER_BYTES);
  return bytes;
}
