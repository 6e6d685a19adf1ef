import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import { fromProtobufEs } from '../../../src/schema/adapters/protobuf-es/index.js';
import { fromTsProto } from '../../../src/schema/adapters/ts-proto/index.js';
import { loadSchema, type ServiceDescriptor } from '../../../src/schema/index.js';
import { LibraryDefinition } from './generated/ts-proto/library.js';

const protoPath = fileURLToPath(new URL('../../nest/retry.proto', import.meta.url));
const EXPECTED = { Put: undefined, Get: true, Replace: true, List: true, Load: true, Talk: undefined };

function marks({ methods }: ServiceDescriptor): Record<string, boolean | undefined> {
  return Object.fromEntries(Object.values(methods).map(({ name, idempotent }) => [name, idempotent]));
}

/** The bytes that protoc makes of the .proto file. */
function descriptorSet(): Uint8Array {
  const root = protobuf.loadSync(protoPath);
  root.resolveAll();
  // protobufjs types neither of them.
  const { FileDescriptorSet } = (protobuf as unknown as { descriptor: { FileDescriptorSet: protobuf.Type } })
    .descriptor;
  const set = (root as unknown as { toDescriptor(edition: string): protobuf.Message }).toDescriptor('proto3');
  return FileDescriptorSet.encode(set).finish();
}

test('the idempotency_level of an rpc is known from each source', () => {
  expect(marks(loadSchema({ protoPath }).resolve('Store'))).toEqual(EXPECTED);
  const bytes = descriptorSet();
  expect(marks(loadSchema({ fileDescriptorSet: bytes }).resolve('Store'))).toEqual(EXPECTED);
  const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes)).getService('retry.v1.Store');
  if (!service) throw new Error('no service');
  expect(marks(fromProtobufEs(service))).toEqual(EXPECTED);
  const { getBook, ping } = LibraryDefinition.methods;
  const marked = {
    ...LibraryDefinition,
    // As ts-proto writes it.
    methods: { getBook: { ...getBook, options: { idempotencyLevel: 'NO_SIDE_EFFECTS' } as const }, ping },
  };
  expect(marks(fromTsProto(marked))).toEqual({ GetBook: true, Ping: undefined });
});
