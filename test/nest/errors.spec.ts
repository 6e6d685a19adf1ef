import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  ConflictException,
  Controller,
  ForbiddenException,
  GatewayTimeoutException,
  HttpException,
  Injectable,
  InternalServerErrorException,
  NotFoundException,
  ServiceUnavailableException,
  UnauthorizedException,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { RpcException } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import { TtrpcException, TtrpcMethod, TtrpcService, TtrpcStatus, type TtrpcContext } from '../../src/index.js';
import { startLab, type Lab, type Message } from '../support/nest-lab.js';

let lab: Lab;
let thrown: () => unknown;

afterEach(() => lab.close());

function throwIt(): never {
  // The point of these tests is what is thrown.

  throw thrown();
}

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  ask(): Message {
    throwIt();
  }

  @TtrpcMethod()
  count(): Observable<Message> {
    return throwError(thrown);
  }

  @TtrpcMethod()
  async *chat(): AsyncIterable<Message> {
    await Promise.resolve();
    yield { number: 1 };
    throwIt();
  }
}

@Controller()
class PlainController {
  @TtrpcMethod('lab.v1.Lab', 'Ask')
  ask(): Message {
    throwIt();
  }
}

const detail = { typeUrl: 'type.googleapis.com/lab.v1.Answer', value: new Uint8Array([10, 1, 97]) };

/** What is thrown, and what the caller gets. */
const TABLE: [string, () => unknown, TtrpcStatus, string][] = [
  ['TtrpcException', () => new TtrpcException(TtrpcStatus.ALREADY_EXISTS, 'here'), TtrpcStatus.ALREADY_EXISTS, 'here'],
  [
    'RpcException with a code',
    () => new RpcException({ code: 9, message: 'no' }),
    TtrpcStatus.FAILED_PRECONDITION,
    'no',
  ],
  ['RpcException with a text', () => new RpcException('text'), TtrpcStatus.UNKNOWN, 'text'],
  [
    'RpcException with a code out of range',
    () => new RpcException({ code: 99, message: 'x' }),
    TtrpcStatus.UNKNOWN,
    'x',
  ],
  [
    '400',
    () => new BadRequestException(['a is wrong', 'b is wrong']),
    TtrpcStatus.INVALID_ARGUMENT,
    'a is wrong; b is wrong',
  ],
  ['401', () => new UnauthorizedException('who?'), TtrpcStatus.UNAUTHENTICATED, 'who?'],
  ['403', () => new ForbiddenException('no'), TtrpcStatus.PERMISSION_DENIED, 'no'],
  ['404', () => new NotFoundException('gone'), TtrpcStatus.NOT_FOUND, 'gone'],
  ['409', () => new ConflictException('both'), TtrpcStatus.ABORTED, 'both'],
  ['429', () => new HttpException('slow down', 429), TtrpcStatus.RESOURCE_EXHAUSTED, 'slow down'],
  ['503', () => new ServiceUnavailableException('later'), TtrpcStatus.UNAVAILABLE, 'later'],
  ['504', () => new GatewayTimeoutException('too late'), TtrpcStatus.DEADLINE_EXCEEDED, 'too late'],
  ['500', () => new InternalServerErrorException('oops'), TtrpcStatus.UNKNOWN, 'oops'],
  ['an Error', () => new Error('a secret'), TtrpcStatus.UNKNOWN, 'Internal server error'],
  ['a string', () => 'a secret', TtrpcStatus.UNKNOWN, 'Internal server error'],
  ['undefined', () => undefined, TtrpcStatus.UNKNOWN, 'Internal server error'],
  [
    'a system error',
    () => Object.assign(new Error('a secret'), { code: 'ENOENT' }),
    TtrpcStatus.UNKNOWN,
    'Internal server error',
  ],
];

describe('errors without any filter registered', () => {
  it.each(TABLE)('%s', async (_name, make, code, message) => {
    thrown = make;
    lab = await startLab({ controllers: [LabController] });
    await expect(lab.ask('Ask', {})).rejects.toMatchObject({ code, message });
    await expect(lab.stream('Count', [{}])).rejects.toMatchObject({ code, message });
    await expect(lab.stream('Chat', [])).rejects.toMatchObject({ code, message });
  });

  it('a plain controller maps them too', async () => {
    thrown = () => new BadRequestException('bad');
    lab = await startLab({ controllers: [PlainController] });
    await expect(lab.ask('Ask', {})).rejects.toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT, message: 'bad' });
  });

  it('details travel', async () => {
    lab = await startLab({ controllers: [LabController] });
    thrown = () => new TtrpcException(TtrpcStatus.NOT_FOUND, 'x', [lab.server.pack('lab.v1.Answer', { text: 'a' })]);
    await expect(lab.ask('Ask', {})).rejects.toMatchObject({ details: [detail] });
    thrown = () => new RpcException({ code: 5, message: 'x', details: [detail] });
    await expect(lab.ask('Ask', {})).rejects.toMatchObject({ details: [detail] });
    expect(lab.server.unpack(detail)).toMatchObject({ text: 'a' });
  });
});

describe('filters of the user win', () => {
  @Catch(BadRequestException)
  @Injectable()
  class Filter implements ExceptionFilter {
    catch(exception: BadRequestException, host: ArgumentsHost): Observable<never> {
      const { method } = host.switchToRpc().getContext<TtrpcContext>();
      return throwError(() => new TtrpcException(TtrpcStatus.OUT_OF_RANGE, `${method} filtered ${exception.message}`));
    }
  }
  const filtered = { code: TtrpcStatus.OUT_OF_RANGE, message: 'Ask filtered bad' };

  it.each(['method', 'class below', 'class above', 'application', 'module'])('of the %s', async (level) => {
    const none = (): void => undefined;
    @(level === 'class above' ? UseFilters(Filter) : none)
    @TtrpcService('lab.v1.Lab')
    @(level === 'class below' ? UseFilters(new Filter()) : none)
    class Filtered {
      @(level === 'method' ? UseFilters(Filter) : none)
      @TtrpcMethod()
      ask(): Message {
        throwIt();
      }
    }
    lab = await startLab({
      controllers: [Filtered],
      providers: level === 'module' ? [{ provide: APP_FILTER, useClass: Filter }] : [],
      prepare: (app) => {
        if (level === 'application') app.useGlobalFilters(new Filter());
      },
    });
    thrown = () => new BadRequestException('bad');
    await expect(lab.ask('Ask', {})).rejects.toMatchObject(filtered);
    thrown = () => new NotFoundException('gone');
    await expect(lab.ask('Ask', {})).rejects.toMatchObject({ code: TtrpcStatus.NOT_FOUND, message: 'gone' });
  });
});
