import { afterEach, describe, expect, test } from '@jest/globals';
import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import protobuf from 'protobufjs';
import type { StatusDetail } from '../../../src/protocol/core/status.js';
import { createRequire } from 'node:module';
import {
  loadSchema,
  SchemaError,
  type Schema,
  type SchemaOptions,
  type ServiceDescriptor,
} from '../../../src/schema/index.js';
import { PROTOS } from '../../../src/schema/sources/generated/protos.js';
import { codecOf, errorOf, hex, methodOf, ProtoFolder, schemaOf } from './proto-fixture.js';

const GREETER = `
  syntax = "proto3";
  package demo.v1;
  service Greeter {
    rpc SayHello(Hello) returns (Reply);
    rpc Countdown(Hello) returns (stream Reply);
    rpc Sum(stream Hello) returns (Reply);
    rpc Chat(stream Hello) returns (stream Reply);
  }
  message Hello { string first_name = 1; }
  message Reply { string text = 1; }
`;

let folder: ProtoFolder | undefined;

function folderWith(files: Record<string, string>): ProtoFolder {
  folder = new ProtoFolder(files);
  return folder;
}

/** Where the test's files are. */
function folderPath(): string {
  if (!folder) throw new Error('no folder yet');
  return folder.path;
}

afterEach(() => {
  folder?.remove();
  folder = undefined;
});

/** The error of loading `main.proto` among `files`. */
function loadError(files: Record<string, string>, options: SchemaOptions = {}): SchemaError {
  const { path } = folderWith(files);
  const error = errorOf<SchemaError>(() => loadSchema({ protoPath: join(path, 'main.proto'), ...options }));
  expect(error).toBeInstanceOf(SchemaError);
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe('SchemaError');
  return error;
}

describe('services', () => {
  test('have a name, methods by name, their shapes and codecs', () => {
    const schema = schemaOf(GREETER);
    expect([...schema.services.keys()]).toEqual(['demo.v1.Greeter']);
    const { name, methods } = schema.resolve('demo.v1.Greeter');
    expect(name).toBe('demo.v1.Greeter');
    expect(Object.getPrototypeOf(methods)).toBeNull();
    expect(Object.values(methods).map((method) => [method.name, method.shape])).toEqual([
      ['SayHello', 'unary'],
      ['Countdown', 'server-streaming'],
      ['Sum', 'client-streaming'],
      ['Chat', 'bidi'],
    ]);
    const { request, response } = methodOf(schema, 'Greeter.SayHello');
    expect([request.typeName, response.typeName]).toEqual(['demo.v1.Hello', 'demo.v1.Reply']);
    expect(request.decode(request.encode({ firstName: 'Ada' }))).toEqual({ firstName: 'Ada' });
  });

  test("rpcs may have the names of Object's members", () => {
    const schema = schemaOf(
      'syntax = "proto3"; service S { rpc constructor(M) returns (M); rpc then(M) returns (M); } message M {}',
    );
    expect(Object.keys(schema.resolve('S').methods)).toEqual(['constructor', 'then']);
    expect('toString' in schema.resolve('S').methods).toBe(false);
  });

  test('are found by their short name where that is unique', () => {
    expect(schemaOf(GREETER).resolve('Greeter').name).toBe('demo.v1.Greeter');
  });

  test('an unknown name is an error with the list and the name that was probably meant', () => {
    const schema = schemaOf(GREETER);
    const error = errorOf<SchemaError>(() => schema.resolve('demo.v1.Greter'));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toBe(
      "service 'demo.v1.Greter' is not in the schema: it has demo.v1.Greeter. Did you mean 'demo.v1.Greeter'?",
    );
    expect(() => schema.resolve('greeter')).toThrow("Did you mean 'demo.v1.Greeter'?");
    expect(errorOf(() => schema.resolve('Billing')).message).toBe(
      "service 'Billing' is not in the schema: it has demo.v1.Greeter.",
    );
    expect(() => schema.resolve('__proto__')).toThrow(SchemaError);
    expect(() => schemaOf('syntax = "proto3";').resolve('X')).toThrow(
      "service 'X' is not in the schema: it has no services.",
    );
  });

  test('an ambiguous short name is an error with the candidates', () => {
    const { path } = folderWith({
      'a.proto': 'syntax = "proto3"; package a; service S { rpc Do(M) returns (M); } message M {}',
      'b.proto': 'syntax = "proto3"; package b; service S { rpc Do(M) returns (M); } message M {}',
    });
    const schema = loadSchema({ protoPath: [join(path, 'a.proto'), join(path, 'b.proto')] });
    expect([...schema.services.keys()]).toEqual(['a.S', 'b.S']);
    expect(() => schema.resolve('S')).toThrow("service name 'S' is ambiguous: it can be a.S or b.S");
    expect(schema.resolve('b.S').methods['Do']?.request.typeName).toBe('b.M');
  });
});

