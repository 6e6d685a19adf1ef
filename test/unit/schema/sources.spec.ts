import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { LibraryDefinition } from './generated/ts-proto/library.js';
import { Library } from './generated/protobuf-es/library_pb.js';
import {
  loadSchema,
  SchemaError,
  type FileDescriptorSetObject,
  type Schema,
  type SchemaOptions,
  type ServiceDescriptor,
} from '../../../src/schema/index.js';
import { PROTOS } from './kitchen-sink.js';
import { comparable, MESSAGES, OPTIONS, toHex } from './parity-messages.js';
import { codecOf, errorOf, methodOf, withProtos } from './proto-fixture.js';

const FILES = ['kitchen-sink.proto', 'old.proto'].map((name) => PROTOS + name);

/** What Go's compiler made of the files. */
const bytes = readFileSync(new URL('generated/descriptors.binpb', import.meta.url));

/** The set as protobufjs has it. */
const parsed = descriptor.FileDescriptorSet.decode(bytes) as unknown as { file: MutableFile[] };

interface MutableFile {
  name: string;
  package?: string;
  dependency: string[];
  messageType: { name: string; field: { name: string; typeName?: string }[] }[];
}

/** A set that a test may change. */
function copyOfSet(): typeof parsed {
  return descriptor.FileDescriptorSet.decode(bytes) as unknown as typeof parsed;
}

function rootOf(keepCase: boolean): protobuf.Root {
  return new protobuf.Root().loadSync(FILES, { keepCase });
}

/** Each source of the same types; `keepCase` is what the parser was told, where there was one. */
const SOURCES: readonly [string, (keepCase: boolean) => SchemaOptions][] = [
  ['a protobufjs Root', (keepCase) => ({ root: rootOf(keepCase) })],
  ['a JSON descriptor', (keepCase) => ({ root: JSON.parse(JSON.stringify(rootOf(keepCase))) as object })],
  ['the bytes of a FileDescriptorSet', () => ({ fileDescriptorSet: bytes })],
  ['a Uint8Array of them', () => ({ fileDescriptorSet: Uint8Array.from(bytes) })],
  ['a set parsed by protobufjs', () => ({ fileDescriptorSet: parsed })],
  ['a set parsed by protobuf-es', () => ({ fileDescriptorSet: fromBinary(FileDescriptorSetSchema, bytes) })],
  ['a set in JSON', () => ({ fileDescriptorSet: JSON.parse(JSON.stringify(parsed)) as FileDescriptorSetObject })],
];

let compared = 0;
afterAll(() => console.log(`sources: ${compared} messages encoded and decoded as with the .proto files`));

describe.each(SOURCES)('%s gives the codecs of the .proto files', (_name, source) => {
  test.each(OPTIONS)('with %s', (_options, loader) => {
    const wanted = loadSchema({ protoPath: FILES, loader });
    const schema = loadSchema({ ...source(loader.keepCase ?? false), loader });
    for (const [typeName, messages] of MESSAGES) {
      const [ours, theirs] = [codecOf(schema, typeName), codecOf(wanted, typeName)];
      for (const message of messages) {
        const encoded = theirs.encode(message);
        expect(toHex(ours.encode(message))).toBe(toHex(encoded));
        expect(comparable(ours.decode(encoded))).toEqual(comparable(theirs.decode(encoded)));
        compared += 1;
      }
    }
  });
});

describe('services of a FileDescriptorSet', () => {
  test('have names, shapes and types', () => {
    const { methods } = loadSchema({ fileDescriptorSet: bytes }).resolve('library.v1.Library');
    const lines = Object.values(methods).map(
      ({ name, shape, request, response }) => `${name} ${shape} ${request.typeName} ${response.typeName}`,
    );
    expect(lines).toEqual([
      'GetBook unary library.v1.GetBookRequest library.v1.Book',
      'ListBooks server-streaming library.v1.ListBooksRequest library.v1.Book',
      'AddBooks client-streaming library.v1.Book library.v1.AddBooksReply',
      'Discuss bidi library.v1.Remark library.v1.Remark',
      'Ping unary google.protobuf.Empty google.protobuf.Empty',
    ]);
  });

  test('are those of `package` only', () => {
    const schema = loadSchema({ fileDescriptorSet: bytes, package: 'library.v1' });
    expect([...schema.services.keys()]).toEqual(['library.v1.Library']);
    expect(schema.findType('parity.v1.Tree')).toBeDefined();
  });

  test('a file may be in the set twice', () => {
    const set = copyOfSet();
    set.file.push(...copyOfSet().file);
    expect(loadSchema({ fileDescriptorSet: set }).resolve('Library')).toBeDefined();
  });

  test('the set is not changed', () => {
    const set = copyOfSet();
    const before = JSON.stringify(set);
    loadSchema({ fileDescriptorSet: set });
    loadSchema({ fileDescriptorSet: set, loader: { keepCase: true } });
    expect(JSON.stringify(set)).toBe(before);
  });
});

