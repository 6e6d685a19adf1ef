import protobuf from 'protobufjs';

/** What a .proto file says of a field beyond its name and type: protobufjs 8 keeps it here and offers no other way. */
interface Features {
  _features?: { utf8_validation?: string };
}

/** True when strings of this field must be valid UTF-8: those of proto3, and of editions unless they say otherwise. */
export function isUtf8Checked(field: protobuf.Field): boolean {
  return (field as unknown as Features)._features?.utf8_validation === 'VERIFY';
}

/** The message type of a field, or undefined when it is a scalar or an enum. */
export function messageTypeOf(field: protobuf.Field): protobuf.Type | undefined {
  const { resolvedType } = field.resolve();
  return resolvedType instanceof protobuf.Type ? resolvedType : undefined;
}

/** The enum of a field, or undefined. */
export function enumOf(field: protobuf.Field): protobuf.Enum | undefined {
  const { resolvedType } = field.resolve();
  return resolvedType instanceof protobuf.Enum ? resolvedType : undefined;
}

/** The fields of a type by number, as they are written. */
export function fieldsInOrder(type: protobuf.Type): protobuf.Field[] {
  return [...type.fieldsArray].sort((a, b) => a.id - b.id);
}

/** True for a MessageSet, the wire format of proto1. Named as in .proto files, or as in a FileDescriptorSet. */
export function isMessageSet(type: protobuf.Type): boolean {
  const { message_set_wire_format: fromFile, messageSetWireFormat: fromDescriptor } = type.options ?? {};
  return fromFile === true || fromDescriptor === true;
}

/** The key's kind of a map field, else undefined. */
export function keyTypeOf(field: protobuf.Field): string | undefined {
  return field instanceof protobuf.MapField ? field.keyType : undefined;
}

/** The name of a field in its .proto file; protobufjs 8 keeps it beside the name of the property, and tells no types of it. */
export function spelledName(field: protobuf.FieldBase): string {
  return (field as { protoName?: string }).protoName ?? field.name;
}

/** `type`'s qualified name, without the dot in front. */
export function nameOf(type: protobuf.ReflectionObject): string {
  return type.fullName.replace(/^\./, '');
}
