import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Logger, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { fromProtobufEs } from 'nestjs-ttrpc/protobuf-es';
import { TtrpcHealthModule } from 'nestjs-ttrpc/health';
import { TtrpcReflectionModule } from 'nestjs-ttrpc/reflection';
import {
  TtrpcClient,
  TtrpcException,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
  type TtrpcServerOptions,
} from '../../src/index.js';
import { Subject, type Observable } from 'rxjs';
import type { ReflectionRequest, ReflectionResponse } from '../../src/reflection/reflect.js';
import { filesOfSet } from '../../src/reflection/files-of-set.js';
import { PROTOS } from '../../src/reflection/generated/protos.js';
import { descriptorTypes } from '../../src/schema/sources/descriptor-types.js';
import { loadSchema } from '../../src/schema/sources/load-schema.js';
import { loadProtoText } from '../../src/schema/sources/proto-text.js';
import { goProgram, goVersion } from '../interop/go-peer.js';
import { esDescriptor } from './es-descriptor.js';
import { LAB_PROTO, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';
import { file_library, Library } from '../unit/schema/generated/protobuf-es/library_pb.js';

const SET = readFileSync(fileURLToPath(new URL('../unit/schema/generated/descriptors.binpb', import.meta.url)));
const V1 = loadProtoText(PROTOS.v1, { keepCase: true }).resolve('ServerReflection');
const ALPHA = loadProtoText(PROTOS.v1alpha, { keepCase: true }).resolve('ServerReflection');
const OWN = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod() ask(request: Message): Message {
    return request;
  }
}

@Module({ imports: [TtrpcReflectionModule.register()], controllers: [LabController] })
class LabModule {}

@Module({ imports: [TtrpcReflectionModule.register()] })
class EmptyModule {}

let folder: TempFolder;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
  folder.close();
});

async function start(module: Type, schema: TtrpcServerOptions): Promise<void> {
  const strategy = new TtrpcServer({ url: folder.url(), ...schema });
  const app = await NestFactory.createMicroservice(module, { strategy, logger: false });
  open.push(app);
  await app.listen();
}

/** Runs `work` with another working directory. */
async function inFolder<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(path);
  try {
    return await work();
  } finally {
    process.chdir(before);
  }
}

/** Sends requests on one stream and gives the responses without what they repeat of the request. */
async function ask(requests: ReflectionRequest[], service = V1): Promise<Partial<ReflectionResponse>[]> {
  const client = new TtrpcClient({ url: folder.url(), descriptors: [service], timeoutMs: 10_000 });
  open.push(client);
  const reflection = client.getAsyncService<{
    serverReflectionInfo(requests: ReflectionRequest[]): AsyncIterable<ReflectionResponse>;
  }>(service.name);
  const responses: Partial<ReflectionResponse>[] = [];
  for await (const { original_request, valid_host, ...response } of reflection.serverReflectionInfo(requests)) {
    expect(original_request).toEqual(requests[responses.length]);
    expect(valid_host ?? '').toBe(requests[responses.length]?.host ?? '');
    responses.push(response);
  }
  return responses;
}

function filesIn(response: Partial<ReflectionResponse> | undefined): Uint8Array[] {
  if (!response?.file_descriptor_response) throw new Error(`no files: ${JSON.stringify(response)}`);
  return response.file_descriptor_response.file_descriptor_proto;
}

function namesIn(response: Partial<ReflectionResponse> | undefined): string[] {
  const { FileDescriptorProto } = descriptorTypes();
  return filesIn(response).map((bytes) => (FileDescriptorProto.decode(bytes) as { name?: string }).name ?? '');
}

/** What servers warn of in the list of services. */
function watchWarnings(): { ofList: () => unknown[]; restore: () => void } {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  return {
    ofList: () =>
      (warn.mock.calls as unknown[][]).flat().filter((line) => String(line).startsWith('TtrpcReflectionModule')),
    restore: () => warn.mockRestore(),
  };
}

