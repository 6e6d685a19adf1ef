import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import type descriptor from 'protobufjs/ext/descriptor.js';
import { describeRoot } from '../../src/reflection/describe-root.js';
import { descriptorTypes } from '../../src/schema/sources/descriptor-types.js';

const { FileDescriptorProto } = descriptorTypes();

/** The fields and the extensions of the message M of a proto2 file, described from a root and from the root's JSON. */
function fieldsOf(body: string, more = ''): descriptor.IFieldDescriptorProto[][] {
  const { root } = protobuf.parse(`syntax = "proto2"; package a; message M { ${body} } ${more}`, { keepCase: true });
  return [root, protobuf.Root.fromJSON(root.toJSON())].map((each) => {
    each.resolveAll();
    const bytes = describeRoot(each, () => 'a.proto')[0] ?? new Uint8Array();
    const file = FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes)) as descriptor.IFileDescriptorProto;
    return [...(file.messageType?.[0]?.field ?? []), ...(file.extension ?? [])];
  });
}

describe('the descriptor of a root has the default', () => {
  it.each([
    ['int64', '9223372036854775807', '9223372036854775807'],
    ['sint64', '-9223372036854775808', '-9223372036854775808'],
    ['sfixed64', '0x7fffffffffffffff', '9223372036854775807'],
    ['uint64', '18446744073709551615', '18446744073709551615'],
    ['fixed64', '5', '5'],
    // As far as a double has it.
    ['int64', '1152921504606846976', '1152921504606846976'],
    ['double', '-0.0', '-0'],
    ['float', '-0', '-0'],
    ['int32', '-0', '0'],
    ['double', '-inf', '-inf'],
    ['double', 'nan', 'nan'],
    ['double', '1.5', '1.5'],
    ['bool', 'true', 'true'],
    ['string', String.raw`"a\\x"`, String.raw`a\x`],
    ['bytes', String.raw`"a\\x"`, String.raw`a\\x`],
    ['bytes', String.raw`"\n\t\"\001"`, String.raw`\n\t\"\001`],
    ['bytes', '"é"', String.raw`\303\251`],
    ['bytes', '"abcd"', 'abcd'],
  ])('%s %s', (type, written, expected) => {
    for (const [field] of fieldsOf(`optional ${type} f = 1 [default = ${written}];`)) {
      expect(field?.defaultValue).toBe(expected);
    }
  });
});

it('the field of a group has the name of the group in lower case', () => {
  const all = fieldsOf(
    'optional group MyGroup = 1 { optional int32 q = 1; } oneof o { int32 i = 2; } extensions 100 to 200;',
    'extend M { repeated group MoreOfIt = 100 { optional int32 z = 1; } }',
  );
  for (const fields of all) {
    expect(fields.map(({ name, jsonName }) => [name, jsonName])).toEqual([
      ['mygroup', 'mygroup'],
      ['i', 'i'],
      ['moreofit', 'moreofit'],
    ]);
  }
});
