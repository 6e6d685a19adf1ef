import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  Controller,
  Injectable,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import {
  Ctx,
  GrpcMethod,
  GrpcStreamMethod,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { map, of, Subject, type Observable } from 'rxjs';
import {
  TtrpcClient,
  TtrpcContext,
  TtrpcException,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
} from '../../src/index.js';
import { LAB_PROTO, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

let folder: TempFolder;
let app: INestApplication;
let ttrpc: TtrpcClient;
let overGrpc: grpc.Client & Record<string, (...args: unknown[]) => unknown>;
/** What guards, pipes and handlers saw. */
let seen: string[];

beforeEach(() => {
  folder = new TempFolder();
  seen = [];
});

afterEach(async () => {
  overGrpc?.close();
  await ttrpc?.close();
  await app.close();
  folder.remove();
});

/** An application of Nest's gRPC and ttrpc, and a client of each. */
async function start(controller: Type, service = 'Lab'): Promise<void> {
  const port = await freePort();
  const module = await Test.createTestingModule({ controllers: [controller] }).compile();
  app = module.createNestApplication({ logger: false });
  app.connectMicroservice<MicroserviceOptions>({
    strategy: new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, services: [service] }),
  });
  app.connectMicroservice<MicroserviceOptions>({
    transport: Transport.GRPC,
    options: { package: 'lab.v1', protoPath: LAB_PROTO, url: `127.0.0.1:${port}` },
  });
  await app.startAllMicroservices();
  ttrpc = new TtrpcClient({ url: folder.url(), protoPath: LAB_PROTO });
  const loaded = grpc.loadPackageDefinition(loadSync(LAB_PROTO)) as unknown as {
    lab: { v1: Record<string, grpc.ServiceClientConstructor> };
  };
  const Client = loaded.lab.v1[service] as grpc.ServiceClientConstructor;
  overGrpc = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure()) as typeof overGrpc;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Lab {
  ask(request: Message): Promise<Message>;
}

const askTtrpc = (text: string, service = 'Lab'): Promise<Message> => ttrpc.getAsyncService<Lab>(service).ask({ text });

function askGrpc(text: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    overGrpc['Ask']?.({ text }, (error: unknown, answer: Message) => (error ? reject(error) : resolve(answer)));
  });
}

@Injectable()
class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seen.push(`guard ${context.getHandler().name} of ${context.getClass().name}`);
    return true;
  }
}

@Injectable()
class Interceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((answer: Message) => ({ ...answer, number: 7 })));
  }
}

class Question {
  text?: string;
}

class Pipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: { type: string; metatype?: Type }): unknown {
    if (type === 'body') seen.push(`pipe ${metatype?.name}`);
    return value;
  }
}

/** Which of the two has called. */
function transportOf(args: unknown[]): string {
  return args[1] instanceof TtrpcContext ? 'ttrpc' : `grpc ${args[1] instanceof grpc.Metadata} ${args.length}`;
}

function answer(request: Message, args: unknown[]): Message {
  if (request.text === 'bad') throw new RpcException({ code: TtrpcStatus.NOT_FOUND, message: 'no such thing' });
  return { text: `${request.text} by ${transportOf(args)}` };
}

@TtrpcService('lab.v1.Lab')
class GrpcAbove {
  @UseGuards(Guard)
  @GrpcMethod('Lab', 'Ask')
  @TtrpcMethod()
  @UseInterceptors(Interceptor)
  @UsePipes(Pipe)
  ask(request: Question, ...rest: unknown[]): Message {
    return answer(request, [request, ...rest]);
  }
}

@TtrpcService('lab.v1.Lab')
class GrpcBelow {
  @UseGuards(Guard)
  @UsePipes(Pipe)
  @TtrpcMethod()
  @GrpcMethod('Lab', 'Ask')
  @UseInterceptors(Interceptor)
  ask(request: Question, ...rest: unknown[]): Message {
    return answer(request, [request, ...rest]);
  }
}

@Controller()
class PlainAbove {
  @UseInterceptors(Interceptor)
  @GrpcMethod('Lab', 'Ask')
  @UsePipes(Pipe)
  @TtrpcMethod('lab.v1.Lab', 'Ask')
  @UseGuards(Guard)
  ask(request: Question, ...rest: unknown[]): Message {
    return answer(request, [request, ...rest]);
  }
}

