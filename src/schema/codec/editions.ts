import protobuf from 'protobufjs';

/** What protobufjs keeps of the edition of a file, on each definition in a package. */
interface Edition {
  _edition?: string | null;
}

/** The definition that stands in a package and holds this one, or is it. */
export function outermostOf(definition: protobuf.ReflectionObject): protobuf.ReflectionObject {
  let outermost = definition;
  while (outermost.parent && isDefinition(outermost.parent)) outermost = outermost.parent;
  return outermost;
}

/** `proto2`, `proto3` or the edition of the file of a definition that stands in a package. */
export function editionOf(definition: protobuf.ReflectionObject): string {
  return (definition as Edition)._edition ?? 'proto2';
}

/**
 * True for a field whose message is delimited by tags. protobufjs takes each field of proto2 for one whose type is a group
 * beside it; a group is only its own field, which has its name but for capitals and, in camelCase, underscores.
 */
export function isDelimited(field: protobuf.Field): boolean {
  const { delimited, resolvedType } = field.resolve() as protobuf.Field & { delimited?: boolean };
  if (delimited !== true || !resolvedType) return false;
  const { name, parent } = field.declaringField ?? field;
  const isLegacy = editionOf(outermostOf(field)) === 'proto2';
  return !isLegacy || (resolvedType.parent === parent && letters(resolvedType.name) === letters(name));
}

function letters(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

/** True for a group: a message that is delimited by tags, in proto2. */
export function isGroup(field: protobuf.Field): boolean {
  return isDelimited(field) && editionOf(outermostOf(field)) === 'proto2';
}

/** True for a message, a service or an enum: what else holds definitions is a package. */
export function isDefinition(object: protobuf.ReflectionObject): boolean {
  return object instanceof protobuf.Type || object instanceof protobuf.Service || object instanceof protobuf.Enum;
}