describe('package', () => {
  const FILES = {
    'main.proto':
      'syntax = "proto3"; package demo.v1; import "other.proto"; service A { rpc Do(M) returns (M); } message M {}',
    'other.proto': 'syntax = "proto3"; package demo.v1.sub; service B { rpc Do(N) returns (N); } message N {}',
    'third.proto': 'syntax = "proto3"; package demo.v10; service C { rpc Do(O) returns (O); } message O {}',
  };
  function namesOf(options: Pick<SchemaOptions, 'package'>): string[] {
    const { path } = folderWith(FILES);
    const schema = loadSchema({ protoPath: [join(path, 'main.proto'), join(path, 'third.proto')], ...options });
    // Types are known whatever the package.
    expect(schema.findType('demo.v10.O')).toBeDefined();
    return [...schema.services.keys()];
  }

  test('is all that the files define by default', () => {
    expect(namesOf({})).toEqual(['demo.v1.sub.B', 'demo.v1.A', 'demo.v10.C'].sort((a, b) => Number(b < a) - 0.5));
  });

  test('restricts the services to it and what is inside it', () => {
    expect(namesOf({ package: 'demo.v1' }).sort()).toEqual(['demo.v1.A', 'demo.v1.sub.B']);
  });

  test('may be several', () => {
    expect(namesOf({ package: ['demo.v1.sub', 'demo.v10'] }).sort()).toEqual(['demo.v1.sub.B', 'demo.v10.C']);
  });

  test('that is not there is an error with the list', () => {
    expect(errorOf(() => namesOf({ package: 'demo.v2' })).message).toMatch(
      /^package 'demo\.v2' is not in the schema: services are in .*demo\.v1.*\. Did you mean 'demo\.v1'\?$/,
    );
  });
});

