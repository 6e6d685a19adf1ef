import protobuf from 'protobufjs';
import { enumOf, fieldsInOrder, keyTypeOf, messageTypeOf, nameOf } from '../../schema/codec/reflection.js';

const { Enum, Field, Method, Service, Type } = protobuf;
export { Enum, Field, Method, Service, Type };

/** A symbol as a .proto file has it, types by their full names. */
export function definitionOf(symbol: protobuf.ReflectionObject): string {
  return linesOf(symbol).join('\n');
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
  if (symbol instanceof Field) return [field(symbol)];
  if (symbol instanceof Type) return block(`message ${symbol.name}`, bodyOf(symbol));
  return [symbol.toString()];
}

function bodyOf(type: protobuf.Type): string[] {
  const lines: string[] = [];
  const done = new Set<protobuf.OneOf>();
  for (const each of fieldsInOrder(type)) {
    const { partOf } = each.resolve();
    if (!partOf || partOf.isProto3Optional) {
      lines.push(field(each));
    } else if (!done.has(partOf)) {
      done.add(partOf);
      lines.push(...block(`oneof ${snakeCase(partOf.name)}`, partOf.fieldsArray.map(field)));
    }
  }
  for (const nested of type.nestedArray)
    if (nested instanceof Type || nested instanceof Enum) lines.push(...linesOf(nested));
  return lines;
}

function rpc(method: protobuf.Method): string {
  method.resolve();
  const { resolvedRequestType: request, resolvedResponseType: response, requestStream, responseStream } = method;
  const side = (type: protobuf.Type | null, stream: boolean | undefined): string =>
    `(${stream ? 'stream ' : ''}${type ? `.${nameOf(type)}` : '?'})`;
  return `rpc ${method.name}${side(request, requestStream)} returns ${side(response, responseStream)};`;
}

function field(each: protobuf.Field): string {
  each.resolve();
  const resolved = messageTypeOf(each) ?? enumOf(each);
  const type = resolved ? `.${nameOf(resolved)}` : each.type;
  const keyType = keyTypeOf(each);
  const { protoName = snakeCase(each.name) } = each as { protoName?: string };
  const label = each.repeated
    ? 'repeated '
    : each.required
      ? 'required '
      : each.partOf?.isProto3Optional
        ? 'optional '
        : '';
  return `${keyType === undefined ? label + type : `map<${keyType}, ${type}>`} ${protoName} = ${each.id};`;
}

function block(head: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [`${head} {}`];
  return [`${head} {`, ...lines.map((line) => `  ${line}`), '}'];
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
