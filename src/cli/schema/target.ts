import { existsSync } from 'node:fs';
import type { RawClient } from '../../protocol/client/connect.js';
import { nameOf } from '../../schema/codec/reflection.js';
import type { Arguments } from '../command.js';
import { openConnection } from '../connection.js';
import type { CommandSchema } from './command-schema.js';
import { reflect, REFLECTION_MS, reflectServices, type ReflectOptions } from './reflection-client.js';
import { schemaOfFlags, schemaOfProtos, schemaOfSets } from './source-flags.js';
import { ToolError } from '../tool-error.js';

/** The names of the services of `source`: a server's address, a .proto file or a FileDescriptorSet. */
export async function namesOf(source: string, args: Arguments, options: ReflectOptions = {}): Promise<string[]> {
  const own = schemaOfSource(source, args);
  if (own) return own.services().map(nameOf);
  return withServer(source, args, options, reflectServices);
}

/** The schema of `source`, of all services or of what `symbol` needs, to show its definitions. @throws ToolError */
export async function schemaOf(
  source: string,
  args: Arguments,
  symbol?: string,
  options: ReflectOptions = {},
): Promise<CommandSchema> {
  const own = schemaOfSource(source, args);
  if (own) return own;
  return withServer(source, args, { asSpelled: true, ...options }, (client, within) => reflect(client, symbol, within));
}

/** The schema of the file that `source` names, or of the flags; undefined where a server is to be asked. */
function schemaOfSource(source: string, args: Arguments): CommandSchema | undefined {
  const isFile = !/^[a-z-]+:/i.test(source);
  if (isFile && source.endsWith('.proto')) {
    refuseBeside(source, args, ['proto', 'protoset']);
    return schemaOfProtos([source], args.texts('import-path'), true);
  }
  if (isFile && /\.(protoset|binpb|pb|desc)$/.test(source) && existsSync(source)) {
    refuseBeside(source, args, ['proto', 'protoset', 'import-path']);
    return schemaOfSets([source], true);
  }
  return schemaOfFlags(args, true);
}

/** @throws ToolError for a flag that says otherwise than the file */
function refuseBeside(file: string, args: Arguments, flags: readonly string[]): void {
  const given = flags.find((flag) => args.texts(flag).length > 0);
  if (given !== undefined) throw new ToolError(`${file} is the schema: --${given} has no meaning beside it`);
}

async function withServer<T>(
  address: string,
  args: Arguments,
  options: ReflectOptions,
  use: (client: RawClient, options: ReflectOptions) => Promise<T>,
): Promise<T> {
  const { client, close } = await openConnection(address, args, options);
  try {
    return await use(client, { timeoutMs: REFLECTION_MS, ...options });
  } finally {
    close();
  }
}
