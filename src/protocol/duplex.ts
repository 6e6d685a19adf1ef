import type { Duplex } from 'node:stream';

/** True for what can carry a connection; by shape, since it may come from another realm. */
export function isDuplex(value: unknown): value is Duplex {
  const { write, on } = (value ?? {}) as { write?: unknown; on?: unknown };
  return typeof write === 'function' && typeof on === 'function';
}