describe('files', () => {
  test('are given one or several, absolute, relative to the working directory or to includeDirs', () => {
    const { path } = folderWith({
      'main.proto': GREETER,
      'sub/x.proto': 'syntax = "proto3"; service X { rpc Do(M) returns (M); } message M {}',
    });
    expect(
      loadSchema({ protoPath: relative(process.cwd(), join(path, 'main.proto')) }).resolve('Greeter'),
    ).toBeDefined();
    const schema = loadSchema({
      protoPath: ['main.proto', 'x.proto'],
      loader: { includeDirs: [path, join(path, 'sub')] },
    });
    expect([...schema.services.keys()]).toEqual(['demo.v1.Greeter', 'X']);
  });

  test('imports are found beside the importing file, also in circles', () => {
    const { path } = folderWith({
      'main.proto': 'syntax = "proto3"; import "sub/a.proto"; service S { rpc Do(A) returns (A); }',
      'sub/a.proto': 'syntax = "proto3"; import "b.proto"; message A { B b = 1; }',
      'sub/b.proto': 'syntax = "proto3"; import public "a.proto"; message B { A a = 1; string name = 2; }',
    });
    const { request } = methodOf(loadSchema({ protoPath: join(path, 'main.proto') }), 'S.Do');
    const value = { b: { a: { b: { name: 'deep' } } } };
    expect(request.decode(request.encode(value))).toEqual(value);
  });

  test("includeDirs are searched in their order, before the importing file's folder", () => {
    const { path } = folderWith({
      'main.proto': 'syntax = "proto3"; import "common.proto"; service S { rpc Do(Common) returns (Common); }',
      'common.proto': 'syntax = "proto3"; message Common { string beside = 1; }',
      'first/common.proto': 'syntax = "proto3"; message Common { string first = 1; }',
      'second/common.proto': 'syntax = "proto3"; message Common { string second = 1; }',
    });
    const fieldOf = (includeDirs: string[]): string => {
      const codec = codecOf(loadSchema({ protoPath: join(path, 'main.proto'), loader: { includeDirs } }), 'Common');
      return Object.keys(codec.decode(Buffer.from('0a0161', 'hex')) as object)[0] as string;
    };
    expect(fieldOf([join(path, 'first'), join(path, 'second')])).toBe('first');
    expect(fieldOf([join(path, 'none'), join(path, 'second')])).toBe('second');
    expect(fieldOf([])).toBe('beside');
  });

  const API = 'github.com/containerd/containerd/api';
  const REPOSITORY = {
    'api/services/tasks.proto': `syntax = "proto3"; package tasks; import "${API}/types/mount.proto";
      import "shared.proto";
      service Tasks { rpc Do(types.Mount) returns (Shared); }`,
    'api/types/mount.proto': 'syntax = "proto3"; package types; message Mount { string target = 1; }',
    'more/shared.proto': 'syntax = "proto3"; package tasks; message Shared {}',
  };
  test('includeDirs may say where the files of a prefix are, for imports by the path of a repository', () => {
    const { path } = folderWith(REPOSITORY);
    const api = join(path, 'api');
    const more = join(path, 'more');
    for (const includeDirs of [[{ [API]: api }, more], [more, { [`${API}/`]: api }], { [API]: api, '': more }]) {
      const byFile = loadSchema({ protoPath: join(api, 'services/tasks.proto'), loader: { includeDirs } });
      expect(methodOf(byFile, 'Tasks.Do').request.typeName).toBe('types.Mount');
      const byName = loadSchema({
        protoPath: [`${API}/services/tasks.proto`, `${API}/types/mount.proto`, join(api, 'types/mount.proto')],
        loader: { includeDirs },
      });
      expect([...byName.services.keys()]).toEqual(['tasks.Tasks']);
    }
  });

  test('a prefix ends where a name of a folder does', () => {
    const { path } = folderWith(REPOSITORY);
    const includeDirs = [{ 'github.com/containerd/contain': path }, join(path, 'more')];
    const error = errorOf(() =>
      loadSchema({ protoPath: join(path, 'api/services/tasks.proto'), loader: { includeDirs } }),
    );
    expect(error.message).toContain(`import '${API}/types/mount.proto' does not exist or cannot be read`);
  });

  test('the same file under two names is one file', () => {
    const { path } = folderWith({ 'a/main.proto': GREETER });
    symlinkSync(join(path, 'a'), join(path, 'b'));
    const schema = loadSchema({
      protoPath: [join(path, 'a/main.proto'), join(path, 'a/../a/main.proto'), join(path, 'b/main.proto')],
    });
    expect([...schema.services.keys()]).toEqual(['demo.v1.Greeter']);
  });

  test('weak imports may be missing', () => {
    const { path } = folderWith({ 'main.proto': `syntax = "proto3"; import weak "gone.proto"; message M {}` });
    expect(loadSchema({ protoPath: join(path, 'main.proto') }).findType('M')).toBeDefined();
  });

  const WELL_KNOWN: readonly [string, string][] = [
    ['google/protobuf/any.proto', 'google.protobuf.Any'],
    ['google/protobuf/api.proto', 'google.protobuf.Api'],
    ['google/protobuf/descriptor.proto', 'google.protobuf.FileDescriptorSet'],
    ['google/protobuf/duration.proto', 'google.protobuf.Duration'],
    ['google/protobuf/empty.proto', 'google.protobuf.Empty'],
    ['google/protobuf/field_mask.proto', 'google.protobuf.FieldMask'],
    ['google/protobuf/source_context.proto', 'google.protobuf.SourceContext'],
    ['google/protobuf/struct.proto', 'google.protobuf.Struct'],
    ['google/protobuf/timestamp.proto', 'google.protobuf.Timestamp'],
    ['google/protobuf/type.proto', 'google.protobuf.Type'],
    ['google/protobuf/wrappers.proto', 'google.protobuf.StringValue'],
    ['google/rpc/code.proto', 'google.rpc.Code'],
    ['google/rpc/error_details.proto', 'google.rpc.BadRequest'],
    ['google/rpc/status.proto', 'google.rpc.Status'],
    ['google/api/annotations.proto', 'google.api.HttpRule'],
    ['google/api/http.proto', 'google.api.HttpRule'],
  ];
  test.each(WELL_KNOWN)('%s comes with the library', (file, type) => {
    const schema = schemaOf(`syntax = "proto3"; import "${file}"; message M { ${type} field = 1; }`, {
      loader: { keepCase: true },
    });
    const codec = codecOf(schema, 'M');
    expect(codec.decode(codec.encode({}))).toEqual({});
  });

  test('all of them at once, with options that extend descriptor.proto', () => {
    const imports = WELL_KNOWN.map(([file]) => `import "${file}";`).join('\n');
    const schema = schemaOf(`
      syntax = "proto3"; package demo;
      ${imports}
      extend google.protobuf.FieldOptions { string note = 50000; }
      message M { string name = 1 [(note) = "a note"]; google.rpc.Status status = 2; }
      service S { rpc Do(M) returns (google.protobuf.Empty) { option (google.api.http) = { get: "/v1/m" }; } }
    `);
    const codec = methodOf(schema, 'S.Do').request;
    const value = {
      name: 'x',
      status: { code: 5, message: 'm', details: [{ type_url: 'a/b', value: Buffer.from('c') }] },
    };
    expect(codec.decode(codec.encode(value))).toEqual(value);
  });

  test.each([PROTOS.descriptor, PROTOS.api, PROTOS.type, PROTOS.sourceContext, PROTOS.http])(
    "$name defines what protobufjs's own copy does",
    ({ name, text }) => {
      const theirs = createRequire(import.meta.url)(
        `protobufjs/${name.replace(/proto$/, 'json')}`,
      ) as protobuf.INamespace;
      const wanted = new protobuf.Root();
      wanted.addJSON(theirs.nested as { [name: string]: protobuf.AnyNestedObject });
      const { root } = protobuf.parse(text);
      const definitions = (from: protobuf.NamespaceBase): Map<string, string> => {
        const found = new Map<string, string>();
        for (const nested of from.nestedArray) {
          if (nested instanceof protobuf.Enum) found.set(nested.fullName, JSON.stringify(nested.values));
          if (nested instanceof protobuf.Type) {
            found.set(nested.fullName, 'message');
            for (const { fullName, id, type, repeated } of nested.fieldsArray)
              found.set(fullName, `${id} ${type} ${repeated}`);
          }
          if (nested instanceof protobuf.Namespace)
            for (const [key, value] of definitions(nested)) found.set(key, value);
        }
        return found;
      };
      const ours = definitions(root);
      // Their type.json and api.json are older, and carry what they import.
      const imported = /^\.google\.protobuf\.(Any|SourceContext|Option|Syntax)\b/;
      const missing = [...definitions(wanted)].filter(([key, value]) => ours.get(key) !== value && !imported.test(key));
      expect(missing).toEqual([]);
    },
  );

  test("a file of the user's comes before the bundled google/rpc and google/api", () => {
    const { path } = folderWith({
      'main.proto': 'syntax = "proto3"; import "google/rpc/status.proto"; message M { google.rpc.Status status = 1; }',
      'google/rpc/status.proto': 'syntax = "proto3"; package google.rpc; message Status { string mine = 1; }',
    });
    const codec = codecOf(loadSchema({ protoPath: join(path, 'main.proto') }), 'M');
    expect(codec.decode(codec.encode({ status: { mine: 'x' } }))).toEqual({ status: { mine: 'x' } });
  });
});