describe('list_services', () => {
  it.each([V1, ALPHA])('$name: what the server serves, reflection included', async (service) => {
    await start(LabModule, { protoPath: LAB_PROTO });
    expect(await ask([{ list_services: '*', host: 'lab' }], service)).toEqual([
      { list_services_response: { service: [...OWN, 'lab.v1.Lab', 'lab.v1.Other'].map((name) => ({ name })) } },
    ]);
  });

  it('also where the files cannot be described', async () => {
    const protoPath = folder.file('gone.proto');
    writeFileSync(protoPath, 'syntax = "proto3"; package gone; message M {} service S { rpc Get(M) returns (M); }');
    await start(EmptyModule, { protoPath });
    rmSync(protoPath);
    expect(await ask([{ list_services: '' }])).toEqual([
      { list_services_response: { service: ['gone.S', ...OWN].map((name) => ({ name })) } },
    ]);
    await expect(ask([{ file_containing_symbol: 'gone.S' }])).rejects.toThrow(TtrpcException);
  });

  it('what the module was told', async () => {
    @Module({ imports: [TtrpcReflectionModule.register({ services: ['lab.v1.Lab'] })], controllers: [LabController] })
    class ListedModule {}
    await start(ListedModule, { protoPath: LAB_PROTO });
    expect(await ask([{ list_services: '' }])).toEqual([
      { list_services_response: { service: [{ name: 'lab.v1.Lab' }] } },
    ]);
  });

  it('of each registration, where two applications list different services', async () => {
    const warnings = watchWarnings();
    for (const services of [['lab.v1.Other'], ['lab.v1.Lab', 'lab.v1.Other']]) {
      @Module({ imports: [TtrpcReflectionModule.register({ services })], controllers: [LabController] })
      class ListedModule {}
      await start(ListedModule, { protoPath: LAB_PROTO });
      for (const service of [V1, ALPHA]) {
        expect(await ask([{ list_services: '' }], service)).toEqual([
          { list_services_response: { service: services.map((name) => ({ name })) } },
        ]);
      }
      for (const each of open.splice(0).reverse()) await each.close();
    }
    expect(warnings.ofList()).toEqual([]);
    warnings.restore();
  });

  it('a service that is not there is an error that names it', async () => {
    @Module({ imports: [TtrpcReflectionModule.register({ services: ['lab.v1.Lap'] })], controllers: [LabController] })
    class WrongModule {}
    const warnings = watchWarnings();
    await start(WrongModule, { protoPath: LAB_PROTO });
    const has = [...OWN, 'lab.v1.Lab', 'lab.v1.Other'].join(', ');
    expect(warnings.ofList()).toEqual([
      `TtrpcReflectionModule: service "lab.v1.Lap" is not served; the server has ${has}; each call of reflection fails`,
    ]);
    warnings.restore();
    await expect(ask([{ list_services: '' }])).rejects.toThrow('service "lab.v1.Lap" is not served; the server has');
    expect(() => TtrpcReflectionModule.register({ services: 'lab' as never })).toThrow('expected an array of names');
    expect(() => TtrpcReflectionModule.register({ services: [] })).toThrow('expected at least one name');
    expect(() => TtrpcReflectionModule.register(null as never)).toThrow('expected options such as { services }');
    expect(() => TtrpcReflectionModule.register({ service: ['lab.v1.Lab'] } as object)).toThrow(
      "TtrpcReflectionModule.service: no such option; TtrpcReflectionModule has services. Did you mean 'services'?",
    );
  });

  it.each(OWN)('on a server that serves %s alone: a service that is not there is warned of once', async (version) => {
    @Module({ imports: [TtrpcReflectionModule.register({ services: ['lab.v1.Lap'] })], controllers: [LabController] })
    class WrongModule {}
    const warnings = watchWarnings();
    await start(WrongModule, { protoPath: LAB_PROTO, services: ['lab.v1.Lab', version] });
    expect(warnings.ofList()).toEqual([
      `TtrpcReflectionModule: service "lab.v1.Lap" is not served; the server has ${version}, lab.v1.Lab; each call of reflection fails`,
    ]);
    warnings.restore();
  });

  it('on a server that serves v1 alone', async () => {
    const warnings = watchWarnings();
    const [v1 = ''] = OWN;
    await start(LabModule, { protoPath: LAB_PROTO, services: ['lab.v1.Lab', v1] });
    expect(await ask([{ list_services: '' }])).toEqual([
      { list_services_response: { service: [{ name: v1 }, { name: 'lab.v1.Lab' }] } },
    ]);
    await expect(ask([{ list_services: '' }], ALPHA)).rejects.toMatchObject({ code: TtrpcStatus.UNIMPLEMENTED });
    expect(warnings.ofList()).toEqual([]);
    warnings.restore();
  });

  it('a stream without a question ends well when the server closes, however long its grace period is', async () => {
    const strategy = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, gracePeriodMs: 600_000 });
    const app = await NestFactory.createMicroservice(LabModule, { strategy, logger: false });
    await app.listen();
    const client = new TtrpcClient({ url: folder.url(), descriptors: [V1] });
    open.push(client);
    const asked = new Subject<ReflectionRequest>();
    const responses = client
      .getService<{ serverReflectionInfo(requests: Observable<ReflectionRequest>): Observable<ReflectionResponse> }>(
        V1.name,
      )
      .serverReflectionInfo(asked);
    const first = new Promise<void>((resolve) => {
      responses.subscribe({ next: () => resolve(), complete: () => asked.complete() });
    });
    asked.next({ list_services: '' });
    await first;
    await app.close();
  });
});

