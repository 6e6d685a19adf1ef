import { Inject, Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, Transport, type ClientGrpc, type ClientsProviderAsyncOptions } from '@nestjs/microservices';
import { TtrpcGrpcClient } from 'nestjs-ttrpc/grpc';
import { from, lastValueFrom, toArray } from 'rxjs';
import { SCHEMA, type HeroService } from './hero.js';

/** The address of the heroes: a unix socket on this machine, or a host and port on another one. */
const HEROES_URL = 'HEROES_URL';

/** The one place that knows both transports. */
const heroes: ClientsProviderAsyncOptions = {
  name: 'HEROES',
  inject: [HEROES_URL],
  useFactory: (url: string) =>
    url.startsWith('unix:')
      ? { customClass: TtrpcGrpcClient, options: { ...SCHEMA, url } }
      : { transport: Transport.GRPC, options: { ...SCHEMA, url } },
};

/** What an application does with the heroes: it does not know where they are. */
@Injectable()
class Story {
  readonly #heroes: HeroService;

  constructor(@Inject('HEROES') client: ClientGrpc) {
    this.#heroes = client.getService<HeroService>('HeroService');
  }

  async tell(): Promise<string[]> {
    const one = await lastValueFrom(this.#heroes.findOne({ id: 1 }));
    const many = await lastValueFrom(this.#heroes.findMany(from([{ id: 2 }, { id: 1 }])).pipe(toArray()));
    const error = await lastValueFrom(this.#heroes.findOne({ id: 7 })).then(
      () => 'no error',
      ({ code, details }: { code: number; details: string }) => `error ${code}: ${details}`,
    );
    return [`FindOne: ${one.name}`, `FindMany: ${many.map(({ name }) => name).join(', ')}`, `FindOne of 7: ${error}`];
  }
}

/** Runs the story with the heroes at `url`. */
export async function call(url: string): Promise<string[]> {
  @Module({ providers: [{ provide: HEROES_URL, useValue: url }], exports: [HEROES_URL] })
  class AddressModule {}

  @Module({
    imports: [ClientsModule.registerAsync([{ ...heroes, imports: [AddressModule] }])],
    providers: [Story],
  })
  class StoryModule {}

  const app: INestApplicationContext = await NestFactory.createApplicationContext(StoryModule, {
    logger: ['warn', 'error'],
  });
  try {
    return await app.get(Story).tell();
  } finally {
    await app.close();
  }
}
