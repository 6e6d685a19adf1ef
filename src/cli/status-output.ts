import type { TtrpcError } from '../protocol/core/errors.js';
import { statusName } from '../protocol/core/status.js';
import { printError, styled } from './output.js';
import { plainJson, plainText } from './plain-text.js';
import type { CommandSchema } from './schema/command-schema.js';

/** What the exit status of a failed call is counted from, as in grpcurl. */
const FIRST_CALL_STATUS = 64;

/**
 * Prints the status of a failed call with its details, as text or as the JSON of a google.rpc.Status; gives the exit
 * status: 64 and the code, that of UNKNOWN for a number that is no code. Without a schema the details are left out.
 */
export async function printStatus(
  error: TtrpcError,
  schema: CommandSchema | undefined,
  asJson: boolean,
): Promise<number> {
  const details = await detailsOf(error, schema);
  const { code, rawCode, message } = error;
  if (asJson) {
    await printError(`${plainJson({ code: rawCode, message, ...(details.length > 0 ? { details } : {}) })}\n`);
  } else {
    const lines = [
      styled('red', 'ERROR:', process.stderr),
      `  Code: ${statusName(rawCode)}`,
      `  Message: ${message.split('\n').map(plainText).join('\n    ')}`,
    ];
    if (details.length > 0) lines.push('  Details:');
    for (const [index, detail] of details.entries()) lines.push(`  ${index + 1}) ${plainJson(detail)}`);
    await printError(`${lines.join('\n')}\n`);
  }
  return FIRST_CALL_STATUS + code;
}

async function detailsOf({ details }: TtrpcError, schema: CommandSchema | undefined): Promise<unknown[]> {
  return schema ? schema.complete(() => details.map((detail) => schema.detailToJson(detail))) : [];
}
