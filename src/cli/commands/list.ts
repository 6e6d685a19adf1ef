import { nameOf } from '../../schema/codec/reflection.js';
import type { Arguments, Command } from '../command.js';
import { CONNECTION_FLAGS } from '../connection.js';
import { print, printError } from '../output.js';
import { plainText } from '../plain-text.js';
import { namesOf, schemaOf } from '../schema/target.js';
import { SCHEMA_FLAGS } from '../schema/source-flags.js';

/** `ttrpc list`: the services of a server or of a .proto file, or the methods of one. */
export const list: Command = {
  name: 'list',
  usage: '<address | file.proto> [service]',
  positionals: ['source', 'service'],
  required: 1,
  flags: { ...SCHEMA_FLAGS, ...CONNECTION_FLAGS },
  run,
};

async function run(args: Arguments): Promise<number> {
  const [source = '', service] = args.positionals;
  const names = service === undefined ? await namesOf(source, args) : await methodsOf(source, service, args);
  if (names.length > 0) await print(`${names.map(plainText).join('\n')}\n`);
  else await printError(`${service ?? source} has no ${service === undefined ? 'services' : 'methods'}\n`);
  return 0;
}

async function methodsOf(source: string, name: string, args: Arguments): Promise<string[]> {
  const service = (await schemaOf(source, args, name)).service(name);
  return service.methodsArray.map((method) => `${nameOf(service)}/${method.name}`);
}