describe("a file of the user's", () => {
  const DESCRIPTOR = `syntax = "proto2"; package google.protobuf;
    message FieldOptions { optional bool of_my_own = 1; extensions 1000 to max; }`;
  const MAIN = `syntax = "proto3"; import "google/protobuf/descriptor.proto";
    extend google.protobuf.FieldOptions { string note = 50000; }
    message M { google.protobuf.FieldOptions options = 1; string first_name = 2 [(note) = "x"]; }`;

  test.each(['descriptor', 'api', 'type', 'source_context'])('comes before the bundled %s.proto', (name) => {
    const { path } = folderWith({
      'main.proto': `syntax = "proto3"; import "google/protobuf/${name}.proto"; message M { google.protobuf.Mine mine = 1; }`,
      [`include/google/protobuf/${name}.proto`]:
        'syntax = "proto3"; package google.protobuf; message Mine { int32 a_b = 1; }',
    });
    const includeDirs = [join(path, 'include')];
    const schema = loadSchema({ protoPath: join(path, 'main.proto'), loader: { includeDirs, keepCase: true } });
    // In camelCase, as the bundled ones.
    expect(codecOf(schema, 'M').decode(hex('0a 02 08 05'))).toEqual({ mine: { aB: 5 } });
  });

  test('comes once, also where another import would find the bundled one', () => {
    const { path } = folderWith({
      'main.proto': `${MAIN} message Other { sub.Sub sub = 1; }`.replace('import', 'import "sub/sub.proto"; import'),
      'google/protobuf/descriptor.proto': DESCRIPTOR,
      'sub/sub.proto': `syntax = "proto3"; package sub; import "google/protobuf/descriptor.proto"; message Sub {}`,
    });
    for (const includeDirs of [[path], []]) {
      expect(
        loadSchema({ protoPath: join(path, 'main.proto'), loader: { includeDirs } }).findType('Other'),
      ).toBeDefined();
    }
    const schema = loadSchema({ protoPath: join(path, 'main.proto'), loader: { includeDirs: [path] } });
    expect(codecOf(schema, 'M').decode(hex('0a 02 08 01'))).toEqual({ options: { ofMyOwn: true } });
  });

  test('below google/protobuf that is no well-known one is as any other', () => {
    const { path } = folderWith({
      'main.proto': 'syntax = "proto3"; import "a/google/protobuf/x.proto"; import "b/google/protobuf/x.proto";',
      'a/google/protobuf/x.proto': 'syntax = "proto3"; package a; message M { int32 a_b = 1; }',
      'b/google/protobuf/x.proto': 'syntax = "proto3"; package b; message M { int32 a_b = 1; }',
    });
    const schema = loadSchema({ protoPath: join(path, 'main.proto'), loader: { keepCase: true } });
    for (const name of ['a.M', 'b.M']) expect(codecOf(schema, name).decode(hex('0805'))).toEqual({ a_b: 5 });
  });
});

