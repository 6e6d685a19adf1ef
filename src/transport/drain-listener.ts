/**
 * Under this token a module provides what is called before the servers of `drainFirst` close. `Symbol.for`, so that the
 * ESM and the CommonJS copy of this library agree on it.
 */
export const DRAIN_LISTENER = Symbol.for('nestjs-ttrpc:drain-listener');

/** What is provided under {@link DRAIN_LISTENER}. */
export interface DrainListener {
  /** The servers are about to close. */
  onDrain(): void;
}
