/**
 * An error of the command itself: bad arguments, a schema that cannot be used, JSON that does not fit, a server that
 * cannot be reached. Its message is one line; the command ends with status 1.
 */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}
