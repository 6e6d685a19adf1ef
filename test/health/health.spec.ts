import { Logger, Module, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TtrpcHealth, TtrpcHealthIndicator, TtrpcHealthModule, type TtrpcHealthOptions } from 'nestjs-ttrpc/health';
import { TtrpcReflectionModule } from 'nestjs-ttrpc/reflection';
import { drainFirst, TtrpcClient, TtrpcMethod, TtrpcServer, TtrpcService, TtrpcStatus } from '../../src/index.js';
import { loadProtoText } from '../../src/schema/sources/proto-text.js';
import { PROTOS } from '../../src/health/generated/protos.js';
import { esDescriptor } from '../reflection/es-descriptor.js';
import { LAB_PROTO, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

interface Status {
  status: string;
}

interface HealthClient {
  check(request: { service?: string }): Promise<Status>;
  list(request: object): Promise<{ statuses: Record<string, Status> }>;
  watch(request: { service?: string }): AsyncIterableIterator<Status, undefined>;
}

const loader = { enums: String, defaults: true, keepCase: true };
const health = loadProtoText(PROTOS.health, loader).resolve('Health');
const kata = loadProtoText(PROTOS.kata, loader).resolve('grpc.Health');

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod() ask(request: Message): Message {
    return request;
  }
}

@Module({
  imports: [TtrpcHealthModule.register({ statuses: { 'lab.v1.Lab': 'SERVING' } })],
  controllers: [LabController],
})
class AppModule {}

let folder: TempFolder;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
  folder.close();
});

function newServer(name = 's.sock'): TtrpcServer {
  return new TtrpcServer({ url: folder.url(name), protoPath: LAB_PROTO });
}

async function start(module: Type = AppModule, server = newServer()): Promise<INestApplicationContext> {
  const app = await NestFactory.createMicroservice(module, { strategy: server, logger: false });
  open.push(app);
  await app.listen();
  return app;
}

function client(name = 's.sock'): TtrpcClient {
  const made = new TtrpcClient({ url: folder.url(name), descriptors: [health, kata], timeoutMs: 10_000 });
  open.push(made);
  return made;
}

function healthClient(name?: string): HealthClient {
  return client(name).getAsyncService<HealthClient>('grpc.health.v1.Health');
}

describe('Check and List', () => {
  it('give what the application has set', async () => {
    const app = await start();
    const service = healthClient();
    expect(await service.check({})).toEqual({ status: 'SERVING' });
    expect(await service.check({ service: 'lab.v1.Lab' })).toEqual({ status: 'SERVING' });
    app.get(TtrpcHealth).setStatus('lab.v1.Lab', 'NOT_SERVING');
    expect(await service.check({ service: 'lab.v1.Lab' })).toEqual({ status: 'NOT_SERVING' });
    expect(await service.list({})).toEqual({
      statuses: { '': { status: 'SERVING' }, 'lab.v1.Lab': { status: 'NOT_SERVING' } },
    });
    app.get(TtrpcHealth).clearStatus('lab.v1.Lab');
    expect(await service.list({})).toEqual({ statuses: { '': { status: 'SERVING' } } });
  });

  it.each([
    ['that protobuf-es generates', esDescriptor(PROTOS.health.text, health.name)],
    ['from a schema with other options', loadProtoText(PROTOS.health, {}).resolve('Health')],
  ])('work on a server with a descriptor of its own %s', async (_which, descriptor) => {
    await start(AppModule, new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, descriptors: [descriptor] }));
    expect(await healthClient().check({ service: '' })).toEqual({ status: 'SERVING' });
    expect((await healthClient().list({})).statuses).toHaveProperty(['lab.v1.Lab'], { status: 'SERVING' });
    expect((await healthClient().watch({ service: 'late' }).next()).value).toEqual({ status: 'SERVICE_UNKNOWN' });
  });

  it('Check is NOT_FOUND for a service without a status', async () => {
    await start();
    await expect(healthClient().check({ service: 'lab.v1.Other' })).rejects.toMatchObject({
      code: TtrpcStatus.NOT_FOUND,
      message: 'service "lab.v1.Other" has no health status',
    });
  });

  it('say NOT_SERVING from shutdown() to resume()', async () => {
    const app = await start();
    const service = healthClient();
    app.get(TtrpcHealth).shutdown();
    app.get(TtrpcHealth).setStatus('late', 'SERVING');
    expect((await service.list({})).statuses).toEqual({
      '': { status: 'NOT_SERVING' },
      'lab.v1.Lab': { status: 'NOT_SERVING' },
      late: { status: 'NOT_SERVING' },
    });
    app.get(TtrpcHealth).resume();
    expect(await service.check({ service: 'late' })).toEqual({ status: 'SERVING' });
  });
});

