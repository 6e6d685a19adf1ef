import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, type DynamicModule } from '@nestjs/common';
import { ClientsModule, type ClientProxy } from '@nestjs/microservices';
import { Test, type TestingModule } from '@nestjs/testing';
import { lastValueFrom, of } from 'rxjs';
import {
  getTtrpcServiceToken,
  TtrpcClient,
  TtrpcClientsModule,
  type TtrpcClientAsyncRegistration,
  type TtrpcClientOptions,
  type TtrpcClientOptionsFactory,
} from '../../src/client/index.js';
import { InjectTtrpcService } from '../../src/decorators/inject-ttrpc-service.decorator.js';
import { SchemaError } from '../../src/schema/index.js';
import { CLIENT_PROTO, ClientLab, type AsyncLab, type Lab } from '../support/client-lab.js';

const SERVICE = 'client.v1.Lab';

let lab: ClientLab;
let app: TestingModule | undefined;

beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
});

afterEach(async () => {
  await app?.close();
  app = undefined;
  await lab.close();
});

/** Everything that a user can inject. */
@Injectable()
class User {
  @InjectTtrpcService('LAB', SERVICE) readonly byProperty!: Lab; // Nest sets it.

  constructor(
    @Inject('LAB') readonly client: TtrpcClient,
    @InjectTtrpcService('LAB', SERVICE) readonly observables: Lab,
    @InjectTtrpcService('LAB', SERVICE, { async: true }) readonly promises: AsyncLab,
  ) {}
}

async function compile(clients: DynamicModule, ...others: DynamicModule[]): Promise<User> {
  app = await Test.createTestingModule({ imports: [clients, ...others], providers: [User] }).compile();
  await app.init();
  return app.get(User);
}

async function expectItWorks(user: User): Promise<void> {
  expect(user.client).toBeInstanceOf(TtrpcClient);
  expect(user.byProperty).toBe(user.observables);
  expect(user.observables).toBe(user.client.getService(SERVICE));
  expect(await lastValueFrom(user.observables.ask({ number: 1 }))).toMatchObject({ number: 2 });
  expect(await user.promises.ask({ number: 2 })).toMatchObject({ number: 3 });
  await app?.close();
  expect(user.client.unwrap().status).toBe('closed');
}

function options(): TtrpcClientOptions {
  return { url: lab.url, protoPath: CLIENT_PROTO };
}

describe('TtrpcClientsModule.register', () => {
  it('provides a client and the proxies of its services, and closes it with the application', async () => {
    await expectItWorks(
      await compile(TtrpcClientsModule.register([{ name: 'LAB', services: [SERVICE], ...options() }])),
    );
  });

  it('makes no connection by itself', async () => {
    await compile(TtrpcClientsModule.register([{ name: 'LAB', services: [SERVICE], ...options() }]));
    expect(lab.server?.connectionCount).toBe(0);
  });

  it('provides to all modules where that is wanted', async () => {
    @Module({ providers: [User], exports: [User] })
    class Feature {}
    @Module({
      imports: [
        TtrpcClientsModule.register({ clients: [{ name: 'LAB', services: [SERVICE], ...options() }], isGlobal: true }),
      ],
    })
    class Core {}
    app = await Test.createTestingModule({ imports: [Core, Feature] }).compile();
    await expectItWorks(app.get(User));
  });

  it('gives each application a client of its own', async () => {
    const clients = TtrpcClientsModule.register([{ name: 'LAB', services: [SERVICE], ...options() }]);
    const first = await compile(clients);
    await app?.close();
    const second = await compile(clients);
    expect(second.client).not.toBe(first.client);
    await expectItWorks(second);
  });

  it('takes a name that is a symbol', async () => {
    const name = Symbol('lab');
    app = await Test.createTestingModule({
      imports: [TtrpcClientsModule.register([{ name, services: ['Lab'], ...options() }])],
    }).compile();
    const proxy = app.get<AsyncLab>(getTtrpcServiceToken(name, 'Lab', { async: true }));
    expect(await proxy.ask({ number: 1 })).toMatchObject({ number: 2 });
    expect(app.get<TtrpcClient>(name)).toBeInstanceOf(TtrpcClient);
  });

  it('has tokens that a test can override', async () => {
    app = await Test.createTestingModule({
      imports: [TtrpcClientsModule.register([{ name: 'LAB', services: [SERVICE], ...options() }])],
      providers: [User],
    })
      .overrideProvider(getTtrpcServiceToken('LAB', SERVICE))
      .useValue({ ask: () => of({ text: 'a double' }) })
      .compile();
    expect(await lastValueFrom(app.get(User).observables.ask({}))).toEqual({ text: 'a double' });
    expect(typeof getTtrpcServiceToken('LAB', SERVICE)).toBe('string');
  });

  it.each<[string, () => DynamicModule, string]>([
    [
      'two clients of one name',
      () =>
        TtrpcClientsModule.register([
          { name: 'LAB', ...options() },
          { name: 'LAB', ...options() },
        ]),
      'TtrpcClientsModule: two clients are named LAB',
    ],
    [
      'a client without a name',
      () => TtrpcClientsModule.register([options() as never]),
      'TtrpcClientsModule: each client needs a name, a string or a symbol',
    ],
    [
      'a client without a factory',
      () => TtrpcClientsModule.registerAsync([{ name: 'LAB' }]),
      'client LAB: expected exactly one of useFactory, useClass and useExisting',
    ],
  ])('refuses %s', (_name, register, message) => {
    expect(register).toThrow(message);
  });

  it('fails at the start for a bad schema or an unknown service', async () => {
    const compiled = (services: string[], change: Partial<TtrpcClientOptions> = {}): Promise<unknown> =>
      Test.createTestingModule({
        imports: [TtrpcClientsModule.register([{ name: 'LAB', services, ...options(), ...change }])],
      }).compile();
    await expect(compiled(['client.v1.Lap'])).rejects.toThrow("Did you mean 'client.v1.Lab'?");
    await expect(compiled([SERVICE], { protoPath: '/nowhere/x.proto' })).rejects.toBeInstanceOf(SchemaError);
    await expect(compiled([SERVICE], { url: undefined })).rejects.toThrow('exactly one of url, duplex and connect');
  });
});

