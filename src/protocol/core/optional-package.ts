import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * Loads an optional package: from where this library is installed, else from where the program is. Never from the working
 * directory, which another user may have chosen. Returns undefined when it is not installed.
 */
export function loadOptional(name: string): unknown {
  for (const base of [ownFile(), programFile()]) {
    if (base === undefined) continue;
    try {
      return createRequire(base)(name) as unknown;
    } catch {
      // Not installed there, or not for this system.
    }
  }
  return undefined;
}

/** The path of this file, from a stack trace: no other way compiles to both module formats. */
function ownFile(): string | undefined {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- restored, not called
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = (_error, sites) => sites;
    const [site] = new Error().stack as unknown as NodeJS.CallSite[];
    const file = site?.getFileName() ?? undefined;
    return file !== undefined && /^(\/|file:|[a-z]:\\)/i.test(file) ? file : undefined;
  } catch {
    return undefined;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}

function programFile(): string | undefined {
  const [, file] = process.argv;
  try {
    // Resolve links: a link in /usr/local/bin has no packages beside it.
    return file === undefined ? undefined : realpathSync(file);
  } catch {
    return undefined;
  }
}