describe('Watch', () => {
  it('gives the status now and after each change, also of a service that is not known yet', async () => {
    const app = await start();
    const watch = healthClient().watch({ service: 'late' });
    expect(await watch.next()).toEqual({ done: false, value: { status: 'SERVICE_UNKNOWN' } });
    const changes = app.get(TtrpcHealth);
    changes.setStatus('late', 'NOT_SERVING');
    expect((await watch.next()).value).toEqual({ status: 'NOT_SERVING' });
    // The same again is no change.
    changes.setStatus('late', 'NOT_SERVING');
    changes.setStatus('late', 'SERVING');
    expect((await watch.next()).value).toEqual({ status: 'SERVING' });
    changes.clearStatus('late');
    expect((await watch.next()).value).toEqual({ status: 'SERVICE_UNKNOWN' });
    await watch.return?.();
  });

  it('gives NOT_SERVING and ends well as soon as the server closes, however long its grace period is', async () => {
    const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, gracePeriodMs: 60_000 });
    const app = await start(AppModule, server);
    const watches = ['', 'lab.v1.Lab'].map((service) => healthClient().watch({ service }));
    for (const watch of watches) expect((await watch.next()).value).toEqual({ status: 'SERVING' });
    const closed = app.close();
    for (const watch of watches) {
      expect((await watch.next()).value).toEqual({ status: 'NOT_SERVING' });
      expect(await watch.next()).toEqual({ done: true, value: undefined });
    }
    await closed;
  });

  it('ends without a second NOT_SERVING', async () => {
    const app = await start();
    app.get(TtrpcHealth).setStatus('', 'NOT_SERVING');
    const watch = healthClient().watch({});
    expect((await watch.next()).value).toEqual({ status: 'NOT_SERVING' });
    const closed = app.close();
    expect(await watch.next()).toEqual({ done: true, value: undefined });
    await closed;
  });

  it('leaves nothing behind when its client goes', async () => {
    const server = newServer();
    const app = await start(AppModule, server);
    const gone = new Promise<void>((resolve) => server.on('disconnection', () => resolve()));
    const watch = healthClient().watch({});
    await watch.next();
    await watch.return?.();
    await gone;
    app.get(TtrpcHealth).setStatus('', 'NOT_SERVING');
    expect(server.stats.calls).toBe(0);
  });
});

