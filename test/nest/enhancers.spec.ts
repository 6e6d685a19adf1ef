import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Injectable,
  Scope,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { IsInt, IsString } from 'class-validator';
import { map, tap, type Observable } from 'rxjs';
import { TtrpcContext, TtrpcMethod, TtrpcService, TtrpcStatus, type TtrpcStream } from '../../src/index.js';
import { startLab, type Lab, type Message } from '../support/nest-lab.js';
import { turns } from '../support/deferred.js';

let lab: Lab;
let seen: string[] = [];

afterEach(async () => {
  seen = [];
  await lab.close();
});

/** Enough turns of the event loop for several read chunks to come in. */
async function aWhile(): Promise<void> {
  await turns(20);
}

@Injectable()
class SlowGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    seen.push(`guard ${context.getType()} ${context.getClass().name}.${context.getHandler().name}`);
    expect(context.switchToRpc().getContext<TtrpcContext>()).toBeInstanceOf(TtrpcContext);
    await aWhile();
    return context.switchToRpc().getContext<TtrpcContext>().metadata.get('refuse') === undefined;
  }
}

@Injectable()
class SlowInterceptor implements NestInterceptor {
  async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    seen.push('interceptor');
    await aWhile();
    return next.handle().pipe(tap({ complete: () => seen.push('interceptor end') }));
  }
}

@Injectable()
class SlowPipe implements PipeTransform {
  async transform(value: unknown, { type, metatype }: ArgumentMetadata): Promise<unknown> {
    seen.push(`pipe ${type} ${metatype?.name ?? 'none'}`);
    await aWhile();
    return value;
  }
}

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  ask(request: Message): Message {
    return { text: request.text };
  }

  @TtrpcMethod()
  async sum(parts: TtrpcStream<Message>): Promise<Message> {
    let number = 0;
    for await (const part of parts) number += part.number ?? 0;
    return { number };
  }

  @TtrpcMethod()
  chat(lines: TtrpcStream<Message>): Observable<Message> {
    return lines.pipe(map(({ number }) => ({ number })));
  }

  @TtrpcMethod()
  async *count(request: Message): AsyncIterable<Message> {
    for (let number = 0; number < (request.number ?? 0); number++) yield await Promise.resolve({ number });
  }
}

const numbers = Array.from({ length: 2000 }, (_, number) => ({ number }));

async function expectAllShapesWhole(): Promise<void> {
  expect(await lab.ask('Ask', { text: 'hi' })).toMatchObject({ text: 'hi' });
  expect(await lab.stream('Sum', numbers)).toMatchObject([{ number: 1999000 }]);
  expect((await lab.stream('Chat', numbers)).map(({ number = 0 }) => number)).toEqual(
    numbers.map(({ number }) => number),
  );
  expect(await lab.stream('Count', [{ number: 500 }])).toHaveLength(500);
}

describe('nothing of a stream is lost', () => {
  it.each(['method', 'class'])('behind asynchronous enhancers of the %s', async (level) => {
    @TtrpcService('lab.v1.Lab')
    @(level === 'class' ? UseGuards(SlowGuard) : (target: object) => void target)
    @(level === 'class' ? UseInterceptors(SlowInterceptor) : (target: object) => void target)
    @(level === 'class' ? UsePipes(SlowPipe) : (target: object) => void target)
    class Enhanced extends LabController {
      @UseGuards(SlowGuard)
      @UseInterceptors(SlowInterceptor)
      @UsePipes(SlowPipe)
      @TtrpcMethod()
      override sum(parts: TtrpcStream<Message>): Promise<Message> {
        return super.sum(parts);
      }
    }
    lab = await startLab({ controllers: [Enhanced] });
    await expectAllShapesWhole();
    expect(seen).toContain('guard rpc Enhanced.sum');
    expect(seen).toContain('pipe body Object');
    expect(seen).toContain('interceptor end');
    expect(seen.includes('guard rpc Enhanced.chat')).toBe(level === 'class');
  });

  it('behind global enhancers, of the application and of modules', async () => {
    lab = await startLab({
      controllers: [LabController],
      providers: [
        { provide: APP_GUARD, useClass: SlowGuard },
        { provide: APP_INTERCEPTOR, useClass: SlowInterceptor },
        { provide: APP_PIPE, useClass: SlowPipe },
      ],
      prepare: (app) => {
        app.useGlobalGuards(new SlowGuard());
        app.useGlobalInterceptors(new SlowInterceptor());
        app.useGlobalPipes(new SlowPipe());
      },
    });
    await expectAllShapesWhole();
    expect(seen.filter((each) => each === 'guard rpc LabController.ask')).toHaveLength(2);
  });

  it('in a request-scoped controller', async () => {
    let made = 0;
    @TtrpcService('lab.v1.Lab', { scope: Scope.REQUEST })
    class Scoped extends LabController {
      constructor() {
        super();
        made++;
      }
    }
    lab = await startLab({ controllers: [Scoped] });
    await expectAllShapesWhole();
    expect(made).toBe(4);
  });

  it('in a controller with a request-scoped provider that needs time', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Service {
      readonly id = Symbol('one for each request');
    }
    const ids = new Set<symbol>();
    @TtrpcService('lab.v1.Lab')
    class Scoped extends LabController {
      constructor(service: Service) {
        super();
        ids.add(service.id);
      }
    }
    lab = await startLab({
      controllers: [Scoped],
      providers: [
        {
          provide: Service,
          scope: Scope.REQUEST,
          useFactory: async () => {
            await aWhile();
            return new Service();
          },
        },
      ],
    });
    await expectAllShapesWhole();
    expect(ids.size).toBe(4);
  });
});

