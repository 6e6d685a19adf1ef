import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * Loads a package that need not be there, or that few programs use: from where this library is installed, else from where the program stands.
 * Never from the working directory, which somebody else may have chosen. Undefined where it is not installed.
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

/** This file, as the engine names it: neither module format has a way to ask that compiles in the other. */
function ownFile(): string | undefined {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is put back, not called
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
    // Where it really is: a link to it (in /usr/local/bin) has no packages beside it.
    return file === undefined ? undefined : realpathSync(file);
  } catch {
    return undefined;
  }
}
