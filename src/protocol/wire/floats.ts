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
