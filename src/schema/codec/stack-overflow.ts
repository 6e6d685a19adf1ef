/**
 * True for the error of an exhausted stack: a caller may have left little of it. Known by its text, since user code and
 * generated code throw RangeErrors of their own.
 */
export function isStackOverflow(error: unknown): boolean {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' && message.startsWith('Maximum call stack size exceeded');
}
