import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Observable, firstValueFrom } from 'rxjs';
import {
  TtrpcClient,
  TtrpcClientsModule,
  type TtrpcContext,
  TtrpcException,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
} from '../../src/index.js';
import { deferred, type Deferred, turn } from '../support/deferred.js';
import { TempFolder } from '../support/temp-folder.js';
import { BUILD_MS, COCO, GoAgent, hasGo, KATA, pathsOf } from './agents.js';

jest.setTimeout(BUILD_MS);

interface Process {
  Args?: string[];
  Cwd?: string;
  User?: { UID?: number; AdditionalGids?: number[] };
  OOMScoreAdj?: bigint | number;
}

interface CreateContainerRequest {
  containerId: string;
  OCI?: { Version?: string; Process?: Process; Annotations?: Record<string, string> };
  storages?: { driver?: string; options?: string[]; fsGroup?: { groupId?: number; groupChangePolicy?: string } }[];
}

interface AgentService {
  createContainer(request: CreateContainerRequest): Observable<object>;
  writeStdin(request: { containerId: string; data: Uint8Array }): Observable<{ len: number }>;
  readStdout(request: { containerId: string; len: number }): Observable<{ data: Uint8Array }>;
  waitProcess(request: { containerId: string }, options?: object): Observable<{ status: number }>;
  getGuestDetails(request: object): Observable<{ memBlockSizeBytes: string | bigint; agentDetails: object }>;
  listInterfaces(request: object): Observable<{ Interfaces: object[] }>;
  getOOMEvent(request: object, options?: object): Observable<{ containerId: string }>;
  setPolicy(request: { policy: string }): Observable<object>;
}

const container: CreateContainerRequest = {
  containerId: 'c1',
  OCI: {
    Version: '1.2.0',
    Process: {
      Args: ['/bin/sh', '-c', 'echo ü'],
      Cwd: '/',
      User: { UID: 1000, AdditionalGids: [1, 2] },
      OOMScoreAdj: -998n,
    },
    Annotations: { 'io.kubernetes.cri.container-type': 'container' },
  },
  storages: [{ driver: 'virtio-fs', options: ['nodev'], fsGroup: { groupId: 7, groupChangePolicy: 'OnRootMismatch' } }],
};

const containerJson = {
  container_id: 'c1',
  OCI: {
    Version: '1.2.0',
    Process: {
      Args: ['/bin/sh', '-c', 'echo ü'],
      Cwd: '/',
      User: { UID: 1000, AdditionalGids: [1, 2] },
      OOMScoreAdj: '-998',
    },
    Annotations: { 'io.kubernetes.cri.container-type': 'container' },
  },
  storages: [
    { driver: 'virtio-fs', options: ['nodev'], fs_group: { group_id: 7, group_change_policy: 'OnRootMismatch' } },
  ],
};

let folder: TempFolder;
let agent: GoAgent;
let app: INestApplicationContext | undefined;
/** Resolves with the reason for which a handler that waits was aborted. */
let aborted: Deferred<number>;
/** True once such a handler was called. */
let reached: boolean;

beforeEach(() => {
  aborted = deferred<number>();
  reached = false;
  folder = new TempFolder();
});

afterEach(async () => {
  await app?.close();
  app = undefined;
  await agent.stop();
  folder.remove();
});

const withGo = hasGo ? describe : describe.skip;