describe('a server with a descriptor of reflection of its own', () => {
  it.each([
    ['that protobuf-es generates', esDescriptor(PROTOS.v1.text, V1.name)],
    ['from a schema with other options', loadProtoText(PROTOS.v1, {}).resolve('ServerReflection')],
  ])('%s responds', async (_which, descriptor) => {
    await start(EmptyModule, { protoPath: LAB_PROTO, descriptors: [descriptor] });
    const [list, file] = await ask([{ list_services: '' }, { file_containing_symbol: 'lab.v1.Lab' }]);
    expect(list?.list_services_response?.service.map(({ name }) => name)).toContain('lab.v1.Lab');
    expect(namesIn(file)[0]).toBe('lab.proto');
  });
});

describe('files', () => {
  it('of .proto files: by symbol and by name, without a path of this machine, each import once on a stream', async () => {
    await start(LabModule, { protoPath: LAB_PROTO });
    const [bySymbol, again, byName] = await ask([
      { file_containing_symbol: 'lab.v1.Lab' },
      { file_containing_symbol: '.lab.v1.Lab.Ask' },
      { file_by_filename: 'lab.proto' },
    ]);
    const names = namesIn(bySymbol);
    expect(names[0]).toBe('lab.proto');
    expect(names.every((name) => name === 'lab.proto' || name.startsWith('google/protobuf/'))).toBe(true);
    expect(namesIn(again)).toEqual(['lab.proto']);
    expect(namesIn(byName)).toEqual(['lab.proto']);
  });

  it.each([
    ['in the working directory', { protoPath: 'api/b.proto', loader: { includeDirs: ['api'] } }],
    ['in a folder of includeDirs', { protoPath: 'b.proto', loader: { includeDirs: ['api'] } }],
    ['without includeDirs', { protoPath: ['api/v1/a.proto', 'api/b.proto'] }],
  ])('of relative paths: as they were when the server began to listen, %s', async (_where, schema) => {
    mkdirSync(folder.file('api/v1'), { recursive: true });
    writeFileSync(folder.file('api/v1/a.proto'), 'syntax = "proto3"; package a; message M {}');
    const service = 'import "v1/a.proto"; package b; service S { rpc Get(a.M) returns (a.M); }';
    writeFileSync(folder.file('api/b.proto'), `syntax = "proto3"; ${service}`);
    const { services } = await inFolder(folder.path, async () => {
      await start(EmptyModule, schema);
      return loadSchema(schema);
    });
    const [response, byName] = await ask([{ file_containing_symbol: 'b.S' }, { file_by_filename: 'v1/a.proto' }]);
    expect(namesIn(response)).toEqual(['b.proto', 'v1/a.proto']);
    expect(namesIn(byName)).toEqual(['v1/a.proto']);

    // Services that were loaded elsewhere know their files, too.
    for (const each of open.splice(0).reverse()) await each.close();
    await start(EmptyModule, { descriptors: [...services.values()] });
    expect(namesIn((await ask([{ file_containing_symbol: 'b.S' }]))[0])).toEqual(['b.proto', 'v1/a.proto']);
    rmSync(folder.file('api'), { recursive: true });
  });

  it('of reflection itself', async () => {
    await start(LabModule, { protoPath: LAB_PROTO });
    const [v1, alpha] = await ask(OWN.map((name) => ({ file_containing_symbol: name })));
    expect(namesIn(v1)).toEqual(['grpc/reflection/v1/reflection.proto']);
    expect(namesIn(alpha)).toEqual(['grpc/reflection/v1alpha/reflection.proto']);
  });

  it('of a FileDescriptorSet: the very bytes that were given', async () => {
    await start(EmptyModule, { fileDescriptorSet: SET });
    const given = filesOfSet(SET);
    expect(given.length).toBeGreaterThan(5);
    const { FileDescriptorProto } = descriptorTypes();
    for (const bytes of given) {
      const { name = '' } = FileDescriptorProto.decode(bytes) as { name?: string };
      const [response] = await ask([{ file_by_filename: name }]);
      const [first] = filesIn(response);
      expect(Buffer.compare(Buffer.from(first ?? []), Buffer.from(bytes))).toBe(0);
    }
  });

  it('of code that protobuf-es generates: the descriptors in it', async () => {
    await start(EmptyModule, { descriptors: [fromProtobufEs(Library)] });
    const [response] = await ask([{ file_containing_symbol: Library.typeName }]);
    const expected = toBinary(FileDescriptorProtoSchema, file_library.proto);
    expect(Buffer.from(filesIn(response)[0] ?? [])).toEqual(Buffer.from(expected));
    expect(namesIn(response)).toEqual([
      file_library.proto.name,
      ...file_library.dependencies.map(({ proto }) => proto.name),
    ]);
  });

  it('of a protobufjs root: named after the package', async () => {
    const root = {
      nested: {
        p: {
          nested: {
            v1: {
              edition: 'proto3',
              nested: {
                M: { edition: 'proto3', fields: { someName: { type: 'string', id: 1 } } },
                S: { edition: 'proto3', methods: { Get: { requestType: 'M', responseType: 'M' } } },
              },
            },
          },
        },
      },
    };
    await start(EmptyModule, { root });
    const [response] = await ask([{ file_containing_symbol: 'p.v1.S' }]);
    expect(namesIn(response)).toEqual(['p/v1.proto']);
  });
});