describe('errors of files', () => {
  test('a file that does not exist: its name and where it was looked for', () => {
    const { path } = folderWith({});
    const error = errorOf<SchemaError>(() =>
      loadSchema({ protoPath: 'no.proto', loader: { includeDirs: [path, '/nowhere'] } }),
    );
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toBe(
      `proto file 'no.proto' does not exist or cannot be read; tried ${join(path, 'no.proto')}, /nowhere/no.proto, ${join(process.cwd(), 'no.proto')}`,
    );
    expect(error.file).toBe('no.proto');
    expect(() => loadSchema({ protoPath: path })).toThrow(
      `proto file '${path}' does not exist or cannot be read; tried ${path}`,
    );
  });

  test('an import that is missing: who imports it, on which line, and where it was looked for', () => {
    const error = loadError({ 'main.proto': 'syntax = "proto3";\n\nimport "sub/gone.proto";\nmessage M {}' });
    const path = folderPath();
    expect(error.message).toBe(
      `${join(path, 'main.proto')}:3: import 'sub/gone.proto' does not exist or cannot be read; tried ${join(path, 'sub/gone.proto')}. ` +
        'Folders to look in can be given as loader.includeDirs.',
    );
    expect({ file: error.file, line: error.line }).toEqual({ file: join(path, 'main.proto'), line: 3 });
  });

  test.each([
    ['a wrong token', 'syntax = "proto3";\nmessage M {\n  string name = ;\n}', 3, "illegal id ';'"],
    ['an open brace', 'syntax = "proto3";\nmessage M {\n  string name = 1;\n', 4, undefined],
    ['no .proto at all', 'hello', 1, "illegal token 'hello'"],
    [
      'JSON that is no descriptor',
      '{ "not": "proto" }',
      undefined,
      'a JSON descriptor is an object with `nested`: there is none',
    ],
    ['broken JSON', '{ "nested": ', undefined, 'neither a .proto file nor a JSON descriptor: '],
    ['JSON of a wrong form', '{ "nested": { "M": { "fields": { "a": { "id": "x" } } } } }', undefined, undefined],
    [
      'an extension of nothing',
      'syntax = "proto2";\nextend Gone {\n  optional string a = 100;\n}',
      2,
      "message type 'Gone', which is extended, is not defined",
    ],
    ['binary', '\u0000\u0001\u0002', 1, undefined],
    ['an unknown syntax', 'syntax = "proto9";\nmessage M {}', 1, undefined],
    [
      'two fields with one number',
      'syntax = "proto3";\nmessage M {\n  string a = 1;\n  string b = 1;\n}',
      4,
      'duplicate id 1',
    ],
    [
      'two fields with one name',
      'syntax = "proto3";\nmessage M {\n  string a = 1;\n  string a = 2;\n}',
      4,
      "'M.a' is already defined in this file",
    ],
    ['two messages with one name', 'syntax = "proto3";\nmessage M {}\n\nmessage M {}', 4, "'M' is already defined in"],
    [
      'two values with one number',
      'syntax = "proto3";\nenum E {\n  A = 0;\n  B = 0;\n}',
      4,
      'duplicate id 0 in Enum E',
    ],
    ['an end in the middle', 'syntax = "proto3";\nmessage M {', 2, 'it ends in the middle of a definition'],
  ])('a file that does not parse (%s): file, line and reason', (_name, text, line, reason) => {
    const error = loadError({ 'main.proto': text });
    const file = join(folderPath(), 'main.proto');
    expect(error.file).toBe(file);
    expect(error.message.startsWith(file)).toBe(true);
    if (line !== undefined) {
      expect(error.line).toBe(line);
      expect(error.message.startsWith(`${file}:${line}: `)).toBe(true);
    }
    if (reason !== undefined) expect(error.message).toContain(reason);
  });

  test('an import that does not parse is the one at fault', () => {
    const error = loadError({
      'main.proto': 'syntax = "proto3"; import "bad.proto";',
      'bad.proto': 'syntax = "proto3";\nmessage {',
    });
    expect(error.file).toBe(join(folderPath(), 'bad.proto'));
    expect(error.line).toBe(2);
  });

  test('two files that define one type: both are named, with the lines', () => {
    const error = loadError({
      'main.proto': 'syntax = "proto3";\npackage demo;\nimport "other.proto";\n\nmessage Thing { string name = 1; }',
      'other.proto': 'syntax = "proto3";\npackage demo;\nmessage Thing { int32 number = 1; }',
    });
    const path = folderPath();
    expect(error.message).toBe(
      `${join(path, 'other.proto')}:3: 'demo.Thing' is already defined in ${join(path, 'main.proto')}:5`,
    );
    expect({ file: error.file, line: error.line }).toEqual({ file: join(path, 'other.proto'), line: 3 });
  });

  test('one name for two things', () => {
    const error = loadError({
      'main.proto': 'syntax = "proto3";\nimport "other.proto";\nmessage Thing {}',
      'other.proto': 'syntax = "proto3";\nenum Thing { ZERO = 0; }',
    });
    expect(error.message).toMatch(/other\.proto:2: 'Thing' is already defined in .*main\.proto:3$/);
  });

  test('a definition of what comes with the library, before and after its import', () => {
    const mine = 'syntax = "proto3";\npackage google.protobuf;\nmessage Timestamp { string mine = 1; }';
    const other = 'syntax = "proto3"; import "google/protobuf/timestamp.proto";';
    const first = loadError({ 'main.proto': `${mine}\nimport "other.proto";`, 'other.proto': other });
    expect(first.message).toMatch(
      /google\/protobuf\/timestamp\.proto: 'google\.protobuf\.Timestamp' is already defined in .*main\.proto:3$/,
    );
    folder?.remove();
    const second = loadError({ 'main.proto': `${other}\nimport "mine.proto";`, 'mine.proto': mine });
    expect(second.message).toMatch(
      /mine\.proto:3: 'google\.protobuf\.Timestamp' is already defined by the files that come with this library$/,
    );
  });

  test('a type that is not defined: who uses it, in which file and line', () => {
    const error = loadError({
      'main.proto': 'syntax = "proto3";\npackage demo;\nmessage M {\n  string a = 1;\n  Gone b = 2;\n}',
    });
    const file = join(folderPath(), 'main.proto');
    expect(error.message).toBe(`${file}:5: demo.M.b: type 'Gone' is not defined; is an import missing?`);
    expect({ file: error.file, line: error.line }).toEqual({ file, line: 5 });
  });

  test('an rpc with a message that is not defined', () => {
    const error = loadError({
      'main.proto': 'syntax = "proto3";\nservice S {\n  rpc Do(M) returns (Gone);\n}\nmessage M {}',
    });
    expect(error.message).toMatch(/main\.proto:3: S\.Do: message type 'Gone' is not defined/);
    expect(error.line).toBe(3);
  });

  test('the next schema loads', () => {
    loadError({ 'main.proto': 'nonsense' });
    expect(schemaOf(GREETER).resolve('Greeter')).toBeDefined();
  });
});

