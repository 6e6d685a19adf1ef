import { BadRequestException, Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import type { CallHandler, CanActivate, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Ctx, GrpcMethod, GrpcStreamCall, GrpcStreamMethod, Payload, RpcException } from '@nestjs/microservices';
import type { Metadata, ServerDuplexStream, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import { concat, EMPTY, map, NEVER, of, reduce, Subject, throwError, type Observable } from 'rxjs';
import { finalize, mergeMap } from 'rxjs/operators';
import type { HelloRequest, HelloResponse } from './hero-controllers.js';

/** What happened in the handlers, for the tests that wait for it. */
export const events = new Subject<string>();

type Reply = HelloResponse | undefined | null;
type Unary = ServerUnaryCall<HelloRequest, HelloResponse>;

class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const metadata = context.switchToRpc().getContext<Metadata>();
    return metadata.get('authorization')[0] !== 'nobody';
  }
}

class Interceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.switchToRpc().getContext<Metadata>().get('intercept').length === 0) return next.handle();
    return next.handle().pipe(map(({ reply }: HelloResponse) => ({ reply: `${reply} (intercepted)` })));
  }
}

const reply = (text: string): HelloResponse => ({ reply: text });

/** What `@GrpcMethod` handlers return, by what they are asked. */
const UNARY: Record<string, (metadata: Metadata, call: Unary) => unknown> = {
  value: () => reply('a value'),
  promise: () => Promise.resolve(reply('a promise')),
  observable: () => of(reply('an Observable')),
  'no fields': () => ({}),
  'unknown field': () => ({ reply: 'known', other: 1 }),
  metadata: (metadata) => reply(JSON.stringify({ one: metadata.get('one'), map: metadata.getMap()['two'] })),
  binary: (metadata) => reply(JSON.stringify(metadata.get('trace-bin').map((each) => [...(each as Buffer)]))),
  'clone of metadata': (metadata) => {
    const copy = metadata.clone();
    copy.set('one', 'changed');
    copy.remove('two');
    return reply(JSON.stringify([copy.get('one'), copy.get('two'), metadata.get('one')]));
  },
  'call.metadata': (metadata, call) => reply(String(call.metadata.get('one')[0] === metadata.get('one')[0])),
  'call.request': (_metadata, call) => reply(call.request.greeting),
  'call.cancelled': (_metadata, call) => reply(String(call.cancelled)),
  'call.getPeer': (_metadata, call) => reply(typeof call.getPeer()),
  'call.getPath': (_metadata, call) => reply(call.getPath()),
  'no deadline': (_metadata, call) => reply(String(call.getDeadline())),
  'a deadline': (_metadata, call) => reply(typeof call.getDeadline()),
  never: (_metadata, call) => {
    setImmediate(() => events.next('begun'));
    call.on('cancelled', () => events.next('cancelled'));
    return NEVER.pipe(finalize(() => events.next('torn down')));
  },
  'RpcException with code and message': () => {
    throw new RpcException({ code: 5, message: 'no such thing' });
  },
  'RpcException with code and details': () => {
    throw new RpcException({ code: 9, details: 'not now' });
  },
  'RpcException with a text': () => {
    throw new RpcException('just a text');
  },
  'RpcException without code': () => {
    throw new RpcException({ message: 'no code' });
  },
  'an async RpcException': () => Promise.reject(new RpcException({ code: 7, message: 'not you' })),
  'an error of the Observable': () => throwError(() => new RpcException({ code: 10, message: 'try again' })),
  'an Error': () => {
    throw new Error('the secret of the house');
  },
  'an HttpException': () => {
    throw new BadRequestException('bad text');
  },
  undefined: () => undefined,
  'an empty Observable': () => EMPTY,
  'two values': () => of(reply('first'), reply('second')),
  'a value of another type': () => ({ reply: 5 }),
};

const STREAMS: Record<string, (call: ServerDuplexStream<HelloRequest, HelloResponse>) => unknown> = {
  three: () => of(reply('1'), reply('2'), reply('3')),
  none: () => EMPTY,
  'a promise of an Observable': () => Promise.resolve(of(reply('1'), reply('2'))),
  'a value': () => reply('one value'),
  'an error after one': () =>
    concat(
      of(reply('1')),
      throwError(() => new RpcException({ code: 8, message: 'full' })),
    ),
  'an error at once': () => {
    throw new RpcException({ code: 3, message: 'bad' });
  },
  'an async generator': async function* () {
    yield reply('1');
    yield await Promise.resolve(reply('2'));
  },
  'call.write': (call) => {
    call.write(reply('written'));
    return of(reply('returned'));
  },
  "call.emit('error')": (call) => {
    setImmediate(() => call.emit('error', Object.assign(new Error('emitted'), { code: 6 })));
    return NEVER;
  },
  endless: (call) => {
    call.on('cancelled', () => events.next('cancelled'));
    return concat(of(reply('1')), NEVER).pipe(finalize(() => events.next('torn down')));
  },
};

@Controller()
@UseGuards(Guard)
@UseInterceptors(Interceptor)
export class LabService {
  @GrpcMethod()
  ask({ greeting }: HelloRequest, metadata: Metadata, call: Unary): Reply {
    return UNARY[greeting]?.(metadata, call) as Reply;
  }

  @GrpcMethod('LabService')
  count({ greeting }: HelloRequest, _metadata: Metadata, call: never): Observable<HelloResponse> {
    return STREAMS[greeting]?.(call) as Observable<HelloResponse>;
  }

  @GrpcMethod('hero.LabService', 'Forget')
  forget(): object {
    return {};
  }

  @GrpcStreamMethod('LabService', 'Sum')
  sum(messages: Observable<HelloRequest>): Observable<HelloResponse> {
    return messages.pipe(
      reduce((text, { greeting }) => text + greeting, ''),
      map((all) => {
        if (all === 'bad') throw new RpcException({ code: 11, message: 'too far' });
        return reply(all);
      }),
    );
  }

  @GrpcStreamMethod('LabService', 'Chat')
  chat(@Payload() messages: Observable<HelloRequest>, @Ctx() metadata: Metadata): Observable<HelloResponse> {
    const prefix = metadata.get('prefix').join();
    return messages.pipe(
      mergeMap(({ greeting }) =>
        greeting === 'bad'
          ? throwError(() => new RpcException({ code: 3, message: 'bad' }))
          : of(reply(prefix + greeting)),
      ),
      finalize(() => events.next('torn down')),
    );
  }
}

/** Nest calls these with the call alone, so that a guard finds no metadata. */
@Controller()
export class LabCalls {
  @GrpcStreamCall('LabService', 'PassChat')
  passChat(call: ServerDuplexStream<HelloRequest, HelloResponse>): void {
    call.on('cancelled', () => events.next('cancelled'));
    call.on('data', ({ greeting }: HelloRequest) => {
      if (greeting === 'bad') call.emit('error', { code: 3, details: 'bad' });
      else if (greeting === 'bye') call.end();
      else call.write(reply(call.metadata.get('prefix').join() + greeting));
    });
    call.on('end', () => call.end());
  }

  @GrpcStreamCall('LabService', 'PassSum')
  passSum(
    call: ServerReadableStream<HelloRequest, HelloResponse>,
    callback: (error: unknown, value?: HelloResponse) => void,
  ): void {
    let all = '';
    call.on('data', ({ greeting }: HelloRequest) => (all += greeting));
    call.on('end', () => {
      if (all === 'bad') callback({ code: 3, details: 'bad sum' });
      else if (all === 'error') callback(new Error('an error'));
      else callback(null, reply(all));
    });
  }
}