it('drainFirst makes the application NOT_SERVING before its server has drained', async () => {
  let release = (): void => undefined;
  let began = (): void => undefined;
  const started = new Promise<void>((resolve) => (began = resolve));
  @TtrpcService('lab.v1.Lab')
  class SlowController {
    @TtrpcMethod() async ask(request: Message): Promise<Message> {
      began();
      await new Promise<void>((resolve) => (release = resolve));
      return request;
    }
  }
  @Module({ imports: [TtrpcHealthModule.register()], controllers: [SlowController] })
  class SlowModule {}
  const server = newServer();
  const admin = newServer('admin.sock');
  const app = await NestFactory.create(drainFirst(SlowModule, server), { logger: false });
  app.connectMicroservice({ strategy: server });
  app.connectMicroservice({ strategy: admin });
  open.push(app);
  await app.startAllMicroservices();
  const lab = new TtrpcClient({ url: folder.url(), protoPath: LAB_PROTO });
  open.push(lab);
  const call = lab.getAsyncService<{ ask(request: Message): Promise<Message> }>('lab.v1.Lab').ask({ text: 'x' });
  await started;
  const service = healthClient('admin.sock');
  expect(await service.check({})).toEqual({ status: 'SERVING' });
  const closed = app.close();
  const watch = service.watch({});
  // The call is still running: the other server answers, and says so.
  expect((await watch.next()).value).toEqual({ status: 'NOT_SERVING' });
  release();
  expect(await call).toMatchObject({ text: 'x' });
  await closed;
});

it.each<[string, Partial<TtrpcHealth>, number]>([
  ['is a part of one', { getStatus: () => 'SERVING' }, 0],
  [
    'throws',
    {
      onDrain: () => {
        throw new Error('out of order');
      },
    },
    1,
  ],
])('drainFirst closes the server where the TtrpcHealth of a test %s', async (_what, health, errors) => {
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const server = newServer();
  const module = await Test.createTestingModule({ imports: [drainFirst(AppModule, server)] })
    .overrideProvider(TtrpcHealth)
    .useValue(health)
    .compile();
  const app = module.createNestMicroservice({ strategy: server, logger: false });
  await app.listen();
  await app.close();
  await app.close();
  expect(server.addresses).toEqual([]);
  expect(error).toHaveBeenCalledTimes(errors);
  error.mockRestore();
});

describe('TtrpcHealth.watch', () => {
  it('of many services takes one signal, or none, and a reader may leave while it waits', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    const known = new TtrpcHealth();
    const controller = new AbortController();
    const names = Array.from({ length: 12 }, (_, index) => `service${index}`);
    const watches = names.map((name) => known.watch(name, controller.signal));
    const lone = known.watch('alone');
    for (const watch of [...watches, lone]) await watch.next();
    const waiting = [...watches, lone].map((watch) => watch.next());
    expect(await lone.return()).toEqual({ done: true, value: undefined });
    expect(await waiting.at(-1)).toEqual({ done: true, value: undefined });
    controller.abort();
    for (const next of waiting.slice(0, -1)) expect(await next).toEqual({ done: true, value: undefined });
    // Node says it in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('and clearStatus take names only', () => {
    expect(() => new TtrpcHealth().clearStatus(undefined as never)).toThrow(
      'clearStatus: expected the name of a service, got undefined',
    );
  });
});

describe('grpc.Health of kata', () => {
  @Module({
    imports: [TtrpcHealthModule.register({ kata: { grpcVersion: '0.0.1', agentVersion: '3.2.0' } })],
    controllers: [LabController],
  })
  class KataModule {}

  it('is served beside grpc.health.v1 where it is asked for', async () => {
    await start(KataModule);
    const agent = client().getAsyncService<{
      check(request: object): Promise<Status>;
      version(request: object): Promise<object>;
    }>('grpc.Health');
    expect(await agent.check({})).toEqual({ status: 'SERVING' });
    expect(await agent.version({})).toEqual({ grpc_version: '0.0.1', agent_version: '3.2.0' });
    await expect(agent.check({ service: 'x' })).rejects.toMatchObject({ code: TtrpcStatus.NOT_FOUND });
  });

  it('is not served otherwise', async () => {
    await start();
    const agent = client().getAsyncService<{ check(request: object): Promise<Status> }>('grpc.Health');
    await expect(agent.check({})).rejects.toMatchObject({ code: TtrpcStatus.UNIMPLEMENTED });
  });
});