describe('errors of options', () => {
  test.each<[unknown, string]>([
    [{}, 'a schema needs protoPath, descriptors, root or fileDescriptorSet: none of them was given'],
    [{ protoPath: '' }, 'protoPath: expected a string or an array of strings'],
    [{ protoPath: 5 }, 'protoPath: expected a string or an array of strings, got number 5'],
    [{ protoPath: ['a', 5] }, 'protoPath: expected a string or an array of strings, got an array with number 5'],
    [
      { protoPath: 'x.proto', loader: { includeDirs: '/dir' } },
      'loader.includeDirs: expected an array of folders, or an object with a folder for each prefix, got string "/dir"',
    ],
    [
      { protoPath: 'x.proto', loader: { includeDirs: ['/dir', 5] } },
      'loader.includeDirs: expected an array of folders, or an object with a folder for each prefix, got number 5',
    ],
    [
      { protoPath: 'x.proto', loader: { includeDirs: { 'github.com/x': ['/dir'] } } },
      "loader.includeDirs: 'github.com/x': expected a folder, got an array",
    ],
    [
      { protoPath: 'x.proto', loader: { longs: 'String' } },
      'loader.longs: expected a function such as String, got string "String"',
    ],
    [
      { protoPath: 'x.proto', loader: { enums: true } },
      'loader.enums: expected a function such as String, got boolean true',
    ],
    [{ root: null }, 'a schema needs protoPath, descriptors, root or fileDescriptorSet: none of them was given'],
    [{ descriptors: 5 }, 'descriptors: expected an array'],
    [{ root: 5 }, 'root: expected a protobufjs Root or its JSON form (an object with `nested`)'],
    [{ root: { nested: { M: { fields: { a: { type: 'Gone', id: 1 } } } } } }, 'root: no such'],
    [{ root: { nested: 'text' } }, 'root: expected a protobufjs Root'],
    [
      { descriptors: [{ name: 'x' }] },
      'descriptors[0]: expected an object with a name and methods (a ServiceDescriptor), got ',
    ],
    [
      { descriptors: [undefined] },
      'descriptors[0]: expected an object with a name and methods (a ServiceDescriptor), got ',
    ],
    [{ descriptors: 'x' }, 'descriptors: expected'],
  ])('%j', (options, message) => {
    const error = errorOf<SchemaError>(() => loadSchema(options as SchemaOptions));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain(message);
  });
});

