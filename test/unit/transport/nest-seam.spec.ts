// What src/transport/nest-seam rests on in Nest, against the real one: Nest 12 in this repository's tests, Nest 11 in
// test/consumers/nest11-commonjs, which runs a copy of this file against the packed library. Hence public imports only.
import 'reflect-metadata';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  Get,
  Injectable,
  Module,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type INestMicroservice,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { ApplicationConfig, NestFactory, Reflector } from '@nestjs/core';
import {
  Ctx,
  EventPattern,
  GrpcMethod,
  MessagePattern,
  Payload,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import {
  bytesCodec,
  TtrpcException,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
  type ServiceDescriptor,
  type TtrpcServerOptions,
  type TtrpcStream,
} from 'nestjs-ttrpc';
import { connect, type RawClient } from 'nestjs-ttrpc/protocol';
import { Subject, throwError, type Observable } from 'rxjs';
import * as keys from './metadata-keys.js';

const SEAM = {
  name: 'seam.v1.Seam',
  methods: {
    Ask: { name: 'Ask', shape: 'unary', request: bytesCodec, response: bytesCodec },
    Chat: { name: 'Chat', shape: 'bidi', request: bytesCodec, response: bytesCodec },
  },
} satisfies ServiceDescriptor;

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array): string => Buffer.from(value).toString();

let folder: string;
let url: string;
let app: INestApplication | INestMicroservice | undefined;
let client: RawClient | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seam-'));
  url = `unix://${join(folder, 's.sock')}`;
});

