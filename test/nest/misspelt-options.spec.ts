import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger, type INestMicroservice } from '@nestjs/common';
import {
  getTtrpcServiceToken,
  InjectTtrpcService,
  TtrpcClient,
  TtrpcClientsModule,
  TtrpcException,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
  TtrpcToHttpExceptionFilter,
  type TtrpcServerOptions,
} from 'nestjs-ttrpc';
import { TtrpcGrpcClient, TtrpcGrpcServer } from 'nestjs-ttrpc/grpc';
import { Test } from '@nestjs/testing';
import { fileURLToPath } from 'node:url';
import { createLabApp } from '../support/nest-lab.js';

const protoPath = fileURLToPath(new URL('./lab.proto', import.meta.url));
const schema = { url: 'memory:misspelt', protoPath };

interface Lab {
  ask(question: object, options?: object): Promise<{ text: string }>;
}

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  ask({ text }: { text: string }): object {
    if (text === 'details') throw new TtrpcException(3, 'bad', [{ field: 'text' }] as never);
    if (text === 'string') return 'no message' as never;
    return { text };
  }
}

let app: INestMicroservice | undefined;
let client: TtrpcClient | undefined;
let logged: string[];

beforeEach(() => {
  logged = [];
  for (const level of ['warn', 'error'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => void logged.push(String(line)));
  }
});

afterEach(async () => {
  await client?.close();
  await app?.close();
  client = app = undefined;
  jest.restoreAllMocks();
});

const misspelt = (): string[] => logged.filter((line) => line.includes('is no option'));

/** Options as plain JavaScript, or a factory, may have them: the types refuse them in a literal. */
const loose = (options: object): typeof schema => ({ ...schema, ...options });

async function start(options: object = {}, make = (all: typeof schema) => new TtrpcServer(all)): Promise<void> {
  app = await createLabApp(make(loose(options)), { controllers: [LabController] });
  await app.listen();
}

describe('a name that is no option is warned of', () => {
  it('at a server, when it listens', async () => {
    await start({ maxConcurentCalls: 5, loader: { default: true } });
    expect(misspelt()).toEqual([
      "'maxConcurentCalls' is no option of a TtrpcServer: it does nothing. Did you mean 'maxConcurrentCalls'?",
      "'default' is no option of loader: it does nothing. Did you mean 'defaults'?",
    ]);
  });

  it('at a client', async () => {
    client = new TtrpcClient(loose({ timeout: 5, service: ['lab.v1.Lab'] }));
    expect(misspelt()).toEqual([
      "'timeout' is no option of a ttrpc client: it does nothing. Did you mean 'timeoutMs'?",
      "'service' is no option of a ttrpc client: it does nothing. Did you mean 'services'?",
    ]);
  });

  it('at a client whose options come from a factory', async () => {
    const useFactory = (): typeof schema => ({ ...schema, ...{ timeouts: 5 } });
    const imports = [TtrpcClientsModule.registerAsync([{ name: 'LAB', useFactory }])];
    const module = await Test.createTestingModule({ imports }).compile();
    await module.close();
    expect(misspelt()).toEqual([
      "'timeouts' is no option of a ttrpc client: it does nothing. Did you mean 'timeoutMs'?",
    ]);
  });

  it('at a call, once in the process', async () => {
    await start();
    client = new TtrpcClient(schema);
    const lab = client.getAsyncService<Lab>('lab.v1.Lab');
    for (let call = 0; call < 2; call += 1) {
      expect(await lab.ask({ text: 'hi' }, { timeout: 5000, signal: undefined })).toEqual({ text: 'hi' });
    }
    expect(misspelt()).toEqual(["'timeout' is no option of a call: it does nothing. Did you mean 'timeoutMs'?"]);
  });

  it('at the server and the client of the gRPC entry, beside what they ignore', async () => {
    await start(
      { package: 'lab.v1', gracefulShutdown: true, otherService: 'ignore' },
      (all) => new TtrpcGrpcServer(all),
    );
    client = new TtrpcGrpcClient(loose({ package: 'lab.v1', pakage: 'lab.v1', otherServices: undefined }));
    expect(misspelt()).toEqual([
      "'otherService' is no option of a TtrpcGrpcServer: it does nothing. Did you mean 'otherServices'?",
      "'pakage' is no option of a TtrpcGrpcClient: it does nothing. Did you mean 'package'?",
    ]);
  });
});

