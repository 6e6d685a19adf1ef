import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod, RpcException } from '@nestjs/microservices';
import { map, type Observable } from 'rxjs';
import type { Hero, HeroById } from './hero.js';

const HEROES: readonly Hero[] = [
  { id: 1, name: 'Ada' },
  { id: 2, name: 'Grace' },
];

/** gRPC's NOT_FOUND, which is ttrpc's, too. */
const NOT_FOUND = 5;

/** Written for Nest's gRPC; it does not know which transport calls. */
@Controller()
export class HeroController {
  @GrpcMethod('HeroService', 'FindOne')
  findOne({ id }: HeroById): Hero {
    return find(id);
  }

  @GrpcStreamMethod('HeroService', 'FindMany')
  findMany(ids: Observable<HeroById>): Observable<Hero> {
    return ids.pipe(map(({ id }) => find(id)));
  }
}

function find(id: number): Hero {
  const hero = HEROES.find((each) => each.id === id);
  if (!hero) throw new RpcException({ code: NOT_FOUND, message: `there is no hero ${id}` });
  return hero;
}
