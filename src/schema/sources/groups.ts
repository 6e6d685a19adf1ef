import protobuf from 'protobufjs';

/** What is taken of a oneof while a file is parsed. */
interface OneOfPrototype {
  add: (this: protobuf.OneOf, member: protobuf.ReflectionObject) => protobuf.OneOf;
}

/**
 * Runs protobufjs's parser. For a group in a oneof that parser adds the group's message to the oneof, which takes only
 * fields: here such a message goes to the type that the oneof is in, where protobuf has it.
 */
export function withGroupsInOneofs<T>(parse: () => T): T {
  const prototype = protobuf.OneOf.prototype as unknown as OneOfPrototype;
  const { add } = prototype;
  const groups: { oneof: protobuf.OneOf; type: protobuf.Type }[] = [];
  // The parser makes its oneofs itself: there is no other place to stand in. It runs without a pause.
  prototype.add = function (this: protobuf.OneOf, member) {
    if (!(member instanceof protobuf.Type)) return add.call(this, member);
    groups.push({ oneof: this, type: member });
    return this;
  };
  let result: T;
  try {
    result = parse();
  } finally {
    prototype.add = add;
  }
  for (const { oneof, type } of groups) (oneof.parent as protobuf.Type).add(type);
  return result;
}

/**
 * Gives the fields of groups below `namespace`, which are not resolved yet, the name that protobuf gives them: the
 * group's in lower case (`foobar` for `group FooBar`), as descriptors have it. protobufjs's parser has `fooBar`.
 */
export function nameGroups(namespace: protobuf.NamespaceBase): void {
  const members: protobuf.ReflectionObject[] = namespace instanceof protobuf.Type ? [...namespace.fieldsArray] : [];
  const extensions = namespace.nestedArray.filter((nested) => nested instanceof protobuf.Field);
  for (const list of [members, extensions] as protobuf.Field[][]) {
    const renamed = list.filter((field) => isMisnamedGroup(field, namespace));
    if (renamed.length === 0) continue;
    // All of them, so that they stay in their order.
    for (const field of list) namespace.remove(field);
    for (const field of renamed) rename(field);
    for (const field of list) namespace.add(field);
  }
  for (const nested of namespace.nestedArray) if (nested instanceof protobuf.Namespace) nameGroups(nested);
}

function isMisnamedGroup({ type, name }: protobuf.Field, scope: protobuf.NamespaceBase): boolean {
  const group = scope.get(type);
  if (!(group instanceof protobuf.Type) || (group as { group?: boolean }).group !== true) return false;
  return name === protobuf.util.lcFirst(type) && name !== type.toLowerCase();
}

function rename(field: protobuf.Field): void {
  const name = field.type.toLowerCase();
  const names = field.partOf?.oneof;
  if (names) names[names.indexOf(field.name)] = name;
  field.name = name;
}
