import type { Duplex } from 'node:stream';

/** True for what can carry a connection; by shape, since it may come from another realm. */
export function isDuplex(value: unknown): value is Duplex {
  const { write, on } = (value ?? {}) as { write?: unknown; on?: unknown };
  return typeof write === 'function' && typeof on === 'function';
}

/**
 * True when `end()` does more than to finish our side: what implements `final` can tell the other end, which may then end,
 * too. Where nobody implements it (a bare `new Duplex({ read, write })`) the other end never learns of it, and never follows.
 */
export function passesEnd(duplex: Duplex): boolean {
  return typeof (duplex as { _final?: unknown })._final === 'function';
}