it('an object with the options of both sides, and a class with options of its own, are no mistake', async () => {
  class OwnServer extends TtrpcServer {
    constructor(readonly own: TtrpcServerOptions & { colour: string }) {
      super(own);
    }
  }
  const shared = { timeoutMs: 5000, retry: true, gracePeriodMs: 5, strict: false, signalStreams: true };
  await start(shared);
  client = new TtrpcClient(loose(shared));
  await app?.close();
  await start({ colour: 'red' }, (all) => new OwnServer(all as typeof schema & { colour: string }));
  expect(misspelt()).toEqual([]);
});

describe('mistakes that had texts of the runtime', () => {
  class Controller {
    ask(): void {
      // Never called.
    }
  }
  const decorate = (decorator: MethodDecorator): void => {
    decorator(Controller.prototype, 'ask', Object.getOwnPropertyDescriptor(Controller.prototype, 'ask') as never);
  };
  const unknown = undefined as never;

  it.each([
    ['@TtrpcService(undefined)', () => (TtrpcService as (name: string) => ClassDecorator)(unknown)(Controller)],
    ["InjectTtrpcService('LAB', undefined)", () => InjectTtrpcService('LAB', unknown)],
    ['InjectTtrpcService(undefined, …)', () => InjectTtrpcService(unknown, 'lab.v1.Lab')],
  ])('%s suspects a circle of imports', (_title, mistake) => {
    expect(mistake).toThrow(
      /expected the name of a (service|client).*, got undefined; is its file in a circle of imports\?/,
    );
  });

  it.each([
    [{ pipe: false }, "'pipe' is no option of @TtrpcMethod: it does nothing. Did you mean 'pipes'?"],
    [{ pipes: 'no' }, 'pipes: expected true or false, got string "no"'],
    [5, 'expected names and an object with options, got number 5'],
  ])('@TtrpcMethod(%j) names the method', (options, message) => {
    expect(() => decorate(TtrpcMethod(options as never))).toThrow(`@TtrpcMethod() on Controller.ask: ${message}`);
  });

  it.each<[string, () => unknown, string]>([
    [
      'metadata',
      () => new TtrpcClient(loose({ metadata: 'a' })),
      'metadata: expected keys with values, got string "a"',
    ],
    ['loader', () => new TtrpcClient(loose({ loader: 5 })), 'loader: expected an object such as { longs: String }'],
    [
      'keepCase',
      () => new TtrpcClient(loose({ loader: { keepCase: 'yes' } })),
      'loader.keepCase: expected true or false',
    ],
    ['an empty token', () => getTtrpcServiceToken('LAB', ''), 'expected the name of a service or a ServiceDescriptor'],
    ['a filter', () => new TtrpcToHttpExceptionFilter({ exposeError: true } as object), "'exposeError' is no option"],
    [
      'services',
      () => TtrpcClientsModule.register([{ name: 'LAB', ...schema, services: 'lab.v1.Lab' as never }]),
      'client LAB: services: expected an array of names or descriptors of services, got string "lab.v1.Lab"',
    ],
  ])('%s', (_title, mistake, message) => {
    expect(mistake).toThrow(message);
  });

  it('useClass without createClientOptions', async () => {
    class Wrong {}
    const imports = [TtrpcClientsModule.registerAsync([{ name: 'LAB', useClass: Wrong as never }])];
    await expect(Test.createTestingModule({ imports }).compile()).rejects.toThrow(
      'client LAB: useClass: expected a provider with the method createClientOptions(), got an object of class Wrong',
    );
  });

  it("grpc-js's Metadata in the place of the options of a call", async () => {
    client = new TtrpcClient(schema);
    class Metadata {
      getMap(): object {
        return {};
      }
    }
    await expect(client.getAsyncService<Lab>('lab.v1.Lab').ask({}, new Metadata())).rejects.toMatchObject({
      code: TtrpcStatus.INVALID_ARGUMENT,
      message:
        'call options: expected an object such as { timeoutMs, metadata, signal }, got an object of class Metadata',
    });
  });

  it('details that nobody packed, and a response that is no message', async () => {
    await start();
    client = new TtrpcClient(schema);
    const lab = client.getAsyncService<Lab>('lab.v1.Lab');
    await expect(lab.ask({ text: 'details' })).rejects.toMatchObject({
      code: TtrpcStatus.INVALID_ARGUMENT,
      details: [],
    });
    expect(logged.at(-1)).toBe(
      'LabController.ask threw an error with details that are not sent: 1 of them are not what context.pack() makes',
    );
    await expect(lab.ask({ text: 'string' })).rejects.toThrow(
      'the response of LabController.ask does not encode: lab.v1.Answer: expected an object',
    );
  });
});