afterEach(async () => {
  client?.close();
  await app?.close();
  client = app = undefined;
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

/** The function of a handler. */
function handlerOf(type: Type, method: string): object {
  return Reflect.get(type.prototype as object, method) as object;
}

function moduleOf(controller: Type): Type {
  class Root {}
  Module({ controllers: [controller] })(Root);
  return Root;
}

function newServer(options: Partial<TtrpcServerOptions> = {}): TtrpcServer {
  return new TtrpcServer({ url, descriptors: [SEAM], ...options });
}

async function start(
  controller: Type,
  options: Partial<TtrpcServerOptions> = {},
  prepare: (microservice: INestMicroservice) => void = () => undefined,
): Promise<INestMicroservice> {
  const microservice = await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf(controller), {
    strategy: newServer(options),
    logger: false,
  });
  app = microservice;
  prepare(microservice);
  await microservice.listen();
  return microservice;
}

async function ask(request: string): Promise<string> {
  client ??= await connect(url);
  return text(await client.call(SEAM.name, 'Ask', bytes(request)));
}

class Exclaiming implements PipeTransform {
  transform(value: unknown): unknown {
    return value instanceof Uint8Array ? bytes(`${text(value)}!`) : value;
  }
}

class Passing implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Catch(BadRequestException)
class Rewriting implements ExceptionFilter {
  catch(_exception: BadRequestException, host: ArgumentsHost): Observable<never> {
    return throwError(() => new TtrpcException(TtrpcStatus.OUT_OF_RANGE, `filtered ${host.getType()}`));
  }
}

describe('the metadata keys', () => {
  class Decorated {
    @MessagePattern('message', Transport.TCP, { extra: 1 })
    message(@Payload() _request: unknown, @Ctx() _context: unknown): void {
      // Only its metadata count.
    }

    @EventPattern('event')
    @UsePipes(Exclaiming)
    @UseFilters(Rewriting)
    event(_event: unknown): void {
      // Only its metadata count.
    }

    @Get('route')
    route(): void {
      // Only its metadata count.
    }
  }
  const on = (key: string, method: keyof Decorated): unknown => Reflect.getMetadata(key, handlerOf(Decorated, method));

  it('are those that Nest writes on a handler', () => {
    expect(on(keys.PATTERN, 'message')).toEqual(['message']);
    expect(on(keys.TRANSPORT, 'message')).toBe(Transport.TCP);
    expect(on(keys.EXTRAS, 'message')).toMatchObject({ extra: 1 });
    expect(on(keys.HANDLER_TYPE, 'message')).not.toBe(keys.EVENT);
    expect(on(keys.HANDLER_TYPE, 'event')).toBe(keys.EVENT);
    expect(on(keys.PIPES, 'event')).toEqual([Exclaiming]);
    expect(on(keys.FILTERS, 'event')).toEqual([Rewriting]);
    expect(on(keys.ROUTE, 'route')).toBe('route');
  });

  it('are those that Nest writes on a class', () => {
    class Enhanced {}
    UsePipes(Exclaiming)(Enhanced);
    UseFilters(Rewriting)(Enhanced);
    expect(Reflect.getMetadata(keys.PIPES, Enhanced)).toEqual([Exclaiming]);
    expect(Reflect.getMetadata(keys.FILTERS, Enhanced)).toEqual([Rewriting]);
    expect(Reflect.getMetadata(keys.CAUGHT_TYPES, Rewriting)).toEqual([BadRequestException]);
    expect(Reflect.getMetadata(keys.PARAMETERS, Decorated, 'message')).toMatchObject({
      [keys.FIRST_PAYLOAD]: { index: 0, pipes: [] },
      [keys.SECOND_CONTEXT]: { index: 1, pipes: [] },
    });
  });

  it('and that TypeScript writes', () => {
    expect(Reflect.getMetadata(keys.PARAMETER_TYPES, Decorated.prototype, 'message')).toHaveLength(2);
  });
});

describe('the parameter stage', () => {
  /** Tells how many arguments it got: all that the server passes, or what Nest resolved for its one parameter. */
  @TtrpcService(SEAM)
  class Counting {
    @TtrpcMethod()
    ask(request: Uint8Array): Uint8Array {
      return bytes(`${text(request)} ${arguments.length}`);
    }
  }

  it('is left out where no pipe applies', async () => {
    await start(Counting);
    expect(await ask('hi')).toBe('hi 2');
  });

  it('runs for a global pipe that was added before listen()', async () => {
    await start(Counting, {}, (microservice) => void microservice.useGlobalPipes(new Exclaiming()));
    expect(await ask('hi')).toBe('hi! 1');
  });

  it('runs for a pipe of the class', async () => {
    @TtrpcService(SEAM)
    @UsePipes(Exclaiming)
    class Piped extends Counting {}
    await start(Piped);
    expect(await ask('hi')).toBe('hi! 1');
  });

  it('always runs with alwaysResolveParameters', async () => {
    await start(Counting, { alwaysResolveParameters: true });
    expect(await ask('hi')).toBe('hi 1');
  });

  it('hides nothing after the pipelines are built', async () => {
    await start(Counting);
    const metadata = Reflect.getMetadata(keys.PARAMETERS, Counting, 'ask') as object;
    expect(Object.keys(metadata)).toEqual([keys.FIRST_PAYLOAD]);
  });
});

describe('the filter', () => {
  class Failing {
    ask(request: Uint8Array): Uint8Array {
      throw new BadRequestException(`bad ${text(request)}`);
    }
  }

  function failing(scope: Scope = Scope.DEFAULT): Type {
    @TtrpcService(SEAM, { scope })
    class Failed extends Failing {
      @TtrpcMethod()
      override ask(request: Uint8Array): Uint8Array {
        return super.ask(request);
      }
    }
    return Failed;
  }

  const unfiltered = { code: TtrpcStatus.INVALID_ARGUMENT, message: 'bad hi' };
  const filtered = { code: TtrpcStatus.OUT_OF_RANGE, message: 'filtered rpc' };

  it("lets an exception through that Nest's base filter hides", async () => {
    await start(failing());
    await expect(ask('hi')).rejects.toMatchObject(unfiltered);
  });

  it.each([
    ['once', Scope.DEFAULT],
    ['for each request', Scope.REQUEST],
  ])('comes after a global filter; the controller is made %s', async (_title, scope) => {
    await start(failing(scope), {}, (microservice) => void microservice.useGlobalFilters(new Rewriting()));
    await expect(ask('hi')).rejects.toMatchObject(filtered);
  });

  it('comes after a filter of the class', async () => {
    const controller = failing();
    UseFilters(Rewriting)(controller);
    await start(controller);
    await expect(ask('hi')).rejects.toMatchObject(filtered);
  });

  it.each([
    [true, filtered],
    [false, unfiltered],
  ])('knows whether a connected microservice inherits the global filters: %s', async (inheritAppConfig, expected) => {
    const hybrid = await NestFactory.create(moduleOf(failing()), { logger: false });
    app = hybrid;
    hybrid.useGlobalFilters(new Rewriting());
    hybrid.connectMicroservice<MicroserviceOptions>({ strategy: newServer() }, { inheritAppConfig });
    await hybrid.startAllMicroservices();
    await hybrid.init();
    await expect(ask('hi')).rejects.toMatchObject(expected);
    const config = hybrid.get(ApplicationConfig);
    expect(config.getGlobalFilters()).toHaveLength(1);
    expect(Object.hasOwn(config, 'getGlobalFilters')).toBe(false);
  });
});

describe('the pipes of messages', () => {
  function echoing(): Type {
    @TtrpcService(SEAM)
    class Echoing {
      @TtrpcMethod({ validateMessages: true })
      @UsePipes(Exclaiming)
      async *chat(lines: TtrpcStream<Uint8Array>): AsyncIterable<Uint8Array> {
        yield* lines;
      }
    }
    return Echoing;
  }

  class Asking implements PipeTransform {
    transform(value: Uint8Array): unknown {
      return bytes(`${text(value)}?`);
    }
  }

  async function chat(line: string): Promise<string> {
    client ??= await connect(url);
    const stream = client.stream(SEAM.name, 'Chat', 'bidi');
    await stream.send(bytes(line));
    stream.closeSend();
    let answers = '';
    for await (const answer of stream) answers += text(answer);
    return answers;
  }

  it('are global ones and those of the method, made by Nest', async () => {
    await start(echoing(), {}, (microservice) => void microservice.useGlobalPipes(new Asking()));
    expect(await chat('hi')).toBe('hi?!');
  });

  it.each([
    [true, 'hi?!'],
    [false, 'hi!'],
  ])('knows whether a connected microservice inherits the global ones: %s', async (inheritAppConfig, expected) => {
    const own = Object.getOwnPropertyDescriptor(ApplicationConfig.prototype, 'getGlobalPipes');
    const hybrid = await NestFactory.create(moduleOf(echoing()), { logger: false });
    app = hybrid;
    hybrid.useGlobalPipes(new Asking());
    hybrid.connectMicroservice<MicroserviceOptions>({ strategy: newServer() }, { inheritAppConfig });
    await hybrid.startAllMicroservices();
    await hybrid.init();
    expect(await chat('hi')).toBe(expected);
    // What listened while Nest built the pipelines is gone.
    expect(Object.getOwnPropertyDescriptor(ApplicationConfig.prototype, 'getGlobalPipes')).toEqual(own);
  });
});

describe("the handler's return", () => {
  @Injectable()
  class Late implements NestInterceptor {
    async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      await new Promise((resolve) => setImmediate(resolve));
      return next.handle();
    }
  }

  it('is seen in `apply`, by which Nest calls a handler', async () => {
    @TtrpcService(SEAM)
    class Chatting {
      @UseInterceptors(Late)
      @TtrpcMethod()
      chat(lines: TtrpcStream<Uint8Array>): Observable<Uint8Array> {
        const answers = new Subject<Uint8Array>();
        lines.subscribe(answers);
        return answers;
      }
    }
    const handler = Chatting.prototype as unknown as Record<'chat', { apply: (...args: unknown[]) => unknown }>;
    const { apply } = handler.chat;
    let applied = 0;
    handler.chat.apply = (...args) => {
      applied++;
      return apply(...args);
    };
    await start(Chatting);
    client = await connect(url);
    const stream = client.stream(SEAM.name, 'Chat', 'bidi');
    for (const line of ['a', 'b', 'c']) await stream.send(bytes(line));
    stream.closeSend();
    const received: string[] = [];
    for await (const line of stream) received.push(text(line));
    expect(received).toEqual(['a', 'b', 'c']);
    expect(applied).toBe(1);
  });
});