@Controller()
class PlainBelow {
  @UseInterceptors(Interceptor)
  @TtrpcMethod('lab.v1.Lab', 'Ask')
  @GrpcMethod('Lab', 'Ask')
  @UsePipes(Pipe)
  @UseGuards(Guard)
  ask(request: Question, ...rest: unknown[]): Message {
    return answer(request, [request, ...rest]);
  }
}

class Base {
  @UseInterceptors(Interceptor)
  @GrpcMethod('Lab', 'Ask')
  @TtrpcMethod()
  @UsePipes(Pipe)
  @UseGuards(Guard)
  ask(request: Question, ...rest: unknown[]): Message {
    return answer(request, [request, ...rest]);
  }
}

@TtrpcService('lab.v1.Lab')
class Inherited extends Base {}

it.each<[string, Type]>([
  ['@GrpcMethod above @TtrpcMethod', GrpcAbove],
  ['@GrpcMethod below @TtrpcMethod', GrpcBelow],
  ['@GrpcMethod above @TtrpcMethod in a plain controller', PlainAbove],
  ['@GrpcMethod below @TtrpcMethod in a plain controller', PlainBelow],
  ['both, inherited', Inherited],
])('%s: one method serves both, each with guards, pipes, interceptors and errors', async (_what, controller) => {
  await start(controller);
  const enhancers = [`guard ask of ${controller.name}`, 'pipe Question'];
  expect(await askGrpc('hi')).toEqual({ text: 'hi by grpc true 3', number: 7 });
  expect(seen.splice(0)).toEqual(enhancers);
  expect(await askTtrpc('hi')).toMatchObject({ text: 'hi by ttrpc', number: 7 });
  expect(seen.splice(0)).toEqual(enhancers);
  const error = { code: TtrpcStatus.NOT_FOUND, message: expect.stringContaining('no such thing') };
  await expect(askGrpc('bad')).rejects.toMatchObject(error);
  const failed = askTtrpc('bad');
  await expect(failed).rejects.toBeInstanceOf(TtrpcException);
  await expect(failed).rejects.toMatchObject(error);
});

it('decorated parameters are those of each transport', async () => {
  @TtrpcService('lab.v1.Lab')
  class Decorated {
    @GrpcMethod('Lab', 'Ask')
    @TtrpcMethod()
    ask(@Ctx() context: unknown, @Payload('text') text: string): Message {
      return answer({ text }, [text, context]);
    }
  }
  await start(Decorated);
  expect(await askGrpc('hi')).toEqual({ text: 'hi by grpc true 2' });
  expect(await askTtrpc('hi')).toMatchObject({ text: 'hi by ttrpc' });
});

it('@GrpcStreamMethod and @TtrpcMethod: one streaming method serves both', async () => {
  @TtrpcService('lab.v1.Lab')
  class Streaming {
    @GrpcStreamMethod('Lab', 'Chat')
    @TtrpcMethod()
    chat(messages: Observable<Message>): Observable<Message> {
      const answers = new Subject<Message>();
      messages.subscribe({
        next: ({ text }) => answers.next({ text: `${text}!` }),
        error: (error: unknown) => answers.error(error),
        complete: () => answers.complete(),
      });
      return answers.asObservable();
    }
  }
  await start(Streaming);
  const call = overGrpc['Chat']?.() as grpc.ClientDuplexStream<Message, Message>;
  call.write({ text: 'a' });
  call.end();
  const texts: unknown[] = [];
  for await (const { text } of call as AsyncIterable<Message>) texts.push(text);
  expect(texts).toEqual(['a!']);
  const chat = ttrpc.getService<{ chat(messages: Observable<Message>): Observable<Message> }>('Lab').chat(of({}));
  await new Promise<void>((resolve, reject) => chat.subscribe({ complete: resolve, error: reject }));
});

it('@MessagePattern of another transport and @TtrpcMethod', async () => {
  @TtrpcService('lab.v1.Other')
  class Others {
    @MessagePattern('ask', Transport.TCP)
    @TtrpcMethod()
    ask(request: Message, context: unknown): Message {
      return { text: `${request.text} ${context instanceof TtrpcContext}` };
    }
  }
  await start(Others, 'Other');
  expect(await askTtrpc('hi', 'Other')).toMatchObject({ text: 'hi true' });
});

it('@MessagePattern of any transport and @TtrpcMethod: it is registered once', async () => {
  @TtrpcService('lab.v1.Other')
  class Any {
    @MessagePattern('ask')
    @TtrpcMethod()
    ask(request: Message): Message {
      return { text: request.text };
    }
  }
  await start(Any, 'Other');
  expect(await askTtrpc('hi', 'Other')).toMatchObject({ text: 'hi' });
});