describe('sources that are no files', () => {
  function roundTrip(schema: Schema): unknown {
    const { request } = methodOf(schema, 'Greeter.SayHello');
    return request.decode(request.encode({ firstName: 'Ada' }));
  }

  test('a protobufjs Root is copied, not changed', () => {
    const { root } = protobuf.parse(GREETER);
    const before = JSON.stringify(root.toJSON());
    expect(roundTrip(loadSchema({ root }))).toEqual({ firstName: 'Ada' });
    expect(JSON.stringify(root.toJSON())).toBe(before);
  });

  test('a Root of another copy of protobufjs, of version 7', () => {
    const protobuf7 = createRequire(createRequire(import.meta.url).resolve('@grpc/proto-loader'))(
      'protobufjs',
    ) as typeof protobuf;
    expect(protobuf7.Root).not.toBe(protobuf.Root);
    const { root } = protobuf7.parse(GREETER);
    expect(roundTrip(loadSchema({ root }))).toEqual({ firstName: 'Ada' });
  });

  test('a JSON descriptor in a file', () => {
    const { path } = folderWith({ 'greeter.json': JSON.stringify(protobuf.parse(GREETER).root.toJSON()) });
    expect(roundTrip(loadSchema({ protoPath: join(path, 'greeter.json') }))).toEqual({ firstName: 'Ada' });
  });

  test('a JSON descriptor', () => {
    const json = JSON.parse(JSON.stringify(protobuf.parse(GREETER).root.toJSON())) as protobuf.INamespace;
    expect(roundTrip(loadSchema({ root: json }))).toEqual({ firstName: 'Ada' });
  });

  const fakeCodec = (typeName: string) => ({ typeName, encode: () => Buffer.from('e'), decode: () => 'decoded' });
  const descriptor: ServiceDescriptor = {
    name: 'demo.v1.Greeter',
    methods: {
      Wave: { name: 'Wave', shape: 'unary', request: fakeCodec('demo.v1.In'), response: fakeCodec('demo.v1.Out') },
    },
  };

  test('descriptors are taken as they are, outside `package`, too', () => {
    const schema = loadSchema({ descriptors: [descriptor] });
    expect(schema.resolve('Greeter')).toBe(descriptor);
    expect(schema.findType('demo.v1.Out')).toBe(descriptor.methods['Wave']?.response);
    expect(schema.findType('demo.v1.In')).toBe(descriptor.methods['Wave']?.request);
    expect(schema.findType('demo.v1.Gone')).toBeUndefined();
  });

  test('a descriptor takes the place of a service of the files', () => {
    expect(schemaOf(GREETER, { descriptors: [descriptor] }).resolve('Greeter')).toBe(descriptor);
    expect(schemaOf(GREETER, { descriptors: [descriptor] }).findType('demo.v1.Hello')).toBeDefined();
  });

  test('several sources add up', () => {
    const { root } = protobuf.parse(
      'syntax = "proto3"; package other; service X { rpc Do(M) returns (M); } message M {}',
    );
    const schema = schemaOf(GREETER, { root });
    expect([...schema.services.keys()]).toEqual(['demo.v1.Greeter', 'other.X']);
  });
});

