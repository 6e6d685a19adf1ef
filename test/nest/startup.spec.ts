import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Logger, Module, type INestMicroservice, type Type } from '@nestjs/common';
import { EventPattern, GrpcMethod, MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  TtrpcClientsModule,
  TtrpcException,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
  type TtrpcServerOptions,
} from '../../src/index.js';
import { SchemaError } from '../../src/schema/index.js';
import { createLabApp, LAB_PROTO, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

let folder: TempFolder;
let lines: string[];
const apps: INestMicroservice[] = [];

beforeEach(() => {
  folder = new TempFolder();
  lines = [];
});

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  Logger.overrideLogger(false);
  expect(folder.list()).toEqual([]);
  folder.remove();
});

async function create(controllers: Type[], server: TtrpcServer): Promise<INestMicroservice> {
  const app = await createLabApp(server, { controllers });
  apps.push(app);
  Logger.overrideLogger({
    log: (text: string, context?: string) => void (context === 'TtrpcServer' && lines.push(`log ${text}`)),
    warn: (text: string) => void lines.push(`warn ${text}`),
    error: (text: string) => void lines.push(`error ${text}`),
  });
  return app;
}

async function listen(controllers: Type[], options: Partial<TtrpcServerOptions> = {}): Promise<TtrpcServer> {
  const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, ...options });
  await (await create(controllers, server)).listen();
  return server;
}

