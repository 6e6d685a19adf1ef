import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from '@jest/globals';
import { fromProtobufEs } from 'nestjs-ttrpc/protobuf-es';
import { fromTsProto } from 'nestjs-ttrpc/ts-proto';
import {
  DecodeError,
  EncodeError,
  loadSchema,
  SchemaError,
  type MethodDescriptor,
  type ServiceDescriptor,
} from '../../../src/schema/index.js';
import * as es from './generated/protobuf-es/library_pb.js';
import { TreeSchema } from './generated/protobuf-es/kitchen-sink_pb.js';
import { OldSchema } from './generated/protobuf-es/old_pb.js';
import * as plain from './generated/ts-proto-plain/library.js';
import * as ts from './generated/ts-proto/library.js';
import { PROTOS } from './kitchen-sink.js';
import { errorOf, hex } from './proto-fixture.js';

const PUBLISHED = new Date('2026-01-02T03:04:05.678Z');
const COVER = Buffer.from([0, 255]);
const ISBN = { isbn: '978-0' };

const esService = fromProtobufEs(es.Library);
const tsService = fromTsProto(ts.LibraryDefinition);
const plainService = fromTsProto(plain.LibraryDefinition);
const reflected = loadSchema({ protoPath: `${PROTOS}library.proto`, loader: { longs: BigInt } });

/** One book, as each of them has it. */
const esBook = {
  ...ISBN,
  title: 'T',
  copiesSold: 2n ** 60n,
  authors: ['a', 'b'],
  ratings: { good: 5 },
  genre: es.Genre.ESSAY,
  cover: COVER,
  price: 0,
  binding: { case: 'paperbackWeight', value: 300 },
  published: timestampFromDate(PUBLISHED),
  sequel: { isbn: '978-1' },
} as const;
const tsBook: ts.Book = {
  ...ISBN,
  title: 'T',
  copiesSold: 2n ** 60n,
  authors: ['a', 'b'],
  ratings: { good: 5 },
  genre: ts.Genre.GENRE_ESSAY,
  cover: COVER,
  price: 0,
  binding: { $case: 'paperbackWeight', value: 300 },
  published: PUBLISHED,
  sequel: ts.Book.fromPartial({ isbn: '978-1' }),
};
const plainBook = {
  ...ISBN,
  title: 'T',
  copiesSold: 2 ** 50,
  authors: ['a', 'b'],
  ratings: { good: 5 },
  genre: plain.Genre.GENRE_ESSAY,
  cover: COVER,
  price: 0,
  paperbackWeight: 300,
  published: PUBLISHED,
  sequel: { isbn: '978-1' },
};
/** The same for the codec that is made of the .proto file. */
const reflectedBook = {
  ...ISBN,
  title: 'T',
  copiesSold: 2n ** 60n,
  authors: ['a', 'b'],
  ratings: { good: 5 },
  genre: 'GENRE_ESSAY',
  cover: COVER,
  price: 0,
  paperbackWeight: 300,
  published: PUBLISHED,
  sequel: { isbn: '978-1' },
};

const SERVICES: readonly [string, ServiceDescriptor, object, object][] = [
  ['protobuf-es', esService, esBook, reflectedBook],
  ['ts-proto', tsService, tsBook, reflectedBook],
  ['ts-proto without options', plainService, plainBook, { ...reflectedBook, copiesSold: 2 ** 50 }],
];

function methodIn({ methods }: ServiceDescriptor, name: string): MethodDescriptor {
  const method = methods[name];
  if (!method) throw new Error(`no ${name}`);
  return method;
}

const bookCodec = reflected.findType('library.v1.Book');