describe('extensions', () => {
  it('their numbers, and the file of one', async () => {
    await start(EmptyModule, { fileDescriptorSet: SET });
    const { FileDescriptorProto } = descriptorTypes();
    type Extension = { extendee?: string; number?: number };
    const extended = filesOfSet(SET)
      .map((bytes) => FileDescriptorProto.decode(bytes) as { name?: string; extension?: Extension[] })
      .find(({ extension }) => extension?.length);
    const extension = extended?.extension?.[0];
    if (!extension?.extendee || extension.number === undefined) throw new Error('the set has no extension');
    const type = extension.extendee.slice(1);
    const [numbers, file, none, nobody] = await ask([
      { all_extension_numbers_of_type: type },
      { file_containing_extension: { containing_type: type, extension_number: extension.number } },
      { file_containing_extension: { containing_type: type, extension_number: 536_870_911 } },
      { all_extension_numbers_of_type: 'nobody.Knows' },
    ]);
    expect(numbers?.all_extension_numbers_response?.base_type_name).toBe(type);
    expect(numbers?.all_extension_numbers_response?.extension_number).toContain(extension.number);
    expect(namesIn(file)[0]).toBe(extended?.name);
    expect(none?.error_response).toMatchObject({ error_code: 5 });
    expect(nobody?.error_response).toEqual({
      error_code: 5,
      error_message: 'message type "nobody.Knows" is not among what this server describes',
    });
  });
});

it('what is not there is NOT_FOUND and what is not asked INVALID_ARGUMENT, and the stream goes on', async () => {
  await start(LabModule, { protoPath: LAB_PROTO });
  const [symbol, file, nothing, list] = await ask([
    { file_containing_symbol: 'lab.v1.Lap' },
    { file_by_filename: '/etc/passwd' },
    {},
    { list_services: '' },
  ]);
  expect(symbol?.error_response).toEqual({
    error_code: 5,
    error_message: 'symbol "lab.v1.Lap" is not among what this server describes',
  });
  expect(file?.error_response).toMatchObject({ error_code: 5 });
  expect(nothing?.error_response).toMatchObject({ error_code: 3 });
  expect(list?.list_services_response).toBeDefined();
});

const go = await goVersion();

(go === undefined ? describe.skip : describe)('Go', () => {
  it.each(['v1', 'v1alpha'])(
    '%s: links what it fetches, whatever the schema came from',
    async (version) => {
      @Module({
        imports: [TtrpcReflectionModule.register(), TtrpcHealthModule.register({ kata: true })],
        controllers: [LabController],
      })
      class AllModule {}
      await start(AllModule, { protoPath: LAB_PROTO, fileDescriptorSet: SET });
      const program = await goProgram('reflect');
      const { stdout } = await promisify(execFile)(program, ['-socket', folder.file('s.sock'), '-version', version]);
      const services = JSON.parse(stdout) as Record<string, string[]>;
      expect(services['grpc.health.v1.Health']).toEqual([
        'Check(grpc.health.v1.HealthCheckRequest) grpc.health.v1.HealthCheckResponse',
        'List(grpc.health.v1.HealthListRequest) grpc.health.v1.HealthListResponse',
        'Watch(grpc.health.v1.HealthCheckRequest) grpc.health.v1.HealthCheckResponse',
      ]);
      expect(services['grpc.Health']).toHaveLength(2);
      expect(services['lab.v1.Lab']).toHaveLength(5);
      expect(Object.keys(services)).toEqual(expect.arrayContaining([...OWN, Library.typeName]));
    },
    120_000,
  );
});
