import type { Duplex } from 'node:stream';

/** True for a Duplex, which can carry a connection. Checks the shape, since it may come from another realm. */
export function isDuplex(value: unknown): value is Duplex {
  const { write, on } = (value ?? {}) as { write?: unknown; on?: unknown };
  return typeof write === 'function' && typeof on === 'function';
}

/**
 * True when `end()` reaches the other end: a duplex that implements `final` can pass it on, so the other end may close as
 * well. Without it (a bare `new Duplex({ read, write })`) the other end never learns that ours has ended.
 */
export function passesEnd(duplex: Duplex): boolean {
  return typeof (duplex as { _final?: unknown })._final === 'function';
}