describe('the twin of a handler that serves another transport, too', () => {
  const roles: unknown[] = [];

  @Injectable()
  class Guard extends Passing {
    constructor(private readonly reflector: Reflector) {
      super();
    }

    override canActivate(context?: ExecutionContext): boolean {
      if (context) roles.push(this.reflector.get('roles', context.getHandler()), context.getHandler().name);
      return true;
    }
  }

  it('has the enhancers and the metadata of the handler, and leaves that as it is', async () => {
    @TtrpcService(SEAM)
    class Both {
      @UseGuards(Guard)
      @GrpcMethod('Seam', 'Ask')
      @TtrpcMethod()
      ask(request: Uint8Array): Uint8Array {
        return bytes(`${this.constructor.name} ${text(request)}`);
      }
    }
    Reflect.defineMetadata('roles', ['reader'], handlerOf(Both, 'ask'));
    await start(Both);
    expect(await ask('hi')).toBe('Both hi');
    expect(roles).toEqual([['reader'], 'ask']);
    expect(Reflect.getMetadata(keys.TRANSPORT, handlerOf(Both, 'ask'))).toBe(Transport.GRPC);
    expect(Reflect.getMetadata(keys.PATTERN, handlerOf(Both, 'ask'))).toEqual([
      expect.objectContaining({ service: 'Seam', rpc: 'Ask' }),
    ]);
  });
});
