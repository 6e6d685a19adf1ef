import { TtrpcMetadata } from '../protocol/core/metadata.js';
import type { Arguments, FlagSpec } from './command.js';
import { millisecondsOf } from './arguments.js';
import { ToolError } from './tool-error.js';

/** The flags of whatever makes calls. */
export const CALL_FLAGS = {
  data: {
    type: 'string',
    short: 'd',
    once: 'several requests stand in one, one after another',
    value: 'json',
    help: 'the request as JSON, several one after another; @ reads standard input, @file a file',
  },
  header: { type: 'string', short: 'H', multiple: true, value: "'key: value'", help: 'metadata; may be repeated' },
  'max-time': {
    type: 'string',
    value: 'seconds',
    help: 'the deadline of each call, and of asking for the schema before it (default: none)',
  },
} as const satisfies Record<string, FlagSpec>;

/** The metadata of `-H`, keys and values without the blanks around them, as in grpcurl. @throws ToolError naming the header */
export function metadataOf(args: Arguments): TtrpcMetadata {
  const metadata = new TtrpcMetadata();
  for (const header of args.texts('header')) {
    const [, key = '', value = ''] = /^\s*([^:\s]+)\s*:\s*(.*)$/s.exec(header) ?? [];
    if (key === '') throw new ToolError(`-H '${header}': expected 'key: value'`);
    metadata.append(key, value.trimEnd());
  }
  return metadata;
}

/** The deadline of `--max-time` in ms, or undefined. @throws ToolError */
export function timeoutOf(args: Arguments): number | undefined {
  const timeoutMs = millisecondsOf(args, 'max-time', Infinity);
  return timeoutMs === Infinity ? undefined : timeoutMs;
}
