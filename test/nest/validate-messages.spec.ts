import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  Injectable,
  Logger,
  Module,
  Scope,
  UseFilters,
  UsePipes,
  ValidationPipe,
  type ExceptionFilter,
  type INestApplication,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { APP_PIPE, NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { IsInt, IsNotEmpty, Max } from 'class-validator';
import {
  TtrpcClient,
  TtrpcContext,
  TtrpcException,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
  type TtrpcMethodOptions,
  type TtrpcStream,
} from 'nestjs-ttrpc';
import { createTtrpcTestingApp, type TtrpcTestingApp, type TtrpcTestingOptions } from 'nestjs-ttrpc/testing';
import { firstValueFrom, from, map, Subject, throwError, toArray, type Observable } from 'rxjs';
import { LAB_PROTO, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

class Part {
  @IsNotEmpty()
  text!: string;

  @IsInt()
  @Max(9)
  number = 0;
}

interface Lab {
  ask(request: Message): Promise<Message>;
  sum(parts: AsyncIterable<Message> | Iterable<Message>): Promise<Message>;
  chat(lines: AsyncIterable<Message> | Iterable<Message>): AsyncIterable<Message>;
}

const REFUSED = 'number must not be greater than 9';
const VALID = { text: 'a', number: 1 };
const INVALID = { text: 'b', number: 10 };

let app: TtrpcTestingApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
  jest.restoreAllMocks();
});

async function start(controller: Type, options: Partial<TtrpcTestingOptions> = {}): Promise<Lab> {
  app = await createTtrpcTestingApp({
    controllers: [controller],
    protoPath: LAB_PROTO,
    // A test that waits for a response in vain fails with this.
    client: { timeoutMs: 10_000 },
    ...options,
  });
  return app.getAsyncService<Lab>('lab.v1.Lab');
}

async function failureOf(call: Promise<unknown>): Promise<TtrpcException> {
  return call.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as TtrpcException,
  );
}

async function all(responses: AsyncIterable<Message>): Promise<(string | undefined)[]> {
  const texts: (string | undefined)[] = [];
  for await (const { text } of responses) texts.push(text);
  return texts;
}

/** A controller whose `sum` tells the class of each message, beside a unary method with the same pipes. */
function controllerWith(...decorators: MethodDecorator[]): Type {
  class Controller {
    ask(part: Part): Message {
      return { text: part.constructor.name };
    }

    async sum(parts: TtrpcStream<Part>): Promise<Message> {
      let number = 0;
      const classes: string[] = [];
      for await (const part of parts) {
        number += part.number;
        classes.push(part.constructor.name);
      }
      return { number, text: classes.join() };
    }
  }
  for (const name of ['ask', 'sum'] as const) {
    const descriptor = Object.getOwnPropertyDescriptor(Controller.prototype, name) as PropertyDescriptor;
    for (const each of decorators) each(Controller.prototype, name, descriptor);
    Reflect.defineMetadata('design:paramtypes', [name === 'ask' ? Part : Object], Controller.prototype, name);
    TtrpcMethod(name === 'sum' ? { validateMessages: Part } : {})(Controller.prototype, name, descriptor);
  }
  TtrpcService('lab.v1.Lab')(Controller);
  return Controller;
}

const validation = (): ValidationPipe => new ValidationPipe({ transform: true });

@Injectable()
class Validation extends ValidationPipe {
  constructor() {
    super({ transform: true });
  }
}

@Injectable({ scope: Scope.REQUEST })
class OnRequest implements PipeTransform {
  transform(value: unknown): unknown {
    return value;
  }
}