describe('a FileDescriptorSet that is none', () => {
  const file = descriptor.FileDescriptorProto.encode(parsed.file.at(-1) as object).finish();
  const message = descriptor.DescriptorProto.encode({ name: 'M', field: [{ name: 'a', number: 1 }] }).finish();

  test.each<[string, unknown, string]>([
    ['a number', 5, '; got number 5'],
    ['a text', 'set.binpb', '; got string "set.binpb"'],
    ['an object', {}, '; got an object'],
    ['an array', [], '; got an array of 0'],
    ['no bytes', Buffer.alloc(0), '; got 0 bytes without files'],
    ['a set without files', { file: [] }, '; got one with no files'],
    ['other bytes', Buffer.from('syntax = "proto3";'), '; got 18 bytes: '],
    ['cut bytes', bytes.subarray(0, 5000), '; got 5000 bytes: '],
    ['the bytes of one file', file, "; got the bytes of one FileDescriptorProto, 'library.proto'"],
    ['the bytes of one message', message, '; got '],
    ['one file', parsed.file.at(-1), "; got one file, 'library.proto': put it into { file: […] }"],
    ['files of a wrong kind', { file: [5] }, ': '],
    ['files without a name', { file: [{}] }, '; got one with a file that has no name'],
    ['a service of protobuf-es', Library, '; got an object'],
    ['a list that is no list', { file: {} }, '; got an object'],
  ])('%s', (_name, fileDescriptorSet, end) => {
    const error = errorOf<SchemaError>(() =>
      loadSchema({ fileDescriptorSet: fileDescriptorSet as FileDescriptorSetObject }),
    );
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain(
      'fileDescriptorSet: expected a google.protobuf.FileDescriptorSet, its bytes ' +
        `(protoc --include_imports --descriptor_set_out, buf build) or the parsed message${end}`,
    );
  });

  test('a set that holds itself', () => {
    const nestedType: object[] = [];
    const type = { name: 'M', nestedType };
    nestedType.push(type);
    expect(() => loadSchema({ fileDescriptorSet: { file: [{ name: 'a.proto', messageType: [type] }] } })).toThrow(
      'more than 100 levels of nesting (is it a cycle?)',
    );
  });

  test('types that are nested 10,000 deep', () => {
    let type: object = { name: 'M' };
    for (let level = 0; level < 10_000; level += 1) type = { name: 'M', nestedType: [type] };
    expect(() => loadSchema({ fileDescriptorSet: { file: [{ name: 'a.proto', messageType: [type] }] } })).toThrow(
      SchemaError,
    );
  });
});

describe('errors within a FileDescriptorSet', () => {
  test('an import that is missing', () => {
    const set = copyOfSet();
    set.file = set.file.filter(({ name }) => name !== 'google/protobuf/timestamp.proto');
    expect(() => loadSchema({ fileDescriptorSet: set })).toThrow(
      "fileDescriptorSet: kitchen-sink.proto imports 'google/protobuf/timestamp.proto', which is not in the set. " +
        'protoc puts imports into it with --include_imports.',
    );
  });

  test('a weak import may be missing', () => {
    const file = { name: 'a.proto', dependency: ['gone.proto'], weakDependency: [0], messageType: [{ name: 'M' }] };
    expect(loadSchema({ fileDescriptorSet: { file: [file] } }).findType('M')).toBeDefined();
  });

  test('two files that define one type', () => {
    const set = copyOfSet();
    const library = set.file.at(-1) as MutableFile;
    set.file.push({ ...library, name: 'other.proto', messageType: library.messageType.slice(0, 1) });
    expect(() => loadSchema({ fileDescriptorSet: set })).toThrow(
      "fileDescriptorSet: 'library.v1.GetBookRequest' is defined in both library.proto and other.proto",
    );
  });

  test('a type that is defined twice in one file', () => {
    const messageType = [{ name: 'M' }, { name: 'M' }];
    expect(() => loadSchema({ fileDescriptorSet: { file: [{ name: 'a.proto', messageType }] } })).toThrow(
      "fileDescriptorSet: 'M' is defined twice in a.proto",
    );
  });

  test('two files of one name that differ', () => {
    const set = copyOfSet();
    set.file.push({ ...(set.file.at(-1) as MutableFile), package: 'other' });
    expect(() => loadSchema({ fileDescriptorSet: set })).toThrow(
      "fileDescriptorSet: two files are named 'library.proto' and differ",
    );
  });

  test('a type that is not defined', () => {
    const set = copyOfSet();
    const types = set.file.at(-1)?.messageType;
    const field = types?.flatMap((type) => type.field).find(({ typeName }) => typeName === '.library.v1.Genre');
    if (field) field.typeName = '.library.v1.Gone';
    expect(() => loadSchema({ fileDescriptorSet: set })).toThrow(/^fileDescriptorSet: .*library\.v1\.Gone/);
  });
});

