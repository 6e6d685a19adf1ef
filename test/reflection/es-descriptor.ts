import { createFileRegistry, fromBinary, type DescService } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { fromProtobufEs } from 'nestjs-ttrpc/protobuf-es';
import protobuf from 'protobufjs';
import type { ServiceDescriptor } from '../../src/index.js';
import { describeRoot } from '../../src/reflection/describe-root.js';

/** The descriptor that code which protobuf-es generates from one .proto file gives: with numbers for enums. */
export function esDescriptor(text: string, service: string): ServiceDescriptor {
  const { root } = protobuf.parse(text, { keepCase: true });
  root.resolveAll();
  const file = describeRoot(root, () => 'one.proto').flatMap((bytes) => [0x0a, ...varint(bytes.length), ...bytes]);
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Uint8Array.from(file)));
  return fromProtobufEs(registry.getService(service) as DescService);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
