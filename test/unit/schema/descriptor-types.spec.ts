import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { descriptorTypes } from '../../../src/schema/sources/descriptor-types.js';
import { loadSchema } from '../../../src/schema/index.js';

// proto-fixture.ts is not used here: @grpc/proto-loader loads the extension.
const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

test("protobufjs's extension for descriptors, which a bundled program does not have, is not loaded by any source", () => {
  loadSchema({ protoPath: file('protos/library.proto') });
  const { services } = loadSchema({ fileDescriptorSet: readFileSync(file('generated/descriptors.binpb')) });
  expect([...services.keys()]).toContain('library.v1.Library');
  const set = { file: [{ name: 'a.proto', package: 'a', service: [{ name: 'S' }] }] };
  expect([...loadSchema({ fileDescriptorSet: set }).services.keys()]).toEqual(['a.S']);
  expect('descriptor' in protobuf).toBe(false);
});

test('the types of descriptor.proto are those of that extension', async () => {
  const { default: extension } = await import('protobufjs/ext/descriptor.js');
  const ours = descriptorTypes();
  const names = Object.keys(ours).filter((name) => Object.hasOwn(extension, name)) as (keyof typeof ours)[];
  const messages = names.filter((name) => ours[name] instanceof protobuf.Type);
  expect(messages).toEqual(expect.arrayContaining(['FileDescriptorProto', 'FieldOptions', 'EnumValueOptions']));
  for (const name of messages) expect(fieldsOf(ours[name])).toEqual(fieldsOf(extension[name]));
});

function fieldsOf(type: protobuf.Type): string[] {
  const fields = type.fieldsArray.map(({ name, id, type: of, repeated, packed }) => {
    const kind = of.replace(/.*\./, '');
    return `${id} ${name}: ${repeated ? 'repeated ' : ''}${kind}${packed ? ' packed' : ''}`;
  });
  return fields.sort();
}
