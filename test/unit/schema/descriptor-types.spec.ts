import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { descriptorTypes } from '../../../src/schema/sources/descriptor-types.js';
import { loadSchema, SchemaError } from '../../../src/schema/index.js';

// proto-fixture.ts is not used here: @grpc/proto-loader loads the extension.
const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const isExtended = (): boolean => 'descriptor' in protobuf;

test('what protobufjs needs for descriptors is loaded by the first set of objects, not by .proto files or bytes', () => {
  loadSchema({ protoPath: file('protos/library.proto') });
  const { services } = loadSchema({ fileDescriptorSet: readFileSync(file('generated/descriptors.binpb')) });
  expect([...services.keys()]).toContain('library.v1.Library');
  expect(isExtended()).toBe(false);

  const load = (): unknown => descriptorTypes(() => undefined);
  expect(load).toThrow(SchemaError);
  expect(load).toThrow(
    'reflection, and a fileDescriptorSet that is not given as bytes, need protobufjs/ext/descriptor.js, which is not ' +
      "found beside this library; a bundled program must import 'protobufjs/ext/descriptor.js' itself",
  );

  const set = { file: [{ name: 'a.proto', package: 'a', service: [{ name: 'S' }] }] };
  expect([...loadSchema({ fileDescriptorSet: set }).services.keys()]).toEqual(['a.S']);
  expect(isExtended()).toBe(true);
  // Now it is there, however it came.
  expect(load).not.toThrow();
});
