import { existsSync, statSync } from 'node:fs';
import { nameOf } from '../../schema/codec/reflection.js';
import type { Arguments, Command } from '../command.js';
import { parsedAddress } from '../connection.js';
import { ToolError } from '../tool-error.js';
import type { CommandSchema } from './command-schema.js';
import { schemaOfFlags, schemaOfProtos, schemaOfSets } from './source-flags.js';

/** What the arguments of `list` and `describe` name. */
export interface Target {
  /** A server's address, a .proto file or a FileDescriptorSet; the files of the flags where no argument names any. */
  readonly source: string;
  readonly symbol?: string | undefined;
  /** Undefined where the server at `source` is to be asked. */
  readonly schema: CommandSchema | undefined;
}

/** A note for the help of commands that use {@link targetOf}. */
export const ADDRESS_NOTE = 'With --proto or --protoset no server is asked: the address may be left out.';

/**
 * Reads `[source] [symbol]`. Beside --proto and --protoset no source is needed, and one argument that is no address is
 * the symbol, as in grpcurl.
 * @throws ToolError for an address that is none, and for flags that are wrong
 */
export function targetOf(args: Arguments, { name, usage }: Command): Target {
  const [source, symbol] = args.positionals;
  const file = source === undefined ? undefined : schemaOfFile(source, args);
  if (source !== undefined && file) return { source, symbol, schema: file };
  const schema = schemaOfFlags(args, true);
  if (!schema) {
    if (source === undefined) throw new ToolError(`ttrpc ${name} needs ${usage}: no argument was given`);
    return { source, symbol, schema };
  }
  const files = [...args.texts('proto'), ...args.texts('protoset')].join(' and ');
  if (source === undefined) return { source: files, schema };
  if (symbol === undefined && isSymbol(source, schema)) return { source: files, symbol: source, schema };
  // It is not used. One that cannot be an address was meant as something else.
  parsedAddress(source);
  return { source, symbol, schema };
}

/** The target of `source` alone, which may not be typed to its end. @throws ToolError */
export function targetOfSource(source: string, args: Arguments): Target {
  return { source, schema: schemaOfFile(source, args) ?? schemaOfFlags(args, true) };
}

/** The schema of the file that `source` names; undefined when it names none. @throws ToolError */
function schemaOfFile(source: string, args: Arguments): CommandSchema | undefined {
  if (/^[a-z-]+:/i.test(source)) return undefined;
  if (source.endsWith('.proto')) {
    refuseBeside(source, args, ['proto', 'protoset']);
    return schemaOfProtos([source], args.texts('import-path'), true);
  }
  if (/\.(protoset|binpb|pb|desc)$/.test(source) && existsSync(source)) {
    refuseBeside(source, args, ['proto', 'protoset', 'import-path']);
    return schemaOfSets([source], true);
  }
  return undefined;
}

/** @throws ToolError for a flag that says otherwise than the file */
function refuseBeside(file: string, args: Arguments, flags: readonly string[]): void {
  const given = flags.find((flag) => args.texts(flag).length > 0);
  if (given !== undefined) throw new ToolError(`${file} is the schema: --${given} has no meaning beside it`);
}

/** True for a name that `schema` has, and for one that it could have: one word is a path only where a socket is. */
function isSymbol(name: string, schema: CommandSchema): boolean {
  const [, service, method] = /^\.?([\w.]+)(\/\w*)?$/.exec(name) ?? [];
  if (service === undefined) return false;
  if (method === undefined) return !statSync(name, { throwIfNoEntry: false })?.isSocket() || isKnown(name, schema);
  return schema.services().some((each) => nameOf(each) === service || each.name === service);
}

function isKnown(name: string, schema: CommandSchema): boolean {
  try {
    schema.symbol(name);
    return true;
  } catch {
    return false;
  }
}
