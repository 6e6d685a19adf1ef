import protobuf from 'protobufjs';

/**
 * Encoded `bytes` of `type` without the zeros of fields that have no presence, in nested messages, too:
 * `@grpc/proto-loader` writes them, Go and this library do not.
 */
export function withoutZeros(type: protobuf.Type, bytes: Uint8Array): Buffer {
  const reader = protobuf.Reader.create(bytes);
  const parts: Uint8Array[] = [];
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const tag = reader.uint32();
    const body = reader.pos;
    reader.skipType(tag & 7);
    const field = type.fieldsById[tag >>> 3]?.resolve();
    const whole = bytes.subarray(start, reader.pos);
    const nested = field?.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
    if (field === undefined) parts.push(whole);
    else if (field.map) parts.push(nested ? inner(tag, bytes.subarray(body, reader.pos), entryOf(nested)) : whole);
    else if (nested) parts.push((tag & 7) === 2 ? inner(tag, bytes.subarray(body, reader.pos), nested) : whole);
    else if (field.repeated || field.hasPresence || bytes.subarray(body, reader.pos).some((byte) => byte !== 0)) {
      parts.push(whole);
    }
  }
  return Buffer.concat(parts);
}

function inner(tag: number, body: Uint8Array, type: protobuf.Type): Uint8Array {
  const content = protobuf.Reader.create(body).bytes();
  return protobuf.Writer.create().uint32(tag).bytes(withoutZeros(type, content)).finish();
}

/** Of a map's entries only the messages in their values matter: a key or value that is zero is written. */
function entryOf(value: protobuf.Type): protobuf.Type {
  const entry = new protobuf.Type('Entry').add(new protobuf.Field('value', 2, value.fullName));
  // In its place, so that the name of the value's type is found.
  const root = new protobuf.Root();
  root.add(entry);
  const field = entry.fieldsById[2] as protobuf.Field;
  field.resolvedType = value;
  field.resolved = true;
  return entry;
}