describe('several sources', () => {
  const other = 'syntax = "proto3"; package library.v1; message Remark { string text = 1; int32 answer_to = 2; }';

  function withOther(text: string, run: (options: SchemaOptions) => Schema): Schema {
    return withProtos({ 'other.proto': text }, (folder) =>
      run({ protoPath: folder.at('other.proto'), fileDescriptorSet: bytes }),
    );
  }

  test('may define the same', () => {
    const schema = loadSchema({
      protoPath: `${PROTOS}library.proto`,
      fileDescriptorSet: bytes,
      root: rootOf(true),
      descriptors: [],
    });
    expect([...schema.services.keys()]).toEqual(['library.v1.Library']);
    expect(schema.findType('parity.v1.Tree')).toBeDefined();
  });

  test('that define a message differently are an error that names both', () => {
    expect(() => withOther(other, loadSchema)).toThrow(
      "'library.v1.Remark' is defined differently: field 2 is int32 answerTo in protoPath, " +
        'library.v1.Remark answerTo in fileDescriptorSet',
    );
  });

  test('that define an enum or a service differently, too', () => {
    const head = 'syntax = "proto3"; package library.v1;';
    expect(() => withOther(`${head} enum Genre { GENRE_UNSPECIFIED = 0; GENRE_NOVEL = 2; }`, loadSchema)).toThrow(
      "'library.v1.Genre' is defined differently: value GENRE_NOVEL is 2 in protoPath, 1 in fileDescriptorSet",
    );
    const service = 'service Library { rpc GetBook(A) returns (stream A); } message A {}';
    expect(() => withOther(`${head} ${service}`, loadSchema)).toThrow(
      "'library.v1.Library' is defined differently: rpc GetBook is (library.v1.A) returns (stream library.v1.A) in protoPath",
    );
    expect(() => withOther(`${head} enum Remark { ZERO = 0; }`, loadSchema)).toThrow(
      "'library.v1.Remark' is defined differently: value ZERO is 0 in protoPath, not there in fileDescriptorSet",
    );
  });
});

describe('descriptors of a wrong kind', () => {
  const codec = { typeName: 'M', encode: () => Buffer.alloc(0), decode: () => ({}) };
  const method = { name: 'Do', shape: 'unary', request: codec, response: codec };
  const service = (Do: unknown): unknown => ({ name: 'demo.S', methods: { Do } });

  test.each<[string, unknown, string]>([
    ['a text', 'demo.S', '[0]: expected an object with a name and methods (a ServiceDescriptor), got string "demo.S"'],
    ['a service of protobuf-es', Library, 'got a service of protobuf-es: fromProtobufEs() makes a descriptor of it'],
    [
      'a definition of ts-proto',
      LibraryDefinition,
      'got a definition of ts-proto: fromTsProto() makes a descriptor of it',
    ],
    ['a method that is none', service(5), '[0]: demo.S/Do: expected a method named'],
    [
      'a method of another name',
      service({ ...method, name: 'Did' }),
      'expected a method named \'Do\', got string "Did"',
    ],
    [
      'no shape',
      service({ ...method, shape: 'stream' }),
      'expected a shape (unary, server-streaming, client-streaming',
    ],
    [
      'no codec',
      service({ ...method, request: {} }),
      'request: expected a codec with encode and decode, got an object',
    ],
    ['a class', service({ ...method, response: class {} }), 'response: expected a codec with encode and decode'],
  ])('%s', (_name, given, text) => {
    const error = errorOf<SchemaError>(() => loadSchema({ descriptors: [given as ServiceDescriptor] }));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain(text);
  });

  test('two of one service that differ', () => {
    const [a, b] = [service(method), service({ ...method, shape: 'bidi' })] as ServiceDescriptor[];
    expect(() => loadSchema({ descriptors: [a, b] as ServiceDescriptor[] })).toThrow(
      'descriptors: two define demo.S differently: Do (unary, M, M); Do (bidi, M, M)',
    );
    expect(methodOf(loadSchema({ descriptors: [a, a] as ServiceDescriptor[] }), 'S.Do').name).toBe('Do');
  });

  test.each<[string, unknown, string]>([
    ['a service of protobuf-es', Library, 'got the service library.v1.Library of protobuf-es'],
    ['a FileDescriptorSet', parsed, 'is it a fileDescriptorSet?'],
    ['bytes', bytes, 'is it a fileDescriptorSet?'],
    ['a text', '{ "nested": {} }', 'got string'],
  ])('as root: %s', (_name, root, text) => {
    expect(() => loadSchema({ root: root as protobuf.Root })).toThrow(text);
  });
});