describe('the option services of a server', () => {
  const warn = jest.spyOn(Logger.prototype, 'warn');
  afterEach(() => void warn.mockReset());
  afterAll(() => warn.mockRestore());

  @Module({ imports: [TtrpcHealthModule.register({ kata: true })], controllers: [LabController] })
  class KataModule {}

  it.each<[string[], string[]]>([
    [['lab.v1.Lab'], ['TtrpcHealthModule', 'kata of TtrpcHealthModule']],
    [['lab.v1.Lab', 'grpc.health.v1.Health'], ['kata of TtrpcHealthModule']],
    [['lab.v1.Lab', 'grpc.health.v1.Health', 'grpc.Health'], []],
  ])('%j serves no more than that, and the log says what serves nothing', async (services, without) => {
    const lines: unknown[] = [];
    warn.mockImplementation((line: unknown) => lines.push(line));
    await start(KataModule, new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, services }));
    const named = lines.filter((line) => String(line).includes('serves nothing'));
    expect(named).toEqual(
      without.map((module) => expect.stringContaining(`${module} serves nothing: service grpc.`) as unknown),
    );
    const check = healthClient().check({});
    if (services.includes('grpc.health.v1.Health')) expect(await check).toEqual({ status: 'SERVING' });
    else await expect(check).rejects.toMatchObject({ code: TtrpcStatus.UNIMPLEMENTED });
  });
});

describe('a module that is not imported as it should be', () => {
  const failsWith = (imports: (Type | DynamicModule)[]): Promise<unknown> => {
    @Module({ imports })
    class WrongModule {}
    return NestFactory.createMicroservice(WrongModule, { strategy: newServer(), logger: false, abortOnError: false })
      .then((app) => app.listen().finally(() => app.close()))
      .then(
        () => undefined,
        (error: unknown) => (error as Error).message,
      );
  };

  it('the class itself', async () => {
    expect(await failsWith([TtrpcHealthModule])).toContain('expected TtrpcHealthModule.register() among the imports');
    expect(await failsWith([TtrpcReflectionModule])).toContain('expected TtrpcReflectionModule.register() among');
  });

  it('two registrations in one application', async () => {
    const registered = (name: string): DynamicModule => {
      @Module({})
      class Feature {}
      const imports = [name === 'health' ? TtrpcHealthModule.register() : TtrpcReflectionModule.register()];
      return { module: Feature, imports };
    };
    // Nest tells dynamic modules apart by what they provide, so that two alike may be one.
    const listed = TtrpcReflectionModule.register({ services: ['lab.v1.Lab'] });
    expect(await failsWith([registered('reflection'), listed])).toContain(
      'TtrpcReflectionModule.register() was called for two modules of the application',
    );
    const health = TtrpcHealthModule.register({ statuses: { 'lab.v1.Lab': 'SERVING' } });
    expect(await failsWith([registered('health'), health])).toContain(
      'TtrpcHealthModule.register() was called for two modules of the application',
    );
    expect(await failsWith([health, health])).toBeUndefined();
  });
});

describe('options', () => {
  it.each<[unknown, string]>([
    [null, 'expected options such as { statuses }, got null'],
    [{ statuses: null }, 'expected statuses: an object of statuses by name, got null'],
    [{ statuses: new Map([['x', 'SERVING']]) }, 'expected statuses: an object of statuses by name, got '],
    [{ statuses: ['lab.v1.Lab'] }, 'expected statuses: an object of statuses by name, got '],
    [{ kata: null }, 'expected kata: true, false or an object of versions, got null'],
    [{ kata: 'x' }, 'expected kata: true, false or an object of versions, got string "x"'],
    [{ kata: { agentVersion: 3 } }, 'expected kata.agentVersion: a string, got '],
    [{ isGlobal: 'yes' }, 'expected isGlobal: true or false, got string "yes"'],
  ])('%j fails at once', (options, message) => {
    expect(() => TtrpcHealthModule.register(options as TtrpcHealthOptions)).toThrow(`TtrpcHealthModule: ${message}`);
  });

  it.each<[object, string]>([
    [
      { status: {} },
      "TtrpcHealthModule.status: no such option; TtrpcHealthModule has statuses, kata, isGlobal. Did you mean 'statuses'?",
    ],
    [
      { kata: { agentversion: '1' } },
      "kata.agentversion: no such option; kata has grpcVersion, agentVersion. Did you mean 'agentVersion'?",
    ],
  ])('%j has a name that is no option', (options, message) => {
    expect(() => TtrpcHealthModule.register(options)).toThrow(new TypeError(message));
  });

  it('a status that does not exist fails at the start', async () => {
    @Module({ imports: [TtrpcHealthModule.register({ statuses: { lab: 'UP' as never } })] })
    class WrongModule {}
    await expect(
      NestFactory.createApplicationContext(WrongModule, { logger: false, abortOnError: false }),
    ).rejects.toThrow('setStatus("lab"): expected UNKNOWN, SERVING or NOT_SERVING, got string "UP"');
  });
});

