import type { RawClient } from '../protocol/client/connect.js';
import type { Arguments } from './command.js';
import { openConnection, parsedAddress, type CommandConnection } from './connection.js';
import { AskedTypes } from './schema/asked-types.js';
import type { CommandMethod, CommandSchema } from './schema/command-schema.js';
import { reflectType, type ReflectOptions } from './schema/reflection-client.js';

/** The questions of a run for types that the files of its service do not have. */
export interface TypeQuestions {
  readonly types: AskedTypes<CommandSchema>;
  /** Closes what was opened for them. */
  readonly close: () => void;
}

/**
 * Asks the server of `client` for such types. While a response streams, an own connection is opened for it at the first
 * question: a stream whose messages are not taken holds its connection back, and the response to the question with it.
 */
export function typeQuestions(
  client: RawClient,
  { receivesStream }: CommandMethod,
  address: string,
  args: Arguments,
  options: ReflectOptions,
): TypeQuestions {
  // An inherited socket is connected once.
  const isOnly = parsedAddress(address).kind === 'fd';
  let own: Promise<CommandConnection> | undefined;
  const ask = async (name: string): Promise<CommandSchema | undefined> => {
    if (!receivesStream) return reflectType(client, name, options);
    if (isOnly) return undefined;
    own ??= openConnection(address, args, { signal: options.signal });
    return reflectType((await own).client, name, options);
  };
  return {
    types: new AskedTypes(ask),
    close: () =>
      void own?.then(
        ({ close }) => close(),
        () => undefined,
      ),
  };
}
