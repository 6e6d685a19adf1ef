import protobuf from 'protobufjs';
import { editionOf, isGroup, outermostOf } from '../../schema/codec/editions.js';
import { enumOf, fieldsInOrder, keyTypeOf, messageTypeOf, nameOf, spelledName } from '../../schema/codec/reflection.js';
import { givenJsonName, isExtension } from '../json/names.js';
import { plainText } from '../plain-text.js';

const { Enum, Field, Method, OneOf, Service, Type } = protobuf;
export { Enum, Field, Method, OneOf, Service, Type };

const MAX_FIELD_ID = 2 ** 29 - 1;

/** A symbol as a .proto file has it, types by their full names. Of a server's own names nothing controls a terminal. */
export function definitionOf(symbol: protobuf.ReflectionObject): string {
  return linesOf(symbol).map(plainText).join('\n');
}

function linesOf(symbol: protobuf.ReflectionObject): string[] {
  if (symbol instanceof Service) {
    return block(`service ${symbol.name}`, symbol.methodsArray.flatMap(linesOf));
  }
  if (symbol instanceof Method) return [rpc(symbol)];
  if (symbol instanceof Enum) {
    const values = Object.entries(symbol.values).map(([name, number]) => `${name} = ${number};`);
    return block(`enum ${symbol.name}`, values);
  }
  if (symbol instanceof Field) return field(symbol);
  if (symbol instanceof OneOf) return block(`oneof ${symbol.name}`, symbol.fieldsArray.flatMap(field));
  if (symbol instanceof Type) return block(`message ${symbol.name}`, bodyOf(symbol));
  return [symbol.toString()];
}

function bodyOf(type: protobuf.Type): string[] {
  const lines: string[] = [];
  const done = new Set<protobuf.OneOf>();
  const groups = new Set<protobuf.ReflectionObject>();
  for (const each of fieldsInOrder(type)) {
    // An extension stands where it is declared.
    if (isExtension(each)) continue;
    const { partOf } = each.resolve();
    if (isGroup(each)) groups.add(each.resolvedType as protobuf.Type);
    if (!partOf || partOf.isProto3Optional) {
      lines.push(...field(each));
    } else if (!done.has(partOf)) {
      done.add(partOf);
      lines.push(...linesOf(partOf));
    }
  }
  for (const range of type.extensions ?? []) lines.push(`extensions ${rangeText(range)};`);
  for (const range of type.reserved ?? []) {
    lines.push(`reserved ${typeof range === 'string' ? JSON.stringify(range) : rangeText(range)};`);
  }
  for (const nested of type.nestedArray) {
    if (nested instanceof Type || nested instanceof Enum || nested instanceof Field) {
      if (!groups.has(nested)) lines.push(...linesOf(nested));
    }
  }
  return lines;
}

function rangeText([from = 0, to = from]: readonly number[]): string {
  if (from === to) return String(from);
  return `${from} to ${to >= MAX_FIELD_ID ? 'max' : to}`;
}

function rpc(method: protobuf.Method): string {
  method.resolve();
  const { resolvedRequestType: request, resolvedResponseType: response, requestStream, responseStream } = method;
  const side = (type: protobuf.Type | null, stream: boolean | undefined): string =>
    `(${stream ? 'stream ' : ''}${type ? `.${nameOf(type)}` : '?'})`;
  return `rpc ${method.name}${side(request, requestStream)} returns ${side(response, responseStream)};`;
}

/** The lines of a field; those of an extension stand in a block that names what it extends. */
function field(each: protobuf.Field): string[] {
  each.resolve();
  const lines = isGroup(each)
    ? groupLines(each)
    : [`${head(each, typeText(each), spelledName(each))}${optionsText(each)};`];
  if (each.extend === undefined) return lines;
  const extended = each.extensionField?.parent;
  return block(`extend ${extended ? `.${nameOf(extended)}` : each.extend}`, lines);
}

function groupLines(each: protobuf.Field): string[] {
  const type = each.resolvedType as protobuf.Type;
  return block(`${head(each, 'group', type.name)}${optionsText(each)}`, bodyOf(type));
}

function head(each: protobuf.Field, type: string, name: string): string {
  const keyType = keyTypeOf(each);
  return `${keyType === undefined ? labelOf(each) + type : `map<${keyType}, ${type}>`} ${name} = ${each.id}`;
}

function typeText(each: protobuf.Field): string {
  const resolved = messageTypeOf(each) ?? enumOf(each);
  return resolved ? `.${nameOf(resolved)}` : each.type;
}

function labelOf(each: protobuf.Field): string {
  if (each.repeated) return 'repeated ';
  if (each.required) return 'required ';
  if (each.partOf) return each.partOf.isProto3Optional ? 'optional ' : '';
  return editionOf(outermostOf(each)) === 'proto2' ? 'optional ' : '';
}

/** What is in brackets behind a field. */
function optionsText(each: protobuf.Field): string {
  const value = each.options?.['default'] as string | number | boolean | Uint8Array | undefined;
  const jsonName = givenJsonName(each);
  const options = [
    ...(value === undefined ? [] : [`default = ${valueText(value, each.type)}`]),
    ...(jsonName === undefined ? [] : [`json_name = ${JSON.stringify(jsonName)}`]),
  ];
  return options.length === 0 ? '' : ` [${options.join(', ')}]`;
}

function valueText(value: string | number | boolean | Uint8Array, type: string): string {
  if (type === 'string') return JSON.stringify(value);
  if (typeof value === 'object' || type === 'bytes') {
    return `"${[...Buffer.from(value as string, 'latin1')].map(byteText).join('')}"`;
  }
  return String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
}

/** As compilers write it: octal where it is no visible character of ASCII. */
function byteText(byte: number): string {
  const text = String.fromCharCode(byte);
  if (text === '"' || text === '\\') return `\\${text}`;
  return byte >= 0x20 && byte < 0x7f ? text : `\\${byte.toString(8).padStart(3, '0')}`;
}

function block(head: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [`${head} {}`];
  return [`${head} {`, ...lines.map((line) => `  ${line}`), '}'];
}