describe('TtrpcHealthIndicator in @nestjs/terminus', () => {
  @Module({ imports: [TerminusModule, TtrpcHealthModule.register()], controllers: [LabController] })
  class TerminusAppModule {}

  it('shows the health of this application', async () => {
    const app = await start(TerminusAppModule);
    const checks = app.get(HealthCheckService);
    const indicator = app.get(TtrpcHealthIndicator);
    expect(await checks.check([() => indicator.isHealthy('ttrpc')])).toMatchObject({
      status: 'ok',
      info: { ttrpc: { status: 'up', servingStatus: 'SERVING' } },
    });
    app.get(TtrpcHealth).setStatus('', 'NOT_SERVING');
    await expect(checks.check([() => indicator.isHealthy('ttrpc')])).rejects.toMatchObject({
      response: { status: 'error', error: { ttrpc: { status: 'down', servingStatus: 'NOT_SERVING' } } },
    });
    expect(indicator.isHealthy('lab', 'lab.v1.Lab')).toEqual({
      lab: { status: 'down', servingStatus: 'SERVICE_UNKNOWN' },
    });
  });

  it('asks another server', async () => {
    const app = await start(TerminusAppModule);
    const checks = app.get(HealthCheckService);
    const indicator = app.get(TtrpcHealthIndicator);
    expect(await checks.check([() => indicator.checkService('other', folder.url())])).toMatchObject({
      status: 'ok',
      details: { other: { status: 'up', servingStatus: 'SERVING' } },
    });
    const unknown = await indicator.checkService('other', folder.url(), { service: 'nobody' });
    expect(unknown.other).toEqual({ status: 'down', message: 'service "nobody" has no health status' });
    const nobody = await indicator.checkService('other', folder.url('nobody.sock'), { timeoutMs: 2000 });
    expect(nobody.other.status).toBe('down');
    expect(nobody.other.message).toContain('nobody.sock');
  });

  it('says what is wrong with a server that has no health', async () => {
    @Module({ controllers: [LabController] })
    class PlainModule {}
    await start(PlainModule);
    const app = await start(TerminusAppModule, newServer('own.sock'));
    expect(await app.get(TtrpcHealthIndicator).checkService('other', folder.url())).toEqual({
      other: {
        status: 'down',
        message: 'the server does not serve grpc.health.v1.Health/Check (UNIMPLEMENTED: service grpc.health.v1.Health)',
      },
    });
  });

  it.each([
    [
      { timeout: 5 },
      "checkService.timeout: no such option; checkService has service, timeoutMs. Did you mean 'timeoutMs'?",
    ],
    [null, 'checkService: expected options such as { service }, got null'],
    ['lab.v1.Lab', 'checkService: expected options such as { service }, got string "lab.v1.Lab"'],
  ])('refuses the options %j', async (options, message) => {
    const app = await start(TerminusAppModule);
    const checked = app.get(TtrpcHealthIndicator).checkService('other', folder.url(), options as object);
    await expect(checked).rejects.toThrow(new TypeError(message));
  });
});
