import { describe, expect, it } from '@jest/globals';
import { create, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, FileOptionsSchema } from '@bufbuild/protobuf/wkt';
import { readFileSet } from '../../../src/schema/sources/descriptor-messages.js';
import { bytesOfSet } from '../../../src/schema/sources/descriptor-objects.js';

describe('the bytes of a FileDescriptorSet that is given as an object', () => {
  it('have what was set, not what the prototype has', () => {
    const field = Object.assign(Object.create({ oneofIndex: 0, extendee: '' }) as object, { name: 'f', number: 1 });
    const set = { file: [{ name: 'a.proto', messageType: [{ name: 'M', field: [field] }] }] };
    expect(readFileSet(bytesOfSet(set))).toEqual(set);
  });

  it('have unknown fields, of whatever number and kind', () => {
    const unknown = [
      { no: 50_000, wireType: 0, data: Uint8Array.of(5) },
      { no: 536_870_911, wireType: 2, data: Uint8Array.of(1, 97) },
      { no: 50_001, wireType: 5, data: Uint8Array.of(1, 2, 3, 4) },
    ];
    const options = create(FileOptionsSchema, { goPackage: 'g' });
    options.$unknown = unknown;
    const set = create(FileDescriptorSetSchema, { file: [{ name: 'a.proto', options }, { name: 'b.proto' }] });
    const read = fromBinary(FileDescriptorSetSchema, bytesOfSet(set));
    expect(read.file[0]?.options?.$unknown).toEqual(unknown);
    expect(read).toEqual(set);

    // As protobufjs keeps them.
    const raw = Uint8Array.of(0x80, 0xb5, 0x18, 5);
    const kept = { file: [{ name: 'a.proto', options: { $unknowns: [raw] } }] };
    expect(fromBinary(FileDescriptorSetSchema, bytesOfSet(kept)).file[0]?.options?.$unknown).toEqual(
      unknown.slice(0, 1),
    );
  });

  it('are an error for a cycle and for what is no message', () => {
    const message: { name: string; nestedType: object[] } = { name: 'M', nestedType: [] };
    message.nestedType.push(message);
    expect(() => bytesOfSet({ file: [{ name: 'a.proto', messageType: [message] }] })).toThrow('is it a cycle?');
    expect(() => bytesOfSet({ file: [7] })).toThrow('object expected');
  });
});
