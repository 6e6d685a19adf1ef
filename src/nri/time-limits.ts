import type { NriFailurePolicy, PluginIdentity } from './plugin-options.js';

/** How long a runtime waits for the registration of a plugin that it has started, in ms; NRI's default. */
export const REGISTRATION_MS = 5000;
/** How long a runtime waits for a response, in ms; NRI's default. Old runtimes do not tell theirs. */
export const REQUEST_MS = 2000;
/** The share of a limit after which a warning comes. */
export const WARN_AFTER = 0.75;

/** The warning about a handler that is close to its limit. */
export function handlerWarning(
  { index, name }: PluginIdentity,
  handler: string,
  limitMs: number,
  policy: NriFailurePolicy | undefined,
): string {
  const tookMs = Math.round(limitMs * WARN_AFTER);
  const then = policy?.keepConnected ? '' : ' and disconnects the plugin';
  return `NRI: ${handler} of plugin ${index}-${name} has taken ${tookMs} ms; the runtime stops waiting after ${limitMs} ms${then}`;
}

/** The warning about a plugin that registers late after `sinceStartMs`; undefined where it is early enough. */
export function registrationWarning({ index, name }: PluginIdentity, sinceStartMs: number): string | undefined {
  if (sinceStartMs < REGISTRATION_MS * WARN_AFTER) return undefined;
  return `NRI: plugin ${index}-${name} registers ${Math.round(sinceStartMs)} ms after its start; the runtime ends plugins that take longer than ${REGISTRATION_MS} ms`;
}
