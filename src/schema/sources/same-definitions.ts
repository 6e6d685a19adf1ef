import protobuf from 'protobufjs';
import { isDelimited } from '../codec/editions.js';
import { SchemaError } from '../schema-error.js';

/** Each source brings these, in the version that made it: they only ever grow. */
const WELL_KNOWN_PACKAGE = '.google.protobuf';

/** What one source says of a name, line by line. */
type Definition = ReadonlyMap<string, string>;

/**
 * @throws {SchemaError} where two sources (by the options that name them) define one message, enum or service
 * differently: one of the two would be used silently
 */
export function checkSame(roots: ReadonlyMap<string, protobuf.Root>): void {
  if (roots.size < 2) return;
  const known = new Map<string, { source: string; definition: Definition }>();
  for (const [source, root] of roots) {
    for (const [name, definition] of definitionsIn(root)) {
      const other = known.get(name);
      if (other === undefined) known.set(name, { source, definition });
      else compare(name, other.source, other.definition, source, definition);
    }
  }
}

function compare(name: string, source: string, definition: Definition, otherSource: string, other: Definition): void {
  for (const key of new Set([...definition.keys(), ...other.keys()])) {
    const [a, b] = [definition.get(key), other.get(key)];
    if (a === b) continue;
    throw new SchemaError(
      `'${name}' is defined differently: ${key} is ${a ?? 'not there'} in ${source}, ${b ?? 'not there'} in ${otherSource}`,
    );
  }
}

function* definitionsIn(namespace: protobuf.NamespaceBase): Iterable<[string, Definition]> {
  if (namespace.fullName === WELL_KNOWN_PACKAGE) return;
  for (const nested of namespace.nestedArray) {
    const definition = definitionOf(nested);
    if (definition) yield [nested.fullName.slice(1), definition];
    if (nested instanceof protobuf.Namespace) yield* definitionsIn(nested);
  }
}

function definitionOf(object: protobuf.ReflectionObject): Definition | undefined {
  if (object instanceof protobuf.Type) {
    return new Map(object.fieldsArray.filter(isOwn).map((field) => [`field ${field.id}`, fieldText(field)]));
  }
  if (object instanceof protobuf.Enum) {
    return new Map(Object.entries(object.values).map(([name, value]) => [`value ${name}`, String(value)]));
  }
  if (object instanceof protobuf.Service) {
    return new Map(object.methodsArray.map((method) => [`rpc ${method.name}`, methodText(method)]));
  }
  return undefined;
}

/** Extensions belong to the file that has them. */
function isOwn(field: protobuf.Field): boolean {
  return field.declaringField === null;
}

function fieldText(field: protobuf.Field): string {
  const { resolvedType, type, repeated, required, name } = field.resolve();
  const value = resolvedType ? resolvedType.fullName.slice(1) : type;
  const kind = field instanceof protobuf.MapField ? `map<${field.keyType}, ${value}>` : value;
  const rule = field instanceof protobuf.MapField ? '' : repeated ? 'repeated ' : required ? 'required ' : '';
  // In one source the names may be in another case.
  // Of a map neither the entries nor their values are groups, whatever the file's features say.
  const isGroup = !(field instanceof protobuf.MapField) && isDelimited(field);
  return `${isGroup ? 'group ' : ''}${rule}${kind} ${protobuf.util.camelCase(name)}`;
}

function methodText(method: protobuf.Method): string {
  const { requestStream, responseStream, resolvedRequestType, resolvedResponseType } =
    method.resolve() as protobuf.Method;
  const nameOf = (type: protobuf.Type | null): string => type?.fullName.slice(1) ?? '';
  return `(${requestStream ? 'stream ' : ''}${nameOf(resolvedRequestType)}) returns (${responseStream ? 'stream ' : ''}${nameOf(resolvedResponseType)})`;
}
