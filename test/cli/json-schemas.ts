import { writeFileSync } from 'node:fs';
import type protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { jsonText } from '../../src/cli/json/json-text.js';
import { parsedJson } from '../../src/cli/json/parsed-json.js';
import type { CommandSchema } from '../../src/cli/schema/command-schema.js';
import { schemaOfProtos, schemaOfSetBytes } from '../../src/cli/schema/source-flags.js';
import { describeRoot } from '../../src/reflection/describe-root.js';
import { namesOfFiles } from '../../src/reflection/file-names.js';
import { TempFolder } from '../support/temp-folder.js';

const { FileDescriptorProto, FileDescriptorSet } = descriptor;

/** The schema of `proto` by its file, and by descriptors as protoc makes and reflection gives them. */
export function schemasOf(proto: string): [source: string, schema: CommandSchema][] {
  const folder = new TempFolder();
  const path = folder.file('some.proto');
  writeFileSync(path, proto);
  const fromFile = schemaOfProtos([path], []);
  folder.remove();
  const file = describeRoot(fromFile.root, namesOfFiles({ protoPath: path })).map((bytes) =>
    FileDescriptorProto.decode(bytes),
  );
  const set = FileDescriptorSet.encode({ file }).finish();
  return [
    ['a .proto file', fromFile],
    ['descriptors', schemaOfSetBytes(set, 'the set')],
  ];
}

/** What is printed of a message that was sent as `json`. */
export function echoed(schema: CommandSchema, name: string, json: string, emitDefaults = false): string {
  const type = schema.find(name) as protobuf.Type;
  return jsonText(schema.toJson(type, schema.fromJson(type, parsedJson(json)), emitDefaults));
}