describe('the messages of a request stream', () => {
  const places: [string, () => Type, Partial<TtrpcTestingOptions>][] = [
    ['global', () => controllerWith(), { prepare: (each) => each.useGlobalPipes(validation()) }],
    ['of a module', () => controllerWith(), { providers: [{ provide: APP_PIPE, useClass: Validation }] }],
    ['of the method', () => controllerWith(UsePipes(validation())), {}],
    ['of the method, by its class', () => controllerWith(UsePipes(Validation)), {}],
    [
      'of the class',
      () => {
        const controller = controllerWith();
        UsePipes(validation())(controller);
        return controller;
      },
      {},
    ],
    [
      'of the class, by its class',
      () => {
        const controller = controllerWith();
        UsePipes(Validation)(controller);
        return controller;
      },
      {},
    ],
    ['of the parameter', () => controllerWith((target, key) => Payload(validation())(target, key, 0)), {}],
    ['of the parameter, by its class', () => controllerWith((target, key) => Payload(Validation)(target, key, 0)), {}],
  ];

  it.each(places)('pass a pipe that is %s, and fail as a unary request does', async (_name, controller, options) => {
    const lab = await start(controller(), options);
    expect(await lab.ask(VALID)).toEqual({ text: 'Part' });
    expect(await lab.sum([VALID, { text: 'c' }])).toEqual({ number: 1, text: 'Part,Part' });
    const unary = await failureOf(lab.ask(INVALID));
    const streamed = await failureOf(lab.sum([VALID, INVALID, VALID]));
    expect([streamed.code, streamed.message]).toEqual([TtrpcStatus.INVALID_ARGUMENT, REFUSED]);
    expect([unary.code, unary.message]).toEqual([streamed.code, streamed.message]);
  });

  it('pass all of them, in Nest’s order, and not the stream itself', async () => {
    const seen: string[] = [];
    const noting = (name: string): PipeTransform => ({
      transform: (value: Message, { metatype, type }) => {
        seen.push(`${name} ${type} ${metatype?.name}`);
        return { ...value, text: `${value.text}${name}` };
      },
    });
    @TtrpcService('lab.v1.Lab')
    @UsePipes(noting('c'))
    class Controller {
      @TtrpcMethod({ validateMessages: Part })
      @UsePipes(noting('m'))
      async *chat(
        @Payload(noting('p')) lines: TtrpcStream<Part>,
        @Ctx() context: TtrpcContext,
      ): AsyncIterable<Message> {
        for await (const { text } of lines) yield { text: `${text} ${context.method}` };
      }
    }
    const lab = await start(Controller, { prepare: (each) => each.useGlobalPipes(noting('g')) });
    expect(await all(lab.chat([{ text: '-' }]))).toEqual(['-gcmp Chat']);
    expect(seen).toEqual(['g body Part', 'c body Part', 'm body Part', 'p body Part']);
  });

  it('keep their order and come by demand, whatever a pipe takes', async () => {
    let running = 0;
    let most = 0;
    const slow: PipeTransform = {
      async transform(value: Message) {
        most = Math.max(most, ++running);
        if ((value.number ?? 0) % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        running--;
        return value;
      },
    };
    @TtrpcService('lab.v1.Lab')
    class Controller {
      @TtrpcMethod({ validateMessages: true })
      @UsePipes(slow)
      chat(lines: TtrpcStream<Message>): Observable<Message> {
        return lines.pipe(map(({ number }) => ({ text: String(number ?? 0) })));
      }
    }
    const lab = await start(Controller);
    const numbers = Array.from({ length: 1000 }, (_, number) => number);
    expect(await all(lab.chat(numbers.map((number) => ({ number }))))).toEqual(numbers.map(String));
    expect(most).toBe(1);
  });

  const idioms: [string, (lines: TtrpcStream<Part>) => unknown][] = [
    [
      'for await',
      async function* (lines) {
        for await (const { text } of lines) yield { text };
      },
    ],
    ['pipe(map())', (lines) => lines.pipe(map(({ text }) => ({ text })))],
    [
      'a Subject without an error handler',
      (lines) => {
        const answers = new Subject<Message>();
        lines.subscribe({ next: ({ text }) => answers.next({ text }), complete: () => answers.complete() });
        return answers;
      },
    ],
    [
      'an operator without an error handler',
      (lines) => {
        const answers = new Subject<Message>();
        lines.pipe(map(({ text }) => ({ text }))).subscribe((each) => answers.next(each));
        return answers;
      },
    ],
    ['toArray()', (lines) => firstValueFrom(lines.pipe(toArray())).then((parts) => from(parts))],
  ];

  it.each(idioms)('end the call when one is refused: %s', async (_name, handle) => {
    @TtrpcService('lab.v1.Lab')
    class Controller {
      @TtrpcMethod({ validateMessages: Part })
      chat(lines: TtrpcStream<Part>): unknown {
        return handle(lines);
      }
    }
    const lab = await start(Controller, { prepare: (each) => each.useGlobalPipes(validation()) });
    const error = await failureOf(all(lab.chat([VALID, INVALID, VALID])));
    expect([error.code, error.message]).toEqual([TtrpcStatus.INVALID_ARGUMENT, REFUSED]);
  });

  it('go to the filters when one is refused', async () => {
    @Catch(BadRequestException)
    class Own implements ExceptionFilter {
      catch(error: BadRequestException): unknown {
        return throwError(() => TtrpcException.outOfRange(`own: ${error.message}`));
      }
    }
    const controller = controllerWith(UsePipes(validation()), UseFilters(Own));
    const error = await failureOf((await start(controller)).sum([INVALID]));
    expect([error.code, error.message]).toEqual([TtrpcStatus.OUT_OF_RANGE, 'own: Bad Request Exception']);
  });

  it('may be refused and the handler go on', async () => {
    @TtrpcService('lab.v1.Lab')
    @UsePipes(validation())
    class Controller {
      @TtrpcMethod({ validateMessages: Part })
      async sum(parts: TtrpcStream<Part>): Promise<Message> {
        let number = 0;
        try {
          for await (const part of parts) number += part.number;
        } catch {
          return { number, text: 'so far' };
        }
        return { number };
      }
    }
    expect(await (await start(Controller)).sum([VALID, INVALID, VALID])).toEqual({ number: 1, text: 'so far' });
  });

  it('hide what a pipe throws by mistake', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    for (const thrown of [new Error('secret'), 'secret', null]) {
      const broken: PipeTransform = {
        transform: () => {
          // eslint-disable-next-line @typescript-eslint/only-throw-error
          throw thrown;
        },
      };
      const error = await failureOf((await start(controllerWith(UsePipes(broken)))).sum([VALID]));
      expect([error.code, error.message]).toEqual([TtrpcStatus.UNKNOWN, 'Internal server error']);
      await app?.close();
    }
  });

  it('pass the pipes of a request-scoped controller', async () => {
    @TtrpcService('lab.v1.Lab', { scope: Scope.REQUEST })
    class Controller {
      @TtrpcMethod({ validateMessages: Part })
      async sum(parts: TtrpcStream<Part>): Promise<Message> {
        let number = 0;
        for await (const part of parts) number += part.number;
        return { number };
      }
    }
    const lab = await start(Controller, { prepare: (each) => each.useGlobalPipes(validation()) });
    expect(await lab.sum([VALID])).toEqual({ number: 1 });
    expect((await failureOf(lab.sum([INVALID]))).message).toBe(REFUSED);
  });
});

