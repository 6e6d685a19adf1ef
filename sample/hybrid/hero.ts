import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metadata } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';

export interface HeroById {
  id: number;
}

export interface Hero {
  id: number;
  name: string;
}

/** The service as its clients see it, over either transport. */
export interface HeroService {
  findOne(id: HeroById, metadata?: Metadata): Observable<Hero>;
  findMany(ids: Observable<HeroById>): Observable<Hero>;
}

/** What both transports are told of the schema. */
export const SCHEMA = {
  package: 'hero',
  protoPath: join(fileURLToPath(new URL('.', import.meta.url)), 'hero.proto'),
};
