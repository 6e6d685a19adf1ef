import { nameOf } from '../../schema/codec/reflection.js';
import type { Arguments, Command } from '../command.js';
import { CONNECTION_FLAGS } from '../connection.js';
import { print, printError } from '../output.js';
import { plainText } from '../plain-text.js';
import { ADDRESS_NOTE, targetOf, type Target } from '../schema/target.js';
import { namesOf, schemaOf } from '../schema/target-schema.js';
import { SCHEMA_FLAGS } from '../schema/source-flags.js';

/** `ttrpc list`: the services of a server or of a .proto file, or the methods of one. */
export const list: Command = {
  name: 'list',
  usage: '<address | file.proto> [service]',
  positionals: ['source', 'service'],
  required: 0,
  flags: { ...SCHEMA_FLAGS, ...CONNECTION_FLAGS },
  notes: [ADDRESS_NOTE],
  run,
};

async function run(args: Arguments): Promise<number> {
  const target = targetOf(args, list);
  const { source, symbol: service } = target;
  const names = service === undefined ? await namesOf(target, args) : await methodsOf(target, service, args);
  if (names.length > 0) await print(`${names.map(plainText).join('\n')}\n`);
  else await printError(`${service ?? source} has no ${service === undefined ? 'services' : 'methods'}\n`);
  return 0;
}

async function methodsOf(target: Target, name: string, args: Arguments): Promise<string[]> {
  const service = (await schemaOf(target, args, name)).service(name);
  return service.methodsArray.map((method) => `${nameOf(service)}/${method.name}`);
}