describe('details', () => {
  const schema = schemaOf(`${GREETER} message Failure { string reason = 1; int64 code = 2; }`, {
    loader: { longs: String },
  });

  test('are packed as google.protobuf.Any and unpacked by the name behind the last slash', () => {
    const detail = schema.pack('demo.v1.Failure', { reason: 'late', code: 5n });
    expect(detail).toEqual({
      typeUrl: 'type.googleapis.com/demo.v1.Failure',
      value: Buffer.from('0a046c6174651005', 'hex'),
    });
    expect(schema.unpack(detail)).toEqual({ reason: 'late', code: '5' });
    expect(schema.unpack({ typeUrl: 'demo.v1.Failure', value: Uint8Array.from(detail.value) })).toEqual({
      reason: 'late',
      code: '5',
    });
  });

  test('of an unknown type are an error', () => {
    expect(() => schema.pack('demo.v1.Failur', {})).toThrow(
      "message type 'demo.v1.Failur' is not in the schema. Did you mean 'demo.v1.Failure'?",
    );
    expect(() => schema.unpack({ typeUrl: 'x/y.Z', value: Buffer.alloc(0) })).toThrow(
      "message type 'y.Z' is not in the schema.",
    );
    // A short name is no type's name.
    expect(() => schema.pack('Failure', {})).toThrow(SchemaError);
    expect(schema.findType('demo.v1.Greeter')).toBeUndefined();
  });

  test('of another form are an error', () => {
    const details: unknown[] = [{}, { typeUrl: 'x/demo.v1.Failure' }, { typeUrl: 5, value: Buffer.alloc(0) }];
    for (const detail of details) {
      expect(() => schema.unpack(detail as StatusDetail)).toThrow(
        'a packed message: expected { typeUrl: string, value: Uint8Array } or a google.protobuf.Any with type_url and value, got an object',
      );
    }
  });

  test('with a wrong value name the field', () => {
    expect(() => schema.pack('demo.v1.Failure', { reason: 5 })).toThrow(
      'demo.v1.Failure: reason: expected a string, got number 5',
    );
    expect(() => schema.unpack({ typeUrl: 'x/demo.v1.Failure', value: Buffer.from([1]) })).toThrow('demo.v1.Failure: ');
  });
});
