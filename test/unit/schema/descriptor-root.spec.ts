import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect, isDeepStrictEqual } from 'node:util';
import { toBinary, type DescFile } from '@bufbuild/protobuf';
import * as wkt from '@bufbuild/protobuf/wkt';
import { afterAll, describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { describeRoot } from '../../../src/reflection/describe-root.js';
import { namesOfFiles } from '../../../src/reflection/file-names.js';
import { readFile, readFileSet } from '../../../src/schema/sources/descriptor-messages.js';
import { rootOfFiles } from '../../../src/schema/sources/descriptor-root.js';
import { ProtoFiles } from '../../../src/schema/sources/proto-files.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const { FileDescriptorSet, FileDescriptorProto } = descriptor;

let definitions = 0;
afterAll(() => console.log(`descriptor-root: ${definitions} definitions as protobufjs's extension makes them`));

/** A set of files that may be less than well-typed. */
function setOf(...file: object[]): Buffer {
  return Buffer.from(FileDescriptorSet.encode(FileDescriptorSet.fromObject({ file })).finish());
}

function ours(bytes: Uint8Array): protobuf.Root {
  return rootOfFiles(readFileSet(bytes).file);
}

function theirs(bytes: Uint8Array): protobuf.Root {
  return protobuf.Root.fromDescriptor(FileDescriptorSet.decode(bytes) as unknown as descriptor.IFileDescriptorSet);
}

/** Expects the same of both: as JSON, and what a codec reads of each definition. */
function expectSame(bytes: Uint8Array): void {
  const [own, wanted] = [ours(bytes), theirs(bytes)];
  withoutGarbled(wanted);
  // Options are in another order.
  expect(isDeepStrictEqual(jsonOf(own), jsonOf(wanted))).toBe(true);
  const [has, should] = [own, wanted].map((root) => [...definitionsIn(root)].map(inWords)) as [string[], string[]];
  expect(has.find((text, at) => text !== should[at])).toBe(undefined);
  expect(has).toHaveLength(should.length);
  expect(own.files).toEqual(wanted.files);
}

function jsonOf(root: protobuf.Root): unknown {
  return JSON.parse(JSON.stringify(root));
}

/** As text: bytes, NaN, -0 and 64-bit integers as they are. */
function inWords(definition: object): string {
  return inspect(definition, { depth: 8, sorted: true, maxArrayLength: null, maxStringLength: null });
}

/** Two options that say how other options may be used; the extension makes nothing of them that could be used. */
function withoutGarbled(object: protobuf.ReflectionObject): void {
  for (const name of ['targets', 'edition_defaults']) delete object.options?.[name];
  if (object instanceof protobuf.Type) object.fieldsArray.forEach(withoutGarbled);
  if (object instanceof protobuf.Namespace) object.nestedArray.forEach(withoutGarbled);
}

/** All that codecs, reflection and messages of errors take from a definition, some of it private to protobufjs. */
function* definitionsIn(namespace: protobuf.NamespaceBase): Iterable<object> {
  for (const nested of namespace.nestedArray) yield* definitionIn(nested);
}

function* definitionIn(object: protobuf.ReflectionObject): Iterable<object> {
  definitions += 1;
  const { fullName, options, filename, visibility } = object as protobuf.Type;
  const { _features: features, _edition: edition } = object as unknown as { _features: object; _edition?: string };
  const common = { fullName, options, filename, visibility, features, edition };
  if (object instanceof protobuf.Field) {
    const { id, type, rule, extend, repeated, required, packed, delimited } = object;
    const { defaultValue, typeDefault } = object as { defaultValue: unknown; typeDefault: unknown };
    const { protoName, jsonName, map, partOf, resolvedType, long, bytes, hasPresence } = object;
    yield {
      ...{ ...common, id, type, rule, extend, repeated, required, packed, delimited, defaultValue, typeDefault },
      ...{
        protoName,
        jsonName,
        map,
        long,
        bytes,
        hasPresence: Boolean(hasPresence),
        oneof: partOf?.name,
        resolved: resolvedType?.fullName,
      },
      keyType: object instanceof protobuf.MapField ? object.keyType : undefined,
    };
  } else if (object instanceof protobuf.Type) {
    const { group, reserved, extensions } = object as protobuf.Type & { group?: boolean };
    yield {
      ...common,
      group,
      reserved,
      extensions,
      oneofs: object.oneofsArray.map(({ name, oneof }) => [name, oneof]),
    };
    for (const member of [...object.oneofsArray, ...object.fieldsArray]) yield* definitionIn(member);
    yield* definitionsIn(object);
  } else if (object instanceof protobuf.Enum) {
    const { values, valuesById, valuesOptions, reserved } = object;
    yield { ...common, values, valuesById, valuesOptions, reserved };
  } else if (object instanceof protobuf.Service) {
    yield common;
    for (const method of object.methodsArray) yield* definitionIn(method);
  } else if (object instanceof protobuf.Method) {
    const { requestType, responseType, requestStream, responseStream, resolvedRequestType, resolvedResponseType } =
      object;
    yield {
      ...{ ...common, requestType, responseType, requestStream, responseStream },
      resolved: [resolvedRequestType?.fullName, resolvedResponseType?.fullName],
    };
  } else if (object instanceof protobuf.Namespace) {
    yield common;
    yield* definitionsIn(object);
  } else {
    yield common;
  }
}

describe('a FileDescriptorSet is read as by protobufjs and its extension', () => {
  test('that of a compiler, with groups, extensions, defaults, maps, oneofs, reserved names', () => {
    expectSame(readFileSync(new URL('generated/descriptors.binpb', import.meta.url)));
  });

  const files = ['proto', 'sample', 'test', 'bench'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.proto') && !name.includes('node_modules'))
      .map((name) => join(folder, name)),
  );

  test.each(files)('%s', (file) => {
    const path = join(ROOT, file);
    const loader = {
      keepCase: true,
      includeDirs: [dirname(path), join(ROOT, 'proto'), join(ROOT, 'proto/containerd')],
    };
    const root = new ProtoFiles(loader).load([path]);
    expectSame(
      setOf(
        ...describeRoot(root, namesOfFiles({ protoPath: path, loader })).map((bytes) =>
          FileDescriptorProto.decode(bytes),
        ),
      ),
    );
  });

  const published = Object.entries(wkt).filter(([name]) => name.startsWith('file_')) as unknown as [string, DescFile][];

  test('those of Google, descriptor.proto and editions among them', () => {
    const protos = published.map(([, { proto }]) => Buffer.from(toBinary(wkt.FileDescriptorProtoSchema, proto)));
    expect(protos.length).toBeGreaterThan(12);
    expectSame(setOf(...protos.map((bytes) => FileDescriptorProto.decode(bytes))));
  });
});

/** A value of each kind of field, as `fromObject` takes it. */
function samplesOf(field: protobuf.Field): unknown[] {
  const { resolvedType, type } = field.resolve();
  if (resolvedType instanceof protobuf.Enum) return Object.keys(resolvedType.values);
  if (resolvedType instanceof protobuf.Type) {
    const inner = resolvedType;
    return inner.fieldsArray.flatMap((each) => samplesOf(each).map((value) => ({ [each.name]: value })));
  }
  return type === 'bool' ? [true, false] : ['text', ''];
}

/** Each option of descriptor.proto with each of its values, where it can stand. */
const PLACES: readonly [string, (options: object) => object][] = [
  ['FileOptions', (options) => ({ options })],
  ['MessageOptions', (options) => ({ messageType: [{ name: 'M', nestedType: [{ name: 'N', options }] }] })],
  ['MessageOptions', (options) => ({ messageType: [{ name: 'M', options }] })],
  [
    'FieldOptions',
    (options) => ({ messageType: [{ name: 'M', field: [{ name: 'a', number: 1, type: 5, label: 3, options }] }] }),
  ],
  ['OneofOptions', (options) => ({ messageType: [{ name: 'M', oneofDecl: [{ name: 'o', options }] }] })],
  ['EnumOptions', (options) => ({ enumType: [{ name: 'E', options, value: [{ name: 'A', number: 0 }] }] })],
  ['EnumValueOptions', (options) => ({ enumType: [{ name: 'E', value: [{ name: 'A', number: 0, options }] }] })],
  ['ServiceOptions', (options) => ({ service: [{ name: 'S', options }] })],
  [
    'MethodOptions',
    (options) => ({
      messageType: [{ name: 'M' }],
      service: [{ name: 'S', method: [{ name: 'Call', inputType: '.p.M', outputType: 'M', options }] }],
    }),
  ],
];

const LEFT_OUT = ['targets', 'editionDefaults', 'uninterpretedOption'];

describe('each option with each value', () => {
  test.each(PLACES)('%s', (name, place) => {
    const type = FileDescriptorSet.root.lookupType(`google.protobuf.${name}`);
    let count = 0;
    for (const field of type.fieldsArray) {
      if (LEFT_OUT.includes(field.name)) continue;
      for (const value of samplesOf(field)) {
        // An extension's value.
        const options = type.fromObject({ [field.name]: value });
        if (name === 'MessageOptions' && field.name === 'mapEntry' && value === true) continue;
        for (const head of [
          { syntax: 'proto2' },
          { syntax: 'proto3' },
          { syntax: 'editions', edition: 'EDITION_2023' },
        ]) {
          if (field.name === 'messageSetWireFormat' && head.syntax !== 'proto2') continue;
          expectSame(setOf({ name: 'a.proto', package: 'p', ...head, ...place(options) }));
          count += 1;
        }
      }
    }
    expect(count).toBeGreaterThan(5);
  });

  test('of the file is inherited by what stands in it, unless that has its own', () => {
    const field = { name: 'a', number: 1, label: 1, type: 9 };
    const own = { features: { utf8Validation: 'NONE', fieldPresence: 'LEGACY_REQUIRED' } };
    expectSame(
      setOf({
        ...{ name: 'a.proto', syntax: 'editions', edition: 'EDITION_2024' },
        options: { features: { fieldPresence: 'IMPLICIT', enumType: 'CLOSED', messageEncoding: 'DELIMITED' } },
        messageType: [
          { name: 'M', options: own, field: [field, { ...field, name: 'b', number: 2, options: own }] },
          { name: 'N', visibility: 'VISIBILITY_LOCAL', extensionRange: [{ start: 100, end: 200 }], field: [field] },
        ],
        enumType: [{ name: 'E', visibility: 'VISIBILITY_EXPORT', value: [{ name: 'A', number: 1 }] }],
        extension: [{ ...field, name: 'x', number: 100, extendee: '.N' }],
        service: [{ name: 'S', method: [{ name: 'Call', inputType: '.M', outputType: '.N', serverStreaming: true }] }],
      }),
    );
  });

  test('custom ones are left out, whatever their wire type', () => {
    const tags = Buffer.from(
      'a01f01' /* 500: 1 */ + 'a11f0102030405060708' + 'a21f0401020304' + 'a31f0801a41f' + 'a51f01020304',
      'hex',
    );
    const options = Buffer.concat([Buffer.from('1801', 'hex'), tags]);
    const message = Buffer.concat([Buffer.from('0a014d3a', 'hex'), Buffer.of(options.length), options]);
    const file = Buffer.concat([Buffer.from('0a07612e70726f746f22', 'hex'), Buffer.of(message.length), message]);
    const set = Buffer.concat([Buffer.of(0x0a, file.length), file]);
    expectSame(set);
    expect(ours(set).lookupType('M').options).toEqual({ deprecated: true });
  });
});

describe('defaults', () => {
  const texts: readonly [number, readonly string[]][] = [
    [1, ['1.5', '-0', 'inf', '-inf', 'nan', '1e300', '12']],
    [2, ['0.1', 'nan']],
    [3, ['-9223372036854775808', '9223372036854775807']],
    [4, ['18446744073709551615']],
    [5, ['-2147483648']],
    [6, ['18446744073709551615']],
    [7, ['4294967295']],
    [8, ['true', 'false']],
    [9, ['', 'a "text" with \\ in it', 'ü']],
    [12, ['\\001\\377x']],
    [13, ['4294967295']],
    [15, ['-1']],
    [16, ['-1']],
    [17, ['-1']],
    [18, ['-1']],
  ];
  test.each(texts.flatMap(([type, values]) => values.map((value) => [type, value] as const)))(
    'of type %d: %s',
    (type, defaultValue) => {
      const field = [{ name: 'a', number: 1, label: 1, type, defaultValue }];
      expectSame(setOf({ name: 'a.proto', messageType: [{ name: 'M', field }] }));
    },
  );

  test('of an enum', () => {
    const field = [{ name: 'a', number: 1, label: 1, type: 14, typeName: '.E', defaultValue: 'B' }];
    const value = [{ name: 'A' }, { name: 'B', number: -7 }];
    expectSame(setOf({ name: 'a.proto', messageType: [{ name: 'M', field }], enumType: [{ name: 'E', value }] }));
  });
});

describe('what is wrong', () => {
  const inMessage = (...fields: object[]): object => ({ name: 'a.proto', messageType: [{ name: 'M', field: fields }] });
  const field = { name: 'a', number: 1, label: 1, type: 5 };

  test.each<[string, object, string]>([
    [
      'an edition',
      { name: 'a.proto', syntax: 'editions', edition: 'EDITION_99997_TEST_ONLY' },
      'edition 99997 is not known',
    ],
    ['no edition', { name: 'a.proto', syntax: 'editions' }, 'edition undefined is not known'],
    ['a message without a name', { name: 'a.proto', messageType: [{}] }, 'a message has no name'],
    ['an enum without a name', { name: 'a.proto', enumType: [{}] }, 'an enum has no name'],
    ['a service without a name', { name: 'a.proto', service: [{}] }, 'a service has no name'],
    ['a type that has no name', inMessage({ ...field, type: 11 }), "a field's type is 11, and it has no type's name"],
    ['a name that is none', inMessage({ ...field, type: 11, typeName: 'a b' }), "'a b' is not the name of a type"],
    ['a oneof that is not there', inMessage({ ...field, oneofIndex: 1 }), 'M has no oneof 1'],
    ['a default that is no number', inMessage({ ...field, defaultValue: 'x' }), "the default of an int32 is 'x'"],
    [
      'a default that is no double',
      inMessage({ ...field, type: 1, defaultValue: 'x' }),
      "the default of a double is 'x'",
    ],
    [
      'a method without types',
      { name: 'a.proto', service: [{ name: 'S', method: [{ name: 'Call' }] }] },
      "'' is not the name of a type",
    ],
    [
      "a map's entry without a value",
      {
        name: 'a.proto',
        messageType: [
          {
            ...{
              name: 'M',
              nestedType: [{ name: 'E', options: { mapEntry: true }, field: [{ ...field, name: 'key' }] }],
            },
            field: [{ ...field, label: 3, type: 11, typeName: '.M.E' }],
          },
        ],
      },
      "E is a map's entry without a field 2",
    ],
  ])('%s', (_name, file, message) => {
    expect(() => ours(setOf(file))).toThrow(message);
  });

  test('types that are nested too deep, by their bytes or by their number', () => {
    let type: object = { name: 'M' };
    for (let level = 0; level < 40; level += 1) type = { name: 'M', nestedType: [type] };
    expect(() => ours(setOf({ name: 'a.proto', messageType: [type] }))).toThrow('types are nested too deep');
    let bytes = Buffer.from('0a014d', 'hex');
    for (let level = 0; level < 150; level += 1) {
      const writer = protobuf.Writer.create().uint32(0x1a).bytes(bytes);
      bytes = Buffer.from(writer.finish());
    }
    const file = protobuf.Writer.create().uint32(0x22).bytes(bytes).finish();
    expect(() => readFile(file)).toThrow('messages are nested too deep');
  });

  test.each([
    ['a length beyond the end', '0a05 61'],
    ['a message that ends within a field', '2203 0a0541'],
    ['a field that ends behind its message', '2202 1805 61'],
    ['a tag that does not end', 'ffffffffff'],
    ['a group that does not end', '0b'],
    ['a wire type that there is not', '0f'],
    ['field number 0', '0000'],
  ])('%s', (_name, bytes) => {
    expect(() => readFile(Buffer.from(bytes.replaceAll(' ', ''), 'hex'))).toThrow();
  });
});

describe('bytes', () => {
  test('in pieces are one message', () => {
    // Options twice, and a package of which the last one counts.
    const bytes = Buffer.from('42025001' + '4203b80101' + '120161' + '120162', 'hex');
    expect(readFile(bytes)).toEqual({
      options: { java_multiple_files: true, deprecated: true },
      package: 'b',
    });
  });

  test('of another wire type are an unknown field', () => {
    expect(readFile(Buffer.from('0801' + '1501020304' + '120161', 'hex'))).toEqual({ package: 'a' });
  });

  test('of numbers may be packed', () => {
    expect(readFile(Buffer.from('5801' + '5a020203', 'hex'))).toEqual({ weakDependency: [1, 2, 3] });
  });
});