describe('enhancers', () => {
  it('a guard that refuses is PERMISSION_DENIED', async () => {
    lab = await startLab({ controllers: [LabController], prepare: (app) => app.useGlobalGuards(new SlowGuard()) });
    const metadata = { refuse: 'yes' };
    await expect(lab.ask('Ask', { text: 'hi' }, { metadata })).rejects.toMatchObject({
      code: TtrpcStatus.PERMISSION_DENIED,
      message: 'Forbidden resource',
    });
    await expect(lab.stream('Chat', numbers, { metadata })).rejects.toMatchObject({
      code: TtrpcStatus.PERMISSION_DENIED,
    });
  });

  it('an interceptor changes answers, of a unary call and of a stream of items', async () => {
    class Doubling implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(map((answer: Message) => ({ ...answer, number: 2 * (answer.number ?? 21) })));
      }
    }
    lab = await startLab({ controllers: [LabController], prepare: (app) => app.useGlobalInterceptors(new Doubling()) });
    expect(await lab.ask('Ask', { text: 'hi' })).toMatchObject({ number: 42 });
    expect(await lab.stream('Chat', [{ number: 1 }, { number: 2 }])).toMatchObject([{ number: 2 }, { number: 4 }]);
  });

  it('a global ValidationPipe transforms and checks messages, and leaves streams alone', async () => {
    class AskDto {
      @IsString() text!: string;
      @IsInt() number!: number;
    }
    const types: unknown[] = [];
    @TtrpcService('lab.v1.Lab')
    class Validated extends LabController {
      @TtrpcMethod()
      override ask(@Payload() request: AskDto & Message, @Ctx() context?: TtrpcContext): Message {
        types.push(request.constructor, context?.constructor);
        return { text: Object.keys(request).sort().join() };
      }
      @TtrpcMethod('Forget')
      forget(request: object): void {
        types.push(request.constructor);
      }
    }
    Reflect.defineMetadata('design:paramtypes', [AskDto, TtrpcContext], Validated.prototype, 'ask');
    lab = await startLab({
      controllers: [Validated],
      server: { loader: { defaults: false } },
      prepare: (app) => app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true })),
    });
    expect(await lab.ask('Ask', { text: 'hi', number: 3, list: ['dropped'] })).toMatchObject({ text: 'number,text' });
    expect(types).toEqual([AskDto, TtrpcContext]);
    await expect(lab.ask('Ask', { text: 'hi' })).rejects.toMatchObject({
      code: TtrpcStatus.INVALID_ARGUMENT,
      message: expect.stringContaining('number must be an integer number'),
    });
    expect(await lab.stream('Sum', numbers)).toMatchObject([{ number: 1999000 }]);
  });

  it("Nest's processing hooks run around each call", async () => {
    lab = await startLab({ controllers: [LabController] });
    lab.server.setOnProcessingStartHook((transport, context, done) => {
      seen.push(`start ${String(transport)} ${(context as TtrpcContext).method}`);
      void done();
    });
    lab.server.setOnProcessingEndHook((_transport, context) => {
      seen.push(`end ${(context as TtrpcContext).method}`);
    });
    await lab.ask('Ask', { text: 'hi' });
    await lab.stream('Count', [{ number: 3 }]);
    expect(seen).toEqual([
      'start Symbol(nestjs-ttrpc) Ask',
      'end Ask',
      'start Symbol(nestjs-ttrpc) Count',
      'end Count',
    ]);
  });

  it('decorated and undecorated parameters', async () => {
    @TtrpcService('lab.v1.Lab')
    class Parameters {
      @TtrpcMethod()
      ask(@Ctx() context: TtrpcContext, @Payload('text') text: string, @Payload() all: Message): Message {
        return { text: `${context.method} ${text} ${all.text}` };
      }
    }
    lab = await startLab({ controllers: [Parameters] });
    expect(await lab.ask('Ask', { text: 'hi' })).toMatchObject({ text: 'Ask hi hi' });
  });

  it('the context reaches a handler however its parameters are written', async () => {
    @TtrpcService('lab.v1.Lab')
    class Parameters {
      @TtrpcMethod()
      ask(...all: [Message, TtrpcContext]): Message {
        return { text: `${all.length} ${all[0].text} ${all[1].method}` };
      }
      @TtrpcMethod()
      async *count(request: Message, context?: TtrpcContext): AsyncIterable<Message> {
        yield await Promise.resolve({ text: `${request.number} ${context?.method}` });
      }
    }
    lab = await startLab({ controllers: [Parameters] });
    expect(await lab.ask('Ask', { text: 'hi' })).toMatchObject({ text: '2 hi Ask' });
    expect(await lab.stream('Count', [{ number: 3 }])).toMatchObject([{ text: '3 Count' }]);
  });

  it('a method without pipes gets the request and the context as they are, behind all other enhancers', async () => {
    @TtrpcService('lab.v1.Lab')
    @UsePipes(SlowPipe)
    class Plain {
      @UseGuards(SlowGuard)
      @UseInterceptors(SlowInterceptor)
      @TtrpcMethod({ pipes: false })
      ask(request: Message, context: TtrpcContext): Message {
        return { text: `${request.text} ${context.method}` };
      }
      @TtrpcMethod('lab.v1.Lab', 'Forget', { pipes: false })
      drop(): object {
        return {};
      }
    }
    lab = await startLab({ controllers: [Plain], prepare: (app) => app.useGlobalPipes(new SlowPipe()) });
    expect(await lab.ask('Ask', { text: 'hi' })).toMatchObject({ text: 'hi Ask' });
    await lab.ask('Forget', {});
    expect(seen).toEqual(['guard rpc Plain.ask', 'interceptor', 'interceptor end']);
  });
});
