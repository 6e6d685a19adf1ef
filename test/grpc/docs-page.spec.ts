import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { from, lastValueFrom, toArray, type Observable } from 'rxjs';
import { Both, type Name } from './both.js';
import {
  HelloCalls,
  HelloService,
  HeroesController,
  type Hero,
  type HeroById,
  type HelloRequest,
  type HelloResponse,
} from './hero-controllers.js';

const PROTO = fileURLToPath(new URL('hero.proto', import.meta.url));

let both: Both | undefined;

afterEach(async () => {
  await both?.close();
  both = undefined;
});

interface Heroes {
  findOne(data: HeroById): Observable<Hero>;
  findMany(data$: Observable<HeroById>): Observable<Hero>;
}

interface Hello {
  bidiHello(messages: Observable<HelloRequest>): Observable<HelloResponse>;
  lotsOfGreetings(messages: Observable<HelloRequest>): Observable<HelloResponse>;
}

describe.each<Name>(['grpc', 'ttrpc'])("the controllers of Nest's gRPC page over %s", (name) => {
  it('find heroes', async () => {
    both = await Both.start([HeroesController], { package: 'hero', protoPath: PROTO });
    const heroes = both.clients[name].getService<Heroes>('HeroService');
    await expect(lastValueFrom(heroes.findOne({ id: 1 }))).resolves.toEqual({ id: 1, name: 'John' });
    const found = heroes.findMany(from([{ id: 1 }, { id: 3 }, { id: 2 }]));
    await expect(lastValueFrom(found.pipe(toArray()))).resolves.toEqual([
      { id: 1, name: 'John' },
      { id: 2, name: 'Doe' },
    ]);
  });

  it.each([
    ['@GrpcStreamMethod', HelloService],
    ['@GrpcStreamCall', HelloCalls],
  ])('greet by %s', async (_decorator, controller) => {
    both = await Both.start([controller], { package: 'hero', protoPath: PROTO });
    const hello = both.clients[name].getService<Hello>('HelloService');
    const messages = from([{ greeting: 'Ada' }, { greeting: 'Grace' }]);
    await expect(lastValueFrom(hello.bidiHello(messages).pipe(toArray()))).resolves.toEqual([
      { reply: 'Hello, Ada!' },
      { reply: 'Hello, Grace!' },
    ]);
    await expect(lastValueFrom(hello.lotsOfGreetings(messages))).resolves.toEqual({ reply: '2 greetings' });
  });
});
