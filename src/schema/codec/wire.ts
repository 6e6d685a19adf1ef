/** How a field's value is laid out, the low three bits of its tag. */
export const Wire = { Varint: 0, Fixed64: 1, Bytes: 2, StartGroup: 3, EndGroup: 4, Fixed32: 5 } as const;

/**
 * How deep messages may be nested below the outermost one unless the schema says otherwise: protobuf's usual limit.
 * More is refused in both directions, so that neither a cycle nor a hostile peer can exhaust the stack.
 */
export const DEFAULT_MAX_DEPTH = 100;

/** The highest limit that can be asked for: one that the stack holds, also below a handler's own frames. */
export const HIGHEST_MAX_DEPTH = 1000;

const HALVES = new DataView(new ArrayBuffer(8));
/** The bytes of {@link setDouble}'s number, little-endian. */
export const DOUBLE_BYTES = new Uint8Array(HALVES.buffer);

/** Puts `value` into {@link DOUBLE_BYTES} as a double. */
export function setDouble(value: number): void {
  HALVES.setFloat64(0, value, true);
}

/** Puts `value` into the first four of {@link DOUBLE_BYTES} as a float. */
export function setFloat(value: number): void {
  HALVES.setFloat32(0, value, true);
}

/** The double that stands in {@link DOUBLE_BYTES}. */
export function getDouble(): number {
  return HALVES.getFloat64(0, true);
}

/** The float that stands in the first four of {@link DOUBLE_BYTES}. */
export function getFloat(): number {
  return HALVES.getFloat32(0, true);
}
