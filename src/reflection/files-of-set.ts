import protobuf from 'protobufjs';

/** The tag of `file`, the field 1 of a FileDescriptorSet. */
const FILE_TAG = 0x0a;

/** The FileDescriptorProtos in the bytes of a FileDescriptorSet, as they stand there. */
export function filesOfSet(set: Uint8Array): Uint8Array[] {
  const reader = protobuf.Reader.create(set);
  const files: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === FILE_TAG) files.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return files;
}