describe.each(SERVICES)('%s', (name, service, book, same) => {
  test('has the name, rpcs and shapes of the .proto file', () => {
    const wanted = reflected.resolve('library.v1.Library');
    const shapes = (from: ServiceDescriptor): string[] =>
      Object.entries(from.methods).map(([key, method]) => `${key} ${method.name} ${method.shape}`);
    expect(service.name).toBe('library.v1.Library');
    expect(shapes(service)).toEqual(shapes(wanted));
    expect(Object.getPrototypeOf(service.methods)).toBeNull();
    if (name === 'ts-proto without options') return;
    for (const [key, { request, response }] of Object.entries(wanted.methods)) {
      const ours = methodIn(service, key);
      expect([ours.request.typeName, ours.response.typeName]).toEqual([request.typeName, response.typeName]);
    }
  });

  test('encodes and decodes what the codec of the .proto file does, byte for byte', () => {
    const { request, response } = methodIn(service, 'AddBooks');
    const bytes = bookCodec?.encode(same) ?? Buffer.alloc(0);
    expect(Buffer.from(request.encode(book)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
    expect(Buffer.from(request.encode(request.decode(bytes))).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
    expect(response.decode(hex('08 03 10 80 01'))).toMatchObject({ added: 3 });
  });

  test('is one of the sources of a schema', () => {
    const schema = loadSchema({ descriptors: [service] });
    expect(schema.resolve('Library')).toBe(service);
    if (name !== 'ts-proto without options') expect(schema.findType('library.v1.Remark')).toBeDefined();
  });

  test('a value of another kind is an EncodeError that names the type', () => {
    const { request } = methodIn(service, 'GetBook');
    for (const value of [undefined, null, 5, 'text', [], new Map(), new Date(0), Promise.resolve(ISBN)]) {
      const error = errorOf(() => request.encode(value));
      expect(error).toBeInstanceOf(EncodeError);
      expect(error.message.startsWith(`${request.typeName}: expected an object`)).toBe(true);
    }
  });

  test("a value that the generated code refuses is an EncodeError with that code's error as the cause", () => {
    const { request } = methodIn(service, 'ListBooks');
    for (const pageSize of ['many', 1.5, 2 ** 31, {}]) {
      const error = errorOf<EncodeError>(() => request.encode({ author: 'a', pageSize }));
      expect(error).toBeInstanceOf(EncodeError);
      expect(error.cause).toBeDefined();
      expect(error.message).toContain(`expected a message that ${name.split(' ')[0]} encodes (`);
    }
  });

  test('bytes that are no message are a DecodeError that names the type', () => {
    const { request } = methodIn(service, 'GetBook');
    for (const text of ['0a', '0a05', '0a 02 61', '08 80', 'ff ff ff ff ff ff ff ff ff ff ff ff']) {
      const error = errorOf<DecodeError>(() => request.decode(hex(text)));
      expect(error).toBeInstanceOf(DecodeError);
      expect(error.message.startsWith(`${request.typeName}: `)).toBe(true);
      expect(error.cause).toBeDefined();
    }
  });

  test('a message nested 10,000 deep is an error in both directions, and the next one is right', () => {
    const { request } = methodIn(service, 'Discuss');
    let remark: object = { text: 'x' };
    for (let level = 0; level < 10_000; level += 1) remark = { text: '', answerTo: remark };
    expect(errorOf(() => request.encode(remark))).toBeInstanceOf(EncodeError);
    const cycle: Record<string, unknown> = { text: '' };
    cycle['answerTo'] = cycle;
    expect(errorOf(() => request.encode(cycle))).toBeInstanceOf(EncodeError);
    const heads: Buffer[] = [];
    let length = 0;
    for (let level = 0; level < 10_000; level += 1) {
      const head = Buffer.concat([hex('12'), varint(length)]);
      heads.push(head);
      length += head.length;
    }
    expect(errorOf(() => request.decode(Buffer.concat(heads.reverse())))).toBeInstanceOf(DecodeError);
    expect(request.decode(request.encode({ text: 'x' }))).toMatchObject({ text: 'x' });
  });

  test('a map key of a peer is a key and nothing else', () => {
    const { response } = methodIn(service, 'GetBook');
    const entry = (key: string): Buffer => {
      const text = Buffer.from(key);
      return Buffer.concat([Buffer.from([0x2a, text.length + 4, 0x0a, text.length]), text, hex('10 07')]);
    };
    const { ratings } = response.decode(hex(entry('__proto__'), entry('constructor'))) as {
      ratings: Record<string, unknown>;
    };
    expect(Object.hasOwn(ratings, 'constructor')).toBe(true);
    expect(({} as Record<string, unknown>)['constructor']).toBe(Object);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect(typeof ratings['__proto__']).not.toBe('undefined');
  });
});

describe('fromProtobufEs', () => {
  test('takes messages and what create() takes; a message of another type is an EncodeError', () => {
    const { request } = esService.methods.AddBooks;
    const message = create(es.BookSchema, ISBN);
    expect(request.encode(message)).toEqual(toBinary(es.BookSchema, message));
    expect(request.encode(ISBN)).toEqual(request.encode(message));
    expect(() => request.encode(create(es.RemarkSchema, { text: 'x' }) as never)).toThrow(
      'library.v1.Book: $typeName: expected \'library.v1.Book\', got string "library.v1.Remark"',
    );
    const decoded = request.decode(request.encode(ISBN));
    expect(decoded.$typeName).toBe('library.v1.Book');
    expect(decoded.copiesSold).toBe(0n);
  });

  test('takes the options of fromBinary and toBinary', () => {
    const bytes = hex('0a 01 61 fa 01 01 62');
    const [kept, dropped] = [undefined, { readUnknownFields: false }].map(
      (options) => fromProtobufEs(es.Library, options).methods.GetBook.request,
    );
    expect(kept?.encode(kept.decode(bytes))).toHaveLength(7);
    expect(dropped?.encode(dropped.decode(bytes))).toHaveLength(3);
    const { request } = fromProtobufEs(es.Library, { recursionLimit: 3 }).methods.Discuss;
    expect(() => request.decode(request.encode({ answerTo: { answerTo: { text: 'x' } } }))).not.toThrow();
    expect(() => request.decode(request.encode({ answerTo: { answerTo: { answerTo: {} } } }))).toThrow(DecodeError);
  });

  test('gives one descriptor for one service', () => {
    expect(fromProtobufEs(es.Library)).toBe(esService);
    expect(fromProtobufEs(es.Library, {})).not.toBe(esService);
  });

  test.each<[string, unknown, string]>([
    ['a message', es.BookSchema, 'the message library.v1.Book'],
    ['an enum', es.GenreSchema, 'the enum library.v1.Genre'],
    ['a file', es.file_library, 'an object'],
    ['a definition of ts-proto', ts.LibraryDefinition, 'an object'],
    ['nothing', undefined, 'undefined'],
    ['a name', 'library.v1.Library', 'string "library.v1.Library"'],
  ])('refuses %s', (_name, given, got) => {
    const error = errorOf(() => fromProtobufEs(given as typeof es.Library));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toBe(
      `fromProtobufEs: expected a service of code that protobuf-es 2 generates (such as Greeter of greeter_pb.js), got ${got}`,
    );
  });
});

describe('fromTsProto', () => {
  test('takes whole and partial messages', () => {
    const { request } = tsService.methods.AddBooks;
    expect(request.encode(ts.Book.fromPartial(ISBN))).toEqual(request.encode(ISBN));
    expect(request.decode(request.encode(tsBook))).toEqual(tsBook);
  });

  test('gives one descriptor for one definition', () => {
    expect(fromTsProto(ts.LibraryDefinition)).toBe(tsService);
  });

  test.each<[string, unknown]>([
    ['a message', ts.Book],
    ['a service of protobuf-es', es.Library],
    ['nothing', undefined],
    ['a name', 'library.v1.Library'],
    ['methods that are none', { fullName: 'a.B', methods: { c: 5 } }],
  ])('refuses %s', (_name, given) => {
    const error = errorOf(() => fromTsProto(given as typeof ts.LibraryDefinition));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain(
      'generates with outputServices=generic-definitions (such as GreeterDefinition), got',
    );
  });

  test('refuses a method without message types', () => {
    const methods = {
      c: { name: 'C', requestType: {}, requestStream: false, responseType: {}, responseStream: false },
    };
    expect(() => fromTsProto({ fullName: 'a.B', methods } as never)).toThrow(
      'fromTsProto: the request of a.B/C: expected a message type with encode and decode, got an object',
    );
  });
});

test('code of each kind of field compiles and runs', () => {
  expect(toBinary(TreeSchema, create(TreeSchema, { left: { name: 'x' } }))).toHaveLength(5);
  expect(toBinary(OldSchema, create(OldSchema, { id: 'x' }))).toHaveLength(3);
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
