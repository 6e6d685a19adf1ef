import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Scope, UsePipes, type PipeTransform, type Type } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { TtrpcContext, TtrpcMethod, TtrpcService } from '../../src/index.js';
import { startLab, type Lab, type LabOptions, type Message } from '../support/nest-lab.js';

class Exclaiming implements PipeTransform {
  transform(value: unknown): unknown {
    const { text } = value as Message;
    return text === undefined ? value : { text: `${text}!` };
  }
}

@Injectable({ scope: Scope.REQUEST })
class ExclaimingOnRequest extends Exclaiming {}

/** Says how many arguments it got: all that the server passes, or what Nest has resolved for its one parameter. */
@TtrpcService('lab.v1.Lab')
class Counting {
  @TtrpcMethod()
  ask(request: Message): Message {
    return { text: request.text, number: arguments.length };
  }
}

let lab: Lab | undefined;

afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

async function ask(controllers: Type | Type[], options: Omit<LabOptions, 'controllers'> = {}): Promise<Message> {
  lab = await startLab({ controllers: [controllers].flat(), ...options });
  return lab.ask('Ask', { text: 'hi' });
}

describe('the parameters of a handler', () => {
  it('are what the server passes where there are no pipes', async () => {
    expect(await ask(Counting)).toMatchObject({ text: 'hi', number: 2 });
  });

  it.each<[string, Omit<LabOptions, 'controllers'>]>([
    ['global', { prepare: (app) => app.useGlobalPipes(new Exclaiming()) }],
    ['of a module', { providers: [{ provide: APP_PIPE, useClass: Exclaiming }] }],
    ['made for each request', { providers: [{ provide: APP_PIPE, useClass: ExclaimingOnRequest }] }],
  ])('go through a pipe that is %s', async (_title, options) => {
    expect(await ask(Counting, options)).toMatchObject({ text: 'hi!', number: 1 });
  });

  it('go through a pipe of the class', async () => {
    @TtrpcService('lab.v1.Lab')
    @UsePipes(Exclaiming)
    class Piped {
      @TtrpcMethod()
      ask(request: Message): Message {
        return { text: request.text };
      }
    }
    expect(await ask(Piped)).toMatchObject({ text: 'hi!' });
  });

  it.each<[string, ClassDecorator]>([
    ['inherits it', Controller()],
    ['inherits it as a service', TtrpcService('lab.v1.Lab')],
  ])('go through a pipe of a class that %s', async (_title, decorate) => {
    class Heir extends Counting {}
    UsePipes(Exclaiming)(Heir);
    decorate(Heir);
    expect(await ask(Heir)).toMatchObject({ text: 'hi!' });
  });

  it('go through the pipes of each class that has it', async () => {
    @TtrpcService('lab.v1.Other')
    @UsePipes(Exclaiming)
    class Heir extends Counting {}
    expect(await ask([Counting, Heir])).toMatchObject({ text: 'hi', number: 1 });
  });

  it.each(['above', 'below'])('go through a pipe %s the decorator of the method', async (place) => {
    const pipes = UsePipes(Exclaiming);
    @TtrpcService('lab.v1.Lab')
    class Piped {
      @(place === 'above' ? pipes : () => undefined)
      @TtrpcMethod()
      @(place === 'below' ? pipes : () => undefined)
      ask(request: Message): Message {
        return { text: request.text };
      }
    }
    expect(await ask(Piped)).toMatchObject({ text: 'hi!' });
  });

  it('go through a pipe of their own', async () => {
    @TtrpcService('lab.v1.Lab')
    class Piped {
      @TtrpcMethod()
      ask(@Payload(Exclaiming) request: Message, @Ctx() context: TtrpcContext): Message {
        return { text: `${request.text} ${context.method}` };
      }
    }
    expect(await ask(Piped)).toMatchObject({ text: 'hi! Ask' });
  });

  it('stand where they were decorated', async () => {
    @TtrpcService('lab.v1.Lab')
    class Swapped {
      @TtrpcMethod()
      ask(@Ctx() context: TtrpcContext, @Payload() request: Message): Message {
        return { text: `${request.text} ${context.method}` };
      }
    }
    expect(await ask(Swapped)).toMatchObject({ text: 'hi Ask' });
  });

  it('are looked up by a name where they were decorated with one', async () => {
    @TtrpcService('lab.v1.Lab')
    class Named {
      @TtrpcMethod()
      ask(@Payload('text') text: string): Message {
        return { text };
      }
    }
    expect(await ask(Named)).toMatchObject({ text: 'hi' });
  });

  it('can be seen by everybody else', async () => {
    await ask(Counting);
    const metadata: unknown = Reflect.getMetadata('__routeArguments__', Counting, 'ask');
    expect(Object.keys(metadata as object)).toEqual(['3:0']);
  });
});
