import type protobuf from 'protobufjs';
import { Enum, Field, Method, OneOf, Service, Type, definitionOf } from '../schema/definition-text.js';
import { templateOf } from '../json/template.js';
import type { Arguments, Command } from '../command.js';
import { CONNECTION_FLAGS } from '../connection.js';
import { print, printError } from '../output.js';
import { plainLines, plainText } from '../plain-text.js';
import type { CommandSchema } from '../schema/command-schema.js';
import { SCHEMA_FLAGS } from '../schema/source-flags.js';
import { ADDRESS_NOTE, targetOf } from '../schema/target.js';
import { schemaOf } from '../schema/target-schema.js';
import { nameOf } from '../../schema/codec/reflection.js';
import { protoNameOf } from '../json/names.js';
import { ToolError } from '../tool-error.js';

/** `ttrpc describe`: services, rpcs, messages and enums as a .proto file has them. */
export const describe: Command = {
  name: 'describe',
  usage: '<address | file.proto> [symbol]',
  positionals: ['source', 'symbol'],
  required: 0,
  flags: {
    ...SCHEMA_FLAGS,
    'msg-template': { type: 'boolean', help: 'print a message, or the request of an rpc, as JSON to fill in' },
    ...CONNECTION_FLAGS,
  },
  notes: [ADDRESS_NOTE],
  run,
};

async function run(args: Arguments): Promise<number> {
  const target = targetOf(args, describe);
  const { source, symbol } = target;
  const wantsTemplate = args.count('msg-template') > 0;
  if (symbol === undefined) {
    if (wantsTemplate) throw new ToolError('--msg-template needs the name of a message or an rpc');
    const schema = await schemaOf(target, args);
    const services = schema.services();
    for (const service of services) await show(service);
    if (services.length === 0) await printError(`${source} has no services${elseNamed(schema)}\n`);
    return 0;
  }
  const schema = await schemaOf(target, args, symbolToAskFor(symbol), { orAll: true });
  const found = schema.symbol(symbol);
  if (!wantsTemplate) await show(found);
  else await print(`${plainLines(JSON.stringify(template(schema, found, symbol), undefined, 2))}\n`);
  return 0;
}

/** What to ask for where there are no services, for the end of a sentence. */
function elseNamed(schema: CommandSchema): string {
  const [first] = schema.symbolNames();
  return first === undefined ? '' : `; name what is to be described, such as ${first}`;
}

/** A server's reflection knows a method as `service.Method`. */
function symbolToAskFor(symbol: string): string {
  return symbol.replace(/^[./]/, '').replace('/', '.');
}

async function show(symbol: protobuf.ReflectionObject): Promise<void> {
  const name = symbol instanceof Field ? protoNameOf(symbol) : nameOf(symbol);
  await print(`${plainText(name)} is ${kindOf(symbol)}:\n${definitionOf(symbol)}\n`);
}

function kindOf(symbol: protobuf.ReflectionObject): string {
  if (symbol instanceof Service) return 'a service';
  if (symbol instanceof Method) return 'an rpc';
  if (symbol instanceof Enum) return 'an enum';
  if (symbol instanceof OneOf) return 'a one-of';
  return symbol instanceof Field ? 'a field' : 'a message';
}

function template(schema: CommandSchema, symbol: protobuf.ReflectionObject, name: string): unknown {
  if (symbol instanceof Type) return templateOf(symbol);
  if (symbol instanceof Method) return templateOf(schema.method(nameOf(symbol)).request);
  throw new ToolError(`--msg-template needs a message or an rpc: '${name}' is ${kindOf(symbol)}`);
}
