import { Logger } from '@nestjs/common';
import { logStack, logText } from '../../common/log-text.js';
import { messageOf } from '../../protocol/core/errors.js';
import { noSuchOption } from '../../protocol/core/option-names.js';
import { CALL_OPTIONS } from '../api/call-options.js';

const logger = new Logger('TtrpcClient');

/** Logs an error of the user's code for which there is no caller who could be told; `where` says whose it is. */
export function logCallbackError(where: string, error: unknown): void {
  logger.error(logText(`${where} threw: ${messageOf(error)}`), logStack(error));
}

/** No more names than these are warned of: code that makes them up must not fill the log. */
const MAX_NAMES = 20;

const warned = new Set<string>();

/** Warns, once in a process, of a name among the options of a call that is none of them. */
export function warnOfCallOption(name: string): void {
  if (warned.has(name) || warned.size === MAX_NAMES) return;
  warned.add(name);
  logger.warn(logText(noSuchOption('a call', name, CALL_OPTIONS)));
}
