import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { concat, from, map, Observable, of, reduce, throwError, timer } from 'rxjs';
import {
  TtrpcContext,
  TtrpcException,
  TtrpcMethod,
  TtrpcService,
  TtrpcStatus,
  type TtrpcStream,
} from '../../src/index.js';
import { startLab, type Lab, type Message } from '../support/nest-lab.js';

let lab: Lab;

afterEach(() => lab.close());

describe('what a handler may return', () => {
  @TtrpcService('lab.v1.Lab')
  class LabController {
    @TtrpcMethod()
    ask(request: Message, context: TtrpcContext): unknown {
      expect(context).toBeInstanceOf(TtrpcContext);
      const answer = { text: `${request.text}!`, number: request.number };
      switch (request.text) {
        case 'value':
          return answer;
        case 'promise':
          return Promise.resolve(answer);
        case 'observable':
          return of(answer);
        case 'late observable':
          return timer(1).pipe(map(() => answer));
        case 'promise of an observable':
          return Promise.resolve(of(answer));
        case 'nothing':
          return undefined;
        case 'null':
          return null;
        case 'empty observable':
          return of();
        case 'two answers':
          return of(answer, answer);
        case 'throws':
          throw new TtrpcException(TtrpcStatus.NOT_FOUND, 'not here');
        case 'rejects':
          return Promise.reject(new TtrpcException(TtrpcStatus.NOT_FOUND, 'not here'));
        case 'fails':
          return throwError(() => new TtrpcException(TtrpcStatus.NOT_FOUND, 'not here'));
        default:
          return { number: 'no number' };
      }
    }

    @TtrpcMethod('Count')
    counting(@Payload() request: Message, @Ctx() context: TtrpcContext): unknown {
      const items = Array.from({ length: request.number ?? 0 }, (_, number) => ({ number }));
      switch (request.text) {
        case 'observable':
          return from(items);
        case 'promise of an observable':
          return Promise.resolve(from(items));
        case 'iterable':
          return (async function* () {
            for (const item of items) {
              await Promise.resolve();
              yield item;
            }
          })();
        case 'array':
          return items;
        case 'fails':
          return concat(
            from(items),
            throwError(() => new TtrpcException(TtrpcStatus.ABORTED, 'in the middle')),
          );
        case 'throws inside':
          return (async function* () {
            yield* items;
            await Promise.resolve();
            throw new TtrpcException(TtrpcStatus.ABORTED, 'in the middle');
          })();
        default:
          return context.method;
      }
    }

    @TtrpcMethod()
    sum(parts: TtrpcStream<Message>, context: TtrpcContext): unknown {
      switch (context.metadata.get('how')) {
        case 'observable':
          return parts.pipe(
            reduce((sum, part) => sum + (part.number ?? 0), 0),
            map((number) => ({ number })),
          );
        case 'early':
          return { number: -1 };
        default:
          return (async () => {
            let number = 0;
            for await (const part of parts) number += part.number ?? 0;
            return { number };
          })();
      }
    }

    @TtrpcMethod()
    chat(lines: TtrpcStream<Message>, context: TtrpcContext): Observable<Message> | AsyncIterable<Message> {
      if (context.metadata.get('how') === 'observable')
        return lines.pipe(map(({ text }) => ({ text: text?.toUpperCase() })));
      return (async function* () {
        for await (const { text } of lines) yield { text: text?.toUpperCase() };
      })();
    }

    @TtrpcMethod()
    forget(): void {
      // No value: the answer is Empty.
    }
  }

  const start = async (): Promise<void> => {
    lab = await startLab({ controllers: [LabController] });
  };

  it.each(['value', 'promise', 'observable', 'late observable', 'promise of an observable'])(
    'unary: %s',
    async (text) => {
      await start();
      expect(await lab.ask('Ask', { text, number: 7 })).toMatchObject({ text: `${text}!`, number: 7 });
    },
  );

  it.each(['nothing', 'null', 'empty observable'])('unary: %s is INTERNAL and names the handler', async (text) => {
    await start();
    await expect(lab.ask('Ask', { text })).rejects.toMatchObject({
      code: TtrpcStatus.INTERNAL,
      message: 'LabController.ask gave no response; one lab.v1.Answer was expected',
    });
  });

  it('unary: a second value is INTERNAL', async () => {
    await start();
    await expect(lab.ask('Ask', { text: 'two answers' })).rejects.toMatchObject({
      code: TtrpcStatus.INTERNAL,
      message: 'LabController.ask gave a second response; one lab.v1.Answer was expected',
    });
  });

  it('unary: a value that does not fit names handler and field', async () => {
    await start();
    await expect(lab.ask('Ask', { text: 'misfit' })).rejects.toMatchObject({
      code: TtrpcStatus.INTERNAL,
      message: expect.stringMatching(/LabController\.ask does not encode: .*number/),
    });
  });

  it.each(['throws', 'rejects', 'fails'])('unary: %s', async (text) => {
    await start();
    await expect(lab.ask('Ask', { text })).rejects.toMatchObject({ code: TtrpcStatus.NOT_FOUND, message: 'not here' });
  });

  it('unary: no value is fine for Empty', async () => {
    await start();
    expect(await lab.ask('Forget', {})).toEqual({});
  });

  it.each(['observable', 'promise of an observable', 'iterable', 'array'])('server-streaming: %s', async (text) => {
    await start();
    const answers = await lab.stream('Count', [{ text, number: 1000 }]);
    expect(answers.map(({ number = 0 }) => number)).toEqual(Array.from({ length: 1000 }, (_, number) => number));
  });

  it.each(['fails', 'throws inside'])('server-streaming: %s', async (text) => {
    await start();
    await expect(lab.stream('Count', [{ text, number: 3 }])).rejects.toMatchObject({
      code: TtrpcStatus.ABORTED,
      message: 'in the middle',
    });
  });

  it('server-streaming: a value that is no stream is INTERNAL', async () => {
    await start();
    await expect(lab.stream('Count', [{ text: 'other' }])).rejects.toMatchObject({
      code: TtrpcStatus.INTERNAL,
      message: 'LabController.counting gave a value of type string; an Observable or an AsyncIterable was expected',
    });
  });

  it.each(['iterable', 'observable'])('client-streaming, read as an %s', async (how) => {
    await start();
    const parts = Array.from({ length: 1000 }, (_, number) => ({ number }));
    expect(await lab.stream('Sum', parts, { metadata: { how } })).toMatchObject([{ number: 499500 }]);
  });

  it('client-streaming: an answer before the end of the stream', async () => {
    await start();
    expect(await lab.stream('Sum', [{ number: 1 }], { metadata: { how: 'early' } })).toMatchObject([{ number: -1 }]);
  });

  it.each(['iterable', 'observable'])('bidi, read as an %s', async (how) => {
    await start();
    const lines = Array.from({ length: 500 }, (_, i) => ({ text: `line ${i}` }));
    const answers = await lab.stream('Chat', lines, { metadata: { how } });
    expect(answers.map(({ text }) => text)).toEqual(lines.map(({ text }) => text.toUpperCase()));
  });
});

describe('decorators on a plain controller', () => {
  @Controller()
  class PlainController {
    @TtrpcMethod('lab.v1.Lab', 'Ask')
    anything(request: Message, context: TtrpcContext): Message {
      return { text: `${context.service}/${context.method} ${request.text}` };
    }
  }

  it('take service and rpc', async () => {
    lab = await startLab({ controllers: [PlainController] });
    expect(await lab.ask('Ask', { text: 'hello' })).toMatchObject({ text: 'lab.v1.Lab/Ask hello' });
  });
});