describe('a microservice that is connected to an HTTP application', () => {
  let http: INestApplication | undefined;
  let client: TtrpcClient | undefined;
  const folder = new TempFolder();
  afterEach(async () => {
    await client?.close();
    await http?.close();
  });

  it.each([
    ['its own pipes', false],
    ['those that it inherits', true],
  ])('validates messages by %s', async (_name, inheritAppConfig) => {
    @Module({ controllers: [controllerWith()] })
    class AppModule {}
    http = await NestFactory.create(AppModule, { logger: false });
    http.useGlobalPipes(inheritAppConfig ? validation() : { transform: () => ({ text: 'of HTTP' }) });
    const url = folder.url(`${inheritAppConfig}.sock`);
    const strategy = new TtrpcServer({ url, protoPath: LAB_PROTO });
    const service = http.connectMicroservice({ strategy }, { inheritAppConfig, deferInitialization: true });
    if (!inheritAppConfig) service.useGlobalPipes(validation());
    await http.init();
    await http.startAllMicroservices();
    client = new TtrpcClient({ url, protoPath: LAB_PROTO });
    const lab = client.getAsyncService<Lab>('lab.v1.Lab');
    expect(await lab.sum([VALID, VALID])).toEqual({ number: 2, text: 'Part,Part' });
    expect((await failureOf(lab.sum([INVALID]))).message).toBe(REFUSED);
  });
});

describe('wrong wiring', () => {
  const sum = (options: TtrpcMethodOptions, ...decorators: MethodDecorator[]): Type => {
    class Wrong {
      async sum(parts: AsyncIterable<Message>): Promise<Message> {
        for await (const _ of parts);
        return { text: 'ok' };
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Wrong.prototype, 'sum') as PropertyDescriptor;
    for (const each of decorators) each(Wrong.prototype, 'sum', descriptor);
    TtrpcMethod(options)(Wrong.prototype, 'sum', descriptor);
    TtrpcService('lab.v1.Lab')(Wrong);
    return Wrong;
  };

  it('is told by the decorator', () => {
    expect(() => sum({ validateMessages: Part, pipes: false })).toThrow(
      'Wrong.sum: validateMessages runs pipes, and pipes: false runs none; leave one out',
    );
    expect(() => sum({ validateMessages: 'Part' as never })).toThrow(
      'Wrong.sum: validateMessages: expected a class or true, got string "Part"',
    );
    expect(() => sum({ validateMessages: true }, (target, key) => Payload('text')(target, key, 0))).toThrow(
      'Wrong.sum: validateMessages takes the parameters (messages, context): @Payload() on the first and @Ctx() on the second, or no decorators',
    );
  });

  const wrong: [string, () => Type, string][] = [
    ['no pipe', () => sum({ validateMessages: Part }), 'no pipe applies to it'],
    [
      'a ValidationPipe without a class',
      () => sum({ validateMessages: true }, UsePipes(validation())),
      'true does not tell a ValidationPipe which class the messages have; write the class: validateMessages: HelloRequest',
    ],
    [
      'a request-scoped pipe',
      () => sum({ validateMessages: Part }, UsePipes(OnRequest)),
      'the pipe OnRequest is request-scoped',
    ],
  ];

  it.each(wrong)('is told at the start: %s', async (_name, controller, text) => {
    await expect(start(controller())).rejects.toThrow(`Wrong.sum: validateMessages: ${text}`);
  });

  it('is told at the start: an rpc with one request', async () => {
    @TtrpcService('lab.v1.Lab')
    @UsePipes(validation())
    class Wrong {
      @TtrpcMethod({ validateMessages: Part })
      ask(): Message {
        return {};
      }
    }
    await expect(start(Wrong)).rejects.toThrow(
      'Wrong.ask: validateMessages is for rpcs whose requests are a stream, and lab.v1.Lab/Ask is unary',
    );
  });

  it('is none where the pipe knows its class', async () => {
    const lab = await start(sum({ validateMessages: true }, UsePipes(new ValidationPipe({ expectedType: Part }))));
    expect((await failureOf(lab.sum([INVALID]))).message).toBe(REFUSED);
  });
});
