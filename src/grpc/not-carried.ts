import { Logger } from '@nestjs/common';

const logger = new Logger('TtrpcGrpc');
const warned = new Set<string>();

/** Warns of a name that is no option. */
export function warnOfOption(text: string): void {
  logger.warn(text);
}

/** Warns, once in a process, that ttrpc does not carry `what`. */
export function warnNotCarried(what: string): void {
  if (warned.has(what)) return;
  warned.add(what);
  logger.warn(`ttrpc does not carry ${what}: ignored (docs/grpc.md has the differences)`);
}