withGo('a Nest client of agents', () => {
  async function clientOf(protoPath: string[], services: string[]): Promise<TtrpcClient> {
    @Module({
      imports: [
        TtrpcClientsModule.register([
          { name: 'AGENT', url: agent.url, protoPath, services, metadata: { 'kata-sandbox': 's1' } },
        ]),
      ],
    })
    class ClientModule {}
    app = await NestFactory.createApplicationContext(ClientModule, { logger: false });
    return app.get<TtrpcClient>('AGENT');
  }

  it("runs a container with kata's agent", async () => {
    agent = await GoAgent.start(folder.url(), KATA);
    const client = await clientOf(pathsOf(KATA), ['grpc.AgentService', 'grpc.Health']);
    const kata = client.getService<AgentService>('AgentService');
    const method = (name: string): string => `grpc.AgentService/${name}`;

    await agent.respond(method('CreateContainer'), { response: {} });
    expect(await firstValueFrom(kata.createContainer(container))).toEqual({});
    expect(await agent.seen(method('CreateContainer'))).toMatchObject({
      request: containerJson,
      metadata: { 'kata-sandbox': ['s1'] },
    });

    await agent.respond(method('WriteStdin'), { response: { len: 5 } });
    const data = Buffer.from([0, 255, 1, 2, 3]);
    expect(await firstValueFrom(kata.writeStdin({ containerId: 'c1', data }))).toEqual({ len: 5 });
    expect((await agent.seen(method('WriteStdin'))).request).toEqual({
      container_id: 'c1',
      data: data.toString('base64'),
    });
    const much = Buffer.alloc(1_000_000, 'x');
    await agent.respond(method('ReadStdout'), { response: { data: much.toString('base64') } });
    const output = await firstValueFrom(kata.readStdout({ containerId: 'c1', len: 1_000_000 }));
    expect(Buffer.compare(Buffer.from(output.data), much)).toBe(0);

    await agent.respond(method('GetGuestDetails'), {
      response: { mem_block_size_bytes: '18446744073709551615', agent_details: { version: '3.2', init_daemon: true } },
    });
    const details = await firstValueFrom(kata.getGuestDetails({}));
    expect({ ...details, memBlockSizeBytes: String(details.memBlockSizeBytes) }).toMatchObject({
      memBlockSizeBytes: '18446744073709551615',
      agentDetails: { version: '3.2', initDaemon: true },
    });
    await agent.respond(method('ListInterfaces'), {
      response: { Interfaces: [{ name: 'eth0', IPAddresses: [{ family: 'v6', address: '::1' }], hwAddr: '02:00' }] },
    });
    expect(await firstValueFrom(kata.listInterfaces({}))).toMatchObject({
      Interfaces: [{ name: 'eth0', IPAddresses: [{ address: '::1' }], hwAddr: '02:00' }],
    });

    await agent.respond(method('WaitProcess'), { response: { status: -1 } });
    expect(await firstValueFrom(kata.waitProcess({ containerId: 'c1' }))).toEqual({ status: -1 });
    await agent.respond(method('SetPolicy'), { code: 7, message: 'the policy is locked' });
    await expect(firstValueFrom(kata.setPolicy({ policy: 'package agent_policy' }))).rejects.toMatchObject({
      code: TtrpcStatus.PERMISSION_DENIED,
      details: expect.anything(),
      message: expect.stringContaining('the policy is locked'),
    });
  });

  it("waits for kata's events, and stops waiting", async () => {
    agent = await GoAgent.start(folder.url(), KATA);
    const client = await clientOf(pathsOf(KATA), ['grpc.AgentService']);
    const kata = client.getService<AgentService>('AgentService');
    const event = 'grpc.AgentService/GetOOMEvent';
    await agent.respond('grpc.AgentService/WaitProcess', { wait: true });
    await agent.respond(event, { wait: true });
    await expect(firstValueFrom(kata.waitProcess({ containerId: 'c1' }, { timeoutMs: 50 }))).rejects.toMatchObject({
      code: TtrpcStatus.DEADLINE_EXCEEDED,
    });
    // A call with a connection of its own can be cancelled: the agent's handler hears of it.
    const waiting = kata.getOOMEvent({}, { dedicated: true }).subscribe({ error: () => undefined });
    while ((await agent.seen(event)).request === null) await turn();
    waiting.unsubscribe();
    while ((await agent.seen(event)).ended === '') await turn();
    expect((await agent.seen(event)).ended).toBe('context canceled');
  });

  it("gets evidence and secrets of Confidential Containers' agents", async () => {
    agent = await GoAgent.start(folder.url(), COCO);
    const client = await clientOf(pathsOf(COCO), [
      'AttestationAgentService',
      'SealedSecretService',
      'KeyProviderService',
    ]);
    const evidence = 'attestation_agent.AttestationAgentService/GetEvidence';
    await agent.respond(evidence, { response: { Evidence: 'AAE=' } });
    const attestation = client.getAsyncService<{
      getEvidence(request: { RuntimeData: Uint8Array }): Promise<{ Evidence: Uint8Array }>;
    }>('AttestationAgentService');
    expect(Buffer.from((await attestation.getEvidence({ RuntimeData: Buffer.from('nonce') })).Evidence)).toEqual(
      Buffer.from([0, 1]),
    );
    expect((await agent.seen(evidence)).request).toEqual({ RuntimeData: Buffer.from('nonce').toString('base64') });

    await agent.respond('api.SealedSecretService/UnsealSecret', { code: 13, message: 'not sealed' });
    const secrets = client.getAsyncService<{ unsealSecret(request: { secret: Uint8Array }): Promise<object> }>(
      'SealedSecretService',
    );
    await expect(secrets.unsealSecret({ secret: Buffer.from('sealed.x.y.z') })).rejects.toMatchObject({
      code: TtrpcStatus.INTERNAL,
      message: expect.stringContaining('not sealed'),
    });
  });
});

