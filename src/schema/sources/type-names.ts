import protobuf from 'protobufjs';

/** What a name stands for: a message, or a message or an enum. */
export type Wanted = 'message' | 'type';

/**
 * What `name` means in `scope`; undefined when it means nothing. The innermost scope that has it decides, as protobuf's
 * language guide says ("Name Resolution"); what is only a field or a service of that name is passed over.
 */
export function typeNamed(
  name: string,
  scope: protobuf.NamespaceBase,
  wanted: Wanted,
): protobuf.Type | protobuf.Enum | undefined {
  const path = name.split('.');
  if (path[0] === '') return typeAt(path.slice(1), scope.root, wanted);
  for (let current: protobuf.NamespaceBase | null = scope; current !== null; current = current.parent) {
    const found = typeAt(path, current, wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

function typeAt(
  path: readonly string[],
  from: protobuf.NamespaceBase,
  wanted: Wanted,
): protobuf.Type | protobuf.Enum | undefined {
  let at: protobuf.ReflectionObject | undefined = from;
  for (const part of path) at = at instanceof protobuf.Namespace ? memberOf(at, part) : undefined;
  return at instanceof protobuf.Type || (wanted === 'type' && at instanceof protobuf.Enum) ? at : undefined;
}

/** Not `get`, which prefers a field of the same name. */
function memberOf({ nested }: protobuf.NamespaceBase, name: string): protobuf.ReflectionObject | undefined {
  return nested && Object.hasOwn(nested, name) ? nested[name] : undefined;
}
