import { Logger } from '@nestjs/common';
import { logStack, logText } from '../../common/log-text.js';
import { messageOf } from '../../protocol/core/errors.js';
import { CallOptionNames } from '../../protocol/core/option-names.js';
import { CALL_OPTIONS } from '../api/call-options.js';

const logger = new Logger('TtrpcClient');

/** Logs an error of the user's code for which there is no caller who could be told; `where` says whose it is. */
export function logCallbackError(where: string, error: unknown): void {
  logger.error(logText(`${where} threw: ${messageOf(error)}`), logStack(error));
}

/** Warns of names among the options of calls that are none of them, once in a process each. */
export const callOptionNames = new CallOptionNames(CALL_OPTIONS, (text) => logger.warn(logText(text)));
