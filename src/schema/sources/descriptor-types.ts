import protobuf from 'protobufjs';
import type descriptor from 'protobufjs/ext/descriptor.js';
import { PROTOS } from './generated/protos.js';

/** Message types of descriptor.proto, by name. */
export type DescriptorTypes = Pick<
  typeof descriptor,
  | 'FileDescriptorSet'
  | 'FileDescriptorProto'
  | 'MessageOptions'
  | 'FieldOptions'
  | 'OneofOptions'
  | 'EnumOptions'
  | 'EnumValueOptions'
  | 'ServiceOptions'
  | 'MethodOptions'
>;

/** An option of Google's that protobufjs's own types of descriptors have: descriptors as objects may have it, too. */
const JSON_NAMES = `syntax = "proto2";
package pb.enumvalue;
message JsonEnumValueOptions { optional string string = 1; }
extend google.protobuf.EnumValueOptions { optional JsonEnumValueOptions json = 998; }`;

let types: DescriptorTypes | undefined;

/**
 * The message types of descriptor.proto, made at the first use: it takes 10 ms, and few programs need them. The bytes of a
 * set do not (`readFileSet`, `rootOfFiles`). protobufjs has them in a file of its own, `protobufjs/ext/descriptor.js`; that
 * one changes the copy of protobufjs that it finds, which may be the program's, and in a bundle it is not found.
 */
export function descriptorTypes(): DescriptorTypes {
  if (types !== undefined) return types;
  const { root } = protobuf.parse(PROTOS.descriptor.text);
  protobuf.parse(JSON_NAMES, root);
  root.resolveAll();
  const { nested } = root.lookup('google.protobuf') as protobuf.Namespace;
  return (types = nested as unknown as DescriptorTypes);
}