@TtrpcService('grpc.AgentService')
class AgentController {
  @TtrpcMethod() createContainer(request: CreateContainerRequest): void {
    expect(request).toMatchObject({ ...container, OCI: { ...container.OCI, Process: expect.anything() } });
    expect(String(request.OCI?.Process?.OOMScoreAdj)).toBe('-998');
  }

  @TtrpcMethod() readStdout({ len }: { len: number }, context: TtrpcContext): { data: Uint8Array } {
    return { data: Buffer.from(`${context.metadata.get('kata-sandbox')} ${len}`) };
  }

  @TtrpcMethod('GetOOMEvent') nextEvent(_request: object, { signal }: TtrpcContext): Promise<object> {
    reached = true;
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        aborted.resolve((signal.reason as TtrpcException).code);
        reject(signal.reason as TtrpcException);
      });
    });
  }

  @TtrpcMethod() setPolicy(): void {
    throw new TtrpcException(TtrpcStatus.PERMISSION_DENIED, 'the policy is locked');
  }
}

@TtrpcService('grpc.Health')
class HealthController {
  @TtrpcMethod() check(): { status: string } {
    return { status: 'SERVING' };
  }

  @TtrpcMethod() version(): object {
    return { grpcVersion: '0.0.1', agentVersion: '3.2.0' };
  }
}

@TtrpcService('api.GetResourceService')
class ResourceController {
  @TtrpcMethod() getResource({ ResourcePath }: { ResourcePath: string }): { Resource: Uint8Array } {
    return { Resource: Buffer.from(`the resource ${ResourcePath}`) };
  }
}

@Module({ controllers: [AgentController, HealthController] })
class KataModule {}

@Module({ controllers: [ResourceController] })
class CocoModule {}

withGo('a Nest server in place of an agent, called by a Go client', () => {
  async function start(module: typeof KataModule, protoPath: string[]): Promise<string> {
    const url = folder.url();
    const strategy = new TtrpcServer({ url, protoPath, loader: { enums: String } });
    const microservice = await NestFactory.createMicroservice<MicroserviceOptions>(module, { strategy, logger: false });
    app = microservice;
    await microservice.listen();
    return url;
  }

  it("serves kata's agent and its health", async () => {
    agent = await GoAgent.start(folder.url('stub.sock'), KATA);
    const url = await start(KataModule, pathsOf(KATA));
    expect(await agent.call(url, 'grpc.AgentService/CreateContainer', { request: containerJson })).toMatchObject({
      response: {},
    });
    const metadata = { 'kata-sandbox': ['s1'] };
    const read = await agent.call(url, 'grpc.AgentService/ReadStdout', {
      request: { container_id: 'c1', len: 10 },
      metadata,
    });
    expect(read.response).toEqual({ data: Buffer.from('s1 10').toString('base64') });
    expect(await agent.call(url, 'grpc.AgentService/SetPolicy', { request: {} })).toEqual({
      code: 7,
      message: 'the policy is locked',
    });
    // On a busy machine the deadline may pass before the call has arrived.
    while (!reached) {
      const outcome = await agent.call(url, 'grpc.AgentService/GetOOMEvent', { request: {}, timeoutMs: 50 });
      expect(outcome).toMatchObject({ code: 4 });
    }
    // Whichever comes first: the handler's own deadline, or the end of the Go client's connection.
    expect([TtrpcStatus.DEADLINE_EXCEEDED, TtrpcStatus.CANCELLED, TtrpcStatus.UNAVAILABLE]).toContain(
      await aborted.promise,
    );
    expect(await agent.call(url, 'grpc.AgentService/StartContainer', { request: {} })).toMatchObject({ code: 12 });
    expect((await agent.call(url, 'grpc.Health/Check', { request: {} })).response).toEqual({ status: 'SERVING' });
    expect((await agent.call(url, 'grpc.Health/Version', { request: {} })).response).toEqual({
      grpc_version: '0.0.1',
      agent_version: '3.2.0',
    });
  });

  it("serves Confidential Containers' resources", async () => {
    agent = await GoAgent.start(folder.url('stub.sock'), COCO);
    const url = await start(CocoModule, pathsOf(COCO));
    const request = { ResourcePath: 'kbs:///default/key/1' };
    const { response } = await agent.call(url, 'api.GetResourceService/GetResource', { request });
    expect(response).toEqual({ Resource: Buffer.from('the resource kbs:///default/key/1').toString('base64') });
  });
});
