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
