/** google.protobuf.MethodOptions.IdempotencyLevel, by name and by number, without IDEMPOTENCY_UNKNOWN. */
const IDEMPOTENT: ReadonlySet<unknown> = new Set(['NO_SIDE_EFFECTS', 'IDEMPOTENT', 1, 2]);

/** True for an `idempotency_level` that says that a second call does no harm. */
export function isIdempotent(level: unknown): boolean {
  return IDEMPOTENT.has(level);
}
