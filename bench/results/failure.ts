/** Why a pair has no results, in one line: the stack of a peer's error names places of this machine. */
export function failure(error: unknown): string {
  const { message } = error as Error;
  return `failed: ${message.split('\n', 1)[0]}`;
}
