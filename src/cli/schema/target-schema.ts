import type { RawClient } from '../../protocol/client/connect.js';
import { nameOf } from '../../schema/codec/reflection.js';
import type { Arguments } from '../command.js';
import { openConnection } from '../connection.js';
import type { CommandSchema } from './command-schema.js';
import { reflect, REFLECTION_MS, reflectServices, type ReflectOptions } from './reflection-client.js';
import type { Target } from './target.js';

/** The names of the services of a target. @throws ToolError */
export async function namesOf(target: Target, args: Arguments, options: ReflectOptions = {}): Promise<string[]> {
  if (target.schema) return target.schema.services().map(nameOf);
  return withServer(target.source, args, options, reflectServices);
}

/** The schema of a target, of all services or of what `symbol` needs, to show its definitions. @throws ToolError */
export async function schemaOf(
  { source, schema }: Target,
  args: Arguments,
  symbol?: string,
  options: ReflectOptions = {},
): Promise<CommandSchema> {
  if (schema) return schema;
  return withServer(source, args, { asSpelled: true, ...options }, (client, within) => reflect(client, symbol, within));
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