describe('TtrpcClientsModule.registerAsync', () => {
  @Injectable()
  class Config implements TtrpcClientOptionsFactory {
    createClientOptions(): Promise<TtrpcClientOptions> {
      return Promise.resolve(options());
    }
  }

  @Module({ providers: [Config], exports: [Config] })
  class ConfigModule {}

  const registrations: [string, Omit<TtrpcClientAsyncRegistration, 'name'>][] = [
    [
      'a factory with what it injects',
      {
        imports: [ConfigModule],
        inject: [Config],
        useFactory: (config: Config) => config.createClientOptions(),
      },
    ],
    ['a class', { useClass: Config }],
    ['a provider that exists', { imports: [ConfigModule], useExisting: Config }],
    [
      'a factory with providers of its own',
      {
        extraProviders: [{ provide: 'URL', useFactory: () => lab.url }],
        inject: ['URL'],
        useFactory: (url: string) => ({ ...options(), url }),
      },
    ],
  ];

  it.each(registrations)('takes %s', async (_name, registration) => {
    const clients = TtrpcClientsModule.registerAsync([{ name: 'LAB', services: [SERVICE], ...registration }]);
    await expectItWorks(await compile(clients));
  });

  it('provides several clients, also to all modules', async () => {
    const registration = { imports: [ConfigModule], useExisting: Config, services: [SERVICE] };
    const user = await compile(
      TtrpcClientsModule.registerAsync({
        isGlobal: true,
        clients: [
          { name: 'LAB', ...registration },
          { name: 'OTHER', ...registration },
        ],
      }),
    );
    expect(app?.get<TtrpcClient>('OTHER')).not.toBe(user.client);
    await expectItWorks(user);
  });
});

describe("Nest's own ClientsModule", () => {
  @Injectable()
  class Plain {
    constructor(@Inject('LAB') readonly client: ClientProxy) {}
  }

  async function plain(clients: DynamicModule): Promise<ClientProxy> {
    app = await Test.createTestingModule({ imports: [clients], providers: [Plain] }).compile();
    return app.get(Plain).client;
  }

  it.each<[string, () => DynamicModule]>([
    ['register', () => ClientsModule.register([{ name: 'LAB', customClass: TtrpcClient, options: options() }])],
    [
      'registerAsync',
      () =>
        ClientsModule.registerAsync([
          { name: 'LAB', useFactory: () => ({ customClass: TtrpcClient, options: options() }) },
        ]),
    ],
  ])('makes one by %s', async (_name, clients) => {
    const client = await plain(clients());
    expect(client).toBeInstanceOf(TtrpcClient);
    const answer: unknown = await lastValueFrom(client.send('/client.v1.Lab/Ask', { number: 1 }));
    expect(answer).toMatchObject({ number: 2 });
    expect(await (client as TtrpcClient).getAsyncService<AsyncLab>(SERVICE).ask({ number: 1 })).toMatchObject({
      number: 2,
    });
    await app?.close();
    expect((client as TtrpcClient).unwrap().status).toBe('closed');
  });
});
