import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UseInterceptors, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod } from '@nestjs/microservices';
import type { Metadata } from '@grpc/grpc-js';
import { concatMap, from, lastValueFrom, map, mergeMap, Observable, of, toArray } from 'rxjs';
import { Both, type Name } from './both.js';
import type { HelloRequest, HelloResponse } from './hero-controllers.js';

const PROTO = fileURLToPath(new URL('hero.proto', import.meta.url));

/** Of the server: which request is being handled. */
const store = new AsyncLocalStorage<string>();
const reply = (when: string): HelloResponse => ({ reply: `${when}: ${store.getStore() ?? 'nothing'}` });

/** As for a request id: Nest calls the handler within what the interceptor runs. */
class RequestId implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const id = String(context.switchToRpc().getContext<Metadata>().get('id')[0]);
    return store.run(id, () => next.handle());
  }
}

@UseInterceptors(RequestId)
class LabService {
  @GrpcMethod()
  async ask(): Promise<HelloResponse> {
    const before = reply('at once').reply;
    await turn();
    return reply(`${before}, later`);
  }

  @GrpcMethod()
  count(): Observable<HelloResponse> {
    const at = reply('in the handler').reply;
    return of(1, 2, 3).pipe(
      concatMap(async (number) => {
        await turn();
        return reply(`${at}, ${number}`);
      }),
    );
  }

  @GrpcStreamMethod()
  sum(requests: Observable<HelloRequest>): Observable<HelloResponse> {
    return requests.pipe(
      map(({ greeting }) => reply(greeting).reply),
      toArray(),
      map((all) => reply(all.join(', '))),
    );
  }

  @GrpcStreamMethod()
  chat(requests: Observable<HelloRequest>): Observable<HelloResponse> {
    return requests.pipe(
      mergeMap(async ({ greeting }) => {
        await turn();
        return reply(greeting);
      }),
    );
  }
}

type Rpc = 'ask' | 'count' | 'sum' | 'chat';
type Client = Record<Rpc, (request: unknown, metadata: unknown) => Observable<HelloResponse>>;

let both: Both;
beforeAll(async () => {
  both = await Both.start([LabService], { package: 'hero', protoPath: PROTO });
});
afterAll(() => both.close());

/** What each of several calls that are at work at a time on one connection sees. */
async function seen(name: Name, rpc: Rpc): Promise<string[][]> {
  const { Metadata: GrpcMetadata } = await import('@grpc/grpc-js');
  const lab = both.clients[name].getService<Client>('LabService');
  const streams = rpc === 'sum' || rpc === 'chat';
  const call = async (id: string): Promise<string[]> => {
    const metadata = new GrpcMetadata();
    metadata.set('id', id);
    const request = streams ? from([{ greeting: 'first' }, { greeting: 'second' }]) : { greeting: 'only' };
    return (await lastValueFrom(lab[rpc](request, metadata).pipe(toArray()))).map((each) => each.reply);
  };
  return Promise.all(Array.from({ length: 8 }, (_, n) => call(`request ${n}`)));
}

describe("the AsyncLocalStorage that an interceptor gives a handler: ttrpc has in it what Nest's gRPC has", () => {
  it.each<Rpc>(['ask', 'count', 'sum', 'chat'])('%s', async (rpc) => {
    const grpc = await seen('grpc', rpc);
    const ttrpc = await seen('ttrpc', rpc);
    expect(ttrpc).toEqual(grpc);
  });

  it("a unary handler's own store holds to its end, and is no other call's", async () => {
    for (const name of ['grpc', 'ttrpc'] as const) {
      const all = await seen(name, 'ask');
      expect(all).toEqual(Array.from({ length: 8 }, (_, n) => [`at once: request ${n}, later: request ${n}`]));
    }
  });
});
