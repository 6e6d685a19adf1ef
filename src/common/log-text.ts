import { CONTROL_CHARACTERS } from '../protocol/core/control-characters.js';
import { readProperty, stackOf } from '../protocol/core/describe-error.js';

/** Longer texts are cut: a peer must not be able to fill a disk with one line. */
const MAX_CHARACTERS = 2000;

/** How a stack's frames begin. */
const FRAME = '\n    at ';

/** `text` on one line, with control characters as `\uXXXX`, cut at 2,000: for logs of what a peer may have written. */
export function logText(text: string): string {
  return escapeControls(clip(text));
}

/**
 * The stack of an error for a log: as it is where the engine wrote it, and as {@link logText} where it repeats the error's
 * message. Undefined for what has none.
 */
export function logStack(error: unknown): string | undefined {
  const stack = stackOf(error);
  if (stack === undefined) return undefined;
  const message = readProperty(error, 'message');
  const at = typeof message === 'string' ? stack.indexOf(message) : -1;
  // Behind the message: what looks like a frame within it is not one.
  const from = at < 0 ? 0 : at + (message as string).length;
  const frames = stack.indexOf(FRAME, from);
  if (frames < 0) return logText(stack);
  const lines = clip(stack.slice(frames + 1)).split('\n');
  return [logText(stack.slice(0, frames)), ...lines.map(escapeControls)].join('\n');
}

function escapeControls(text: string): string {
  return text.replace(CONTROL_CHARACTERS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function clip(text: string): string {
  if (text.length <= MAX_CHARACTERS) return text;
  return `${text.slice(0, MAX_CHARACTERS)}… (${text.length} characters)`;
}