/** What a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<TtrpcException> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(TtrpcException);
      return error as TtrpcException;
    },
  );
}

@TtrpcService('lab.v1.Other')
class Other {
  @TtrpcMethod() ask(request: Message): Message {
    return request;
  }
}

@TtrpcService('lab.v1.Lab')
class Part {
  @TtrpcMethod() ask(request: Message): Message {
    return request;
  }
  @TtrpcMethod() sum(): Message {
    return {};
  }
}

describe('at its start a server says', () => {
  it('where it listens and what it serves', async () => {
    await listen([Other], { services: ['Other'] });
    expect(lines).toEqual([`log listening on ${folder.url()}; serving lab.v1.Other (1 rpc)`]);
  });

  it('how much of a service it serves, and where the port is', async () => {
    const server = await listen([Part, Other], { url: [folder.url(), 'tcp://127.0.0.1:0'] });
    expect(lines.at(-1)).toBe(
      `log listening on ${server.addresses.join(', ')}; serving lab.v1.Lab (2 of 5 rpcs), lab.v1.Other (1 rpc)`,
    );
  });

  it('that it has no address', async () => {
    await listen([Other], { services: ['Other'], url: undefined });
    expect(lines).toEqual([
      'warn no address: `url` is not set, so that only what accept() is given is served',
      'log not listening; serving lab.v1.Other (1 rpc)',
    ]);
  });
});

describe('an rpc without a handler, and why', () => {
  it('methods of its name with other decorators, or with none', async () => {
    @TtrpcService('lab.v1.Lab')
    class Elsewhere {
      @GrpcMethod('Lab', 'Ask') ask(request: Message): Message {
        return request;
      }
      @MessagePattern('count') count(): Message {
        return {};
      }
      @EventPattern('forget') forget(_event: unknown): void {
        // Nothing.
      }
      sum(): Message {
        return {};
      }
      get chat(): Message {
        throw new Error('it is not read');
      }
    }
    await listen([Elsewhere, Other], {});
    expect(lines.filter((line) => line.includes('Elsewhere'))).toEqual([
      'warn Elsewhere.ask does not serve lab.v1.Lab/Ask: it has @GrpcMethod() and no @TtrpcMethod(); it may have both',
      'warn Elsewhere.count does not serve lab.v1.Lab/Count: it has @MessagePattern() and no @TtrpcMethod(); it may have both',
      'warn Elsewhere.forget does not serve lab.v1.Lab/Forget: it has @EventPattern() and no @TtrpcMethod(); it may have both',
      'warn Elsewhere.sum does not serve lab.v1.Lab/Sum: it has no @TtrpcMethod()',
    ]);
    const strict = failure(listen([Elsewhere], { url: folder.url('strict'), services: ['Lab'], strict: true }));
    expect((await strict).message).toContain('. Elsewhere.ask does not serve lab.v1.Lab/Ask: it has @GrpcMethod()');
  });

  it('a name that is a service', async () => {
    @Controller()
    class Plain {
      @TtrpcMethod('lab.v1.Lab', 'Ask') ask(request: Message): Message {
        return request;
      }
    }
    @TtrpcService('Other')
    class Wrong {
      @TtrpcMethod('Lab') ask(request: Message): Message {
        return request;
      }
    }
    expect(await failure(listen([Plain, Wrong]))).toMatchObject({
      code: TtrpcStatus.INVALID_ARGUMENT,
      message:
        "Wrong.ask: @TtrpcMethod('Lab') names a service where an rpc is expected; write @TtrpcMethod('Lab', 'Ask')",
    });
  });
});

describe('@TtrpcMethod() on what is no method', () => {
  const expected = "of Wrong: expected a method of the class's instances with a string name, got";
  it.each<[string, () => unknown, string]>([
    [
      'a property',
      () => {
        class Wrong {
          // As JavaScript: the types refuse it.
          @(TtrpcMethod() as unknown as PropertyDecorator) ask = (): Message => ({});
        }
        return Wrong;
      },
      `@TtrpcMethod() on ask ${expected} a property; write ask(request) { … }`,
    ],
    [
      'an accessor',
      () => {
        class Wrong {
          @TtrpcMethod() get ask(): Message {
            return {};
          }
        }
        return Wrong;
      },
      `@TtrpcMethod() on ask ${expected} an accessor`,
    ],
    [
      'a static method',
      () => {
        class Wrong {
          @TtrpcMethod() static ask(): void {
            // Nothing.
          }
        }
        return Wrong;
      },
      `@TtrpcMethod() on ask ${expected} a static one`,
    ],
    [
      'a symbol',
      () => {
        class Wrong {
          @TtrpcMethod() [Symbol.iterator](): void {
            // Nothing.
          }
        }
        return Wrong;
      },
      `@TtrpcMethod() on Symbol(Symbol.iterator) ${expected} a symbol`,
    ],
  ])('%s', (_what, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('listen() rejects with a TtrpcException', () => {
  it('for an address in use; once it is free the server listens', async () => {
    const other = createServer().listen(folder.file('s.sock'));
    await once(other, 'listening');
    const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO });
    const app = await create([Other, Part], server);
    expect(await failure(app.listen())).toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: `cannot listen on unix socket ${folder.file('s.sock')}: another server listens there (EADDRINUSE)`,
    });
    await new Promise((resolve) => other.close(resolve));
    await app.listen();
    expect(server.addresses).toEqual([folder.url()]);
  });

  it('for a schema that does not load', async () => {
    const error = await failure(listen([Other], { protoPath: '/nowhere/x.proto' }));
    expect(error).toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT, cause: expect.any(SchemaError) });
    expect(error.message).toContain('/nowhere/x.proto');
  });

  it('for an address that is none', async () => {
    const error = await failure(listen([Other], { url: 'unix://x' }));
    expect(error).toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT });
  });

  it('for a service that is not in the schema', async () => {
    const error = await failure(listen([Other], { services: ['Otter'] }));
    expect(error).toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT });
  });

  it('the second time', async () => {
    const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO });
    const app = await create([Other, Part], server);
    await app.listen();
    const again = await failure(app.listen());
    expect(again).toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: `listen() was called twice on one TtrpcServer: it listens on ${folder.url()}; call it once`,
    });
    expect(server.addresses).toEqual([folder.url()]);
  });

  it('twice at once', async () => {
    const app = await create([Other, Part], new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO }));
    await app.init();
    const [first, second] = [app.listen(), app.listen()];
    expect((await failure(second)).message).toBe('listen() was called twice on one TtrpcServer; call it once');
    await first;
  });

  it('after close()', async () => {
    const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO });
    const app = await create([Other, Part], server);
    await app.init();
    await server.close();
    expect(await failure(app.listen())).toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: 'this TtrpcServer is closed: make a new one to listen again',
    });
  });
});

describe('one TtrpcServer in two applications', () => {
  const message = 'one TtrpcServer is the strategy of two applications: make a new TtrpcServer for each application';

  it('when the first one listens', async () => {
    const server = await listen([Other]);
    const second = await create([Other], server);
    expect((await failure(second.listen())).message).toBe(message);
    expect(server.addresses).toEqual([folder.url()]);
  });

  it('when none listens', async () => {
    const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO });
    const [first, second] = [await create([Other], server), await create([Other], server)];
    await first.init();
    await second.init();
    expect((await failure(second.listen())).message).toBe(message);
  });

  it('is told from one controller in two modules', async () => {
    @Module({ controllers: [Other] })
    class First {}
    @Module({ controllers: [Other] })
    class Second {}
    const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO });
    const module = await Test.createTestingModule({ imports: [First, Second] }).compile();
    const app = module.createNestMicroservice({ strategy: server, logger: false } as never);
    apps.push(app);
    expect((await failure(app.listen())).message).toBe(
      'Other.ask is registered twice for lab.v1.Other/Ask: Other is a controller of two modules, or one TtrpcServer is the strategy of two applications; name it in one module, and make a new TtrpcServer for each application',
    );
  });
});

describe('options of TtrpcServer', () => {
  it.each<[unknown, string]>([
    [undefined, 'a TtrpcServer takes options with url and protoPath; got undefined'],
    ['unix:x', 'a TtrpcServer takes options with url and protoPath; got string "unix:x"'],
    [{ maxConnections: '64' }, 'maxConnections: expected a positive integer, got string "64"'],
    [{ maxConnections: 1.5 }, 'maxConnections: expected a positive integer, got 1.5'],
    [{ strict: 'yes' }, 'strict: expected true or false, got string "yes"'],
    [{ exposeErrors: 1 }, 'exposeErrors: expected true or false, got number 1'],
    [{ services: 'Lab' }, 'services: expected an array of names of services, got string "Lab"'],
    [{ services: [5] }, 'services: expected names of services, got an array with number 5'],
  ])('%j', (options, message) => {
    expect(() => new TtrpcServer(options as TtrpcServerOptions)).toThrow(message);
  });
});

describe('TtrpcClientsModule', () => {
  it.each(['register', 'registerAsync'] as const)('%s takes an array', (method) => {
    const register = TtrpcClientsModule[method] as (registrations: unknown) => unknown;
    const expected = `TtrpcClientsModule.${method}: expected an array of clients or { clients: [ … ], isGlobal }, got`;
    expect(() => register({ name: 'LAB', url: 'unix:x' })).toThrow(
      `${expected} one client; write TtrpcClientsModule.${method}([{ name, … }])`,
    );
    expect(() => register(undefined)).toThrow(`${expected} undefined`);
    expect(() => register({ clients: { name: 'LAB' } })).toThrow(`${expected} clients: an object`);
    expect(() => register({ isGlobal: true })).toThrow(`${expected} an object`);
  });
});
