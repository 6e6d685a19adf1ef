import { TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';

/** True for what a question of reflection fails with when the server has not responded in time. */
export function isLate(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  return cause instanceof TtrpcError && cause.code === TtrpcStatus.DEADLINE_EXCEEDED;
}
