import { Controller, type INestMicroservice, type Type } from '@nestjs/common';
import {
  ClientProxyFactory,
  GrpcMethod,
  GrpcStreamMethod,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  concatMap,
  defer,
  endWith,
  firstValueFrom,
  from,
  ignoreElements,
  map,
  NEVER,
  race,
  timer,
  type Observable,
} from 'rxjs';
import { fileURLToPath } from 'node:url';
import { TtrpcClient, TtrpcMethod, TtrpcServer, TtrpcService } from '../../../src/index.js';
import { turns } from '../../support/deferred.js';
import type { TempFolder } from '../../support/temp-folder.js';
import type { Enhancer } from './enhancers.js';
import type { HelloRequest, HelloResponse, Idiom, Rpc } from './idioms.js';

const PROTO = fileURLToPath(new URL('hello.proto', import.meta.url));
const SERVICE = 'HelloService';
/** A call of Nest's gRPC transport that has no end after so long, in ms, has none. Ours all end. */
const HANGS_MS = 2000;

/** How the greetings are sent: all at once, or with turns of the event loop between them. */
export type Pace = 'at once' | 'one by one';

/** A transport under comparison. */
export type TransportName = 'ttrpc' | 'grpc';

type Service = Record<Rpc, (request: unknown) => Observable<HelloResponse>>;

/** What came of a call. */
export interface Greeted {
  readonly answers: readonly string[];
  /** False: the call has no end. */
  readonly ended: boolean;
}

/** A microservice with one handler, and a client of it. */
export interface HelloServer {
  /** What the handler answers to a, b and c. */
  greet(rpc: Rpc, pace: Pace): Promise<Greeted>;
  close(): Promise<void>;
}

/** Serves `idiom` behind `enhancer`. */
export async function startHello(
  transport: TransportName,
  idiom: Idiom,
  enhancer: Enhancer,
  folder: TempFolder,
  name: string,
): Promise<HelloServer> {
  const url = `unix:${folder.file(name)}`;
  const options = { package: 'hello', protoPath: PROTO, url };
  const strategy =
    transport === 'grpc' ? { transport: Transport.GRPC, options } : { strategy: new TtrpcServer({ ...options }) };
  const app = await start(controller(transport, idiom, enhancer), strategy as MicroserviceOptions);
  if (transport === 'grpc') {
    const client = ClientProxyFactory.create({ transport: Transport.GRPC, options });
    return {
      greet: (rpc, pace) => greet(client.getService<Service>(SERVICE), rpc, pace, HANGS_MS),
      async close() {
        client.close();
        await app.close();
      },
    };
  }
  const client = new TtrpcClient({ ...options });
  return {
    greet: (rpc, pace) => greet(client.getService<Service>(SERVICE), rpc, pace),
    async close() {
      await client.close();
      await app.close();
    },
  };
}

async function start(controller: Type, options: MicroserviceOptions): Promise<INestMicroservice> {
  const module = await Test.createTestingModule({ controllers: [controller] }).compile();
  const app = module.createNestMicroservice<MicroserviceOptions>({ ...options, logger: false } as never);
  await app.listen();
  return app;
}

/** A controller for the transport: the handlers are the same, the decorators are not. */
function controller(transport: TransportName, idiom: Idiom, { decorators, scope }: Enhancer): Type {
  class Hello {
    handle(messages: never): unknown {
      return idiom.handle(messages);
    }
  }
  const rpc = `${idiom.rpc[0]?.toUpperCase()}${idiom.rpc.slice(1)}`;
  const grpc = idiom.rpc === 'lotsOfReplies' ? GrpcMethod : GrpcStreamMethod;
  const method = transport === 'grpc' ? grpc(SERVICE, rpc) : TtrpcMethod(SERVICE, rpc);
  const descriptor = Object.getOwnPropertyDescriptor(Hello.prototype, 'handle') as PropertyDescriptor;
  method(Hello.prototype, 'handle', descriptor);
  // Nest's decorator changes the descriptor.
  Object.defineProperty(Hello.prototype, 'handle', descriptor);
  if (transport === 'grpc') Controller({ scope })(Hello);
  else TtrpcService(`hello.${SERVICE}`, { scope })(Hello);
  for (const decorate of decorators) decorate(Hello);
  return Hello;
}

async function greet(service: Service, rpc: Rpc, pace: Pace, hangsMs?: number): Promise<Greeted> {
  const greetings = ['a', 'b', 'c'].map((greeting) => ({ greeting }));
  const messages: Observable<HelloRequest> =
    pace === 'at once'
      ? from(greetings)
      : from(greetings).pipe(concatMap((each) => defer(() => turns(10).then(() => each))));
  const request = rpc === 'lotsOfReplies' ? greetings[0] : messages;
  const answers: string[] = [];
  const call = service[rpc](request).pipe(
    map(({ reply }) => void answers.push(reply)),
    ignoreElements(),
    endWith(true),
  );
  const hangs = hangsMs === undefined ? NEVER : timer(hangsMs).pipe(map(() => false));
  const ended = await firstValueFrom(race(call, hangs));
  return { answers, ended };
}
