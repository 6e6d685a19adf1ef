import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { connect, implement, serve, type ServiceDescriptor } from 'nestjs-ttrpc/protocol';
import { loadServices } from 'nestjs-ttrpc/schema';
import { TempFolder } from '../support/temp-folder.js';
import { AS_JSON, BUILD_MS, COCO, GoAgent, hasGo, KATA, pathsOf, type Json, type Protos } from './agents.js';

const withGo = hasGo ? describe : describe.skip;

jest.setTimeout(BUILD_MS);

let folder: TempFolder;
let agent: GoAgent | undefined;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(async () => {
  await agent?.stop();
  agent = undefined;
  folder.remove();
});

function servicesOf(protoPath: string | string[]): ServiceDescriptor[] {
  return [...loadServices({ protoPath, loader: AS_JSON }).services.values()];
}

type Functions = Record<string, (message: Json) => Promise<Json>>;

function serviceOf(services: readonly ServiceDescriptor[], method: string): [ServiceDescriptor, string] {
  const [name = '', rpc = ''] = method.split('/');
  const service = services.find((each) => each.name === name);
  if (!service) throw new Error(`no service ${name} among ${services.map((each) => each.name).join(', ')}`);
  return [service, rpc];
}

/** Every method of the stub, called by our client; every field of both messages is compared on both sides. */
async function callAll(stub: GoAgent, services: readonly ServiceDescriptor[]): Promise<string[]> {
  const samples = await stub.samples();
  const client = await connect(stub.url);
  try {
    for (const [method, { request, response }] of Object.entries(samples)) {
      const [service, rpc] = serviceOf(services, method);
      const functions = client.service(service) as unknown as Functions;
      expect([method, await functions[rpc]?.(request)]).toEqual([method, response]);
    }
  } finally {
    client.close();
  }
  return Object.keys(samples).sort();
}

/** Every method of ours, called by the Go client. */
async function serveAll(caller: GoAgent, services: readonly ServiceDescriptor[], url: string): Promise<string[]> {
  const samples = await caller.samples();
  const implementations = services.map((service) => {
    const handlers = Object.keys(service.methods).map((rpc) => {
      const { request, response } = samples[`${service.name}/${rpc}`] ?? {};
      return [
        rpc,
        (received: Json) => {
          expect(received).toEqual(request);
          return response;
        },
      ];
    });
    return implement(service, Object.fromEntries(handlers) as object);
  });
  const server = await serve(url, implementations, { exposeErrors: true });
  try {
    for (const method of Object.keys(samples)) {
      expect([method, await caller.call(url, method)]).toMatchObject([method, { same: true }]);
    }
  } finally {
    await server.close();
  }
  return Object.keys(samples).sort();
}

const methodsOf = (services: readonly ServiceDescriptor[]): string[] =>
  services.flatMap(({ name, methods }) => Object.keys(methods).map((rpc) => `${name}/${rpc}`)).sort();

withGo.each([
  ["kata's agent", KATA, ['grpc.AgentService', 'grpc.Health']],
  [
    "Confidential Containers' agents",
    COCO,
    [
      'api.GetResourceService',
      'api.ImagePullService',
      'api.SealedSecretService',
      'api.SecureMountService',
      'attestation_agent.AttestationAgentService',
      'keyprovider.KeyProviderService',
    ],
  ],
] as const)('%s, by its .proto files', (_whose, protos: Protos, names) => {
  const load = (): readonly ServiceDescriptor[] => servicesOf(pathsOf(protos));

  it('has its services', () => {
    expect(
      load()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
  });

  it('responds to each rpc of a client without Nest', async () => {
    const services = load();
    agent = await GoAgent.start(folder.url(), protos);
    expect(await callAll(agent, services)).toEqual(methodsOf(services));
  });

  it('can be served without Nest: a Go client calls each rpc', async () => {
    const services = load();
    agent = await GoAgent.start(folder.url('stub.sock'), protos);
    expect(await serveAll(agent, services, folder.url())).toEqual(methodsOf(services));
  });

  // Only where the published files are at hand: see `Protos`.
  if (protos.folder !== protos.ours) {
    it('is the same in our files and in the published ones', () => {
      const shapes = (from: string): string[] => methodsOf(servicesOf(pathsOf({ ...protos, folder: from })));
      expect(shapes(protos.ours)).toEqual(shapes(protos.folder));
    });

    it('is the same on the wire: our files read what the published ones write', async () => {
      const services = servicesOf(pathsOf({ ...protos, folder: protos.ours }));
      agent = await GoAgent.start(folder.url(), protos);
      expect(await callAll(agent, services)).toEqual(methodsOf(services));
    });
  }
});

withGo('files without a package, which import each other by their bare names', () => {
  it('can be called, and served', async () => {
    const files = ['hub.proto', 'messages.proto'];
    writeFileSync(
      folder.file('messages.proto'),
      'syntax = "proto3"; message Secret { bytes sealed = 1; map<string, int64> ages = 2; }',
    );
    writeFileSync(
      folder.file('hub.proto'),
      `syntax = "proto3"; import "messages.proto"; import "google/protobuf/empty.proto";
      service Hub { rpc Unseal(Secret) returns (Secret); rpc Forget(.Secret) returns (google.protobuf.Empty); }`,
    );
    const services = servicesOf(folder.file('hub.proto'));
    agent = await GoAgent.start(folder.url('stub.sock'), { folder: folder.path, files });
    expect(await callAll(agent, services)).toEqual(['Hub/Forget', 'Hub/Unseal']);
    expect(await serveAll(agent, services, folder.url())).toEqual(['Hub/Forget', 'Hub/Unseal']);
  });

  it('finds the imports of each folder beside the importing file, also of two folders with files of one name', async () => {
    const folders = ['a', 'b'].map((name) => join(folder.path, name));
    for (const [index, each] of folders.entries()) {
      mkdirSync(each);
      writeFileSync(
        join(each, 'types.proto'),
        `syntax = "proto3"; package p${index}; message M { string x${index} = 1; }`,
      );
      writeFileSync(
        join(each, 'api.proto'),
        `syntax = "proto3"; package p${index}; import "types.proto"; service S { rpc R(M) returns (M); }`,
      );
    }
    const services = servicesOf(folders.map((each) => join(each, 'api.proto')));
    expect(methodsOf(services)).toEqual(['p0.S/R', 'p1.S/R']);
    for (const [index, each] of folders.entries()) {
      const { name } = services[index] as ServiceDescriptor;
      agent = await GoAgent.start(folder.url(`${index}.sock`), { folder: each, files: ['api.proto'] });
      expect(await callAll(agent, services)).toEqual([`${name}/R`]);
      await agent.stop();
      agent = undefined;
    }
  });
});

it('a missing import is an error that names it', () => {
  const [agentProto = ''] = pathsOf(KATA);
  writeFileSync(folder.file('agent.proto'), readFileSync(agentProto));
  expect(() => loadServices({ protoPath: folder.file('agent.proto') })).toThrow(
    new RegExp(`oci\\.proto.*${dirname(folder.file('x'))}`, 's'),
  );
});
