import { Inject, Injectable, Logger } from '@nestjs/common';
import { TtrpcException } from '../common/ttrpc-exception.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { servedBy, type ServedSchema } from '../transport/binding/served-schema.js';
import { describeServed } from './describe-sources.js';
import type { DescriptorPool } from './descriptor-pool.js';
import type { Reflected } from './reflect.js';

/** The token of the option `services` of the module. */
export const REFLECTED_SERVICES = Symbol.for('nestjs-ttrpc:reflected-services');

/** What each server of an application says of itself; made at the first question for it. */
@Injectable()
export class TtrpcReflection {
  readonly #known = new WeakMap<ServedSchema, Reflected>();

  constructor(@Inject(REFLECTED_SERVICES) private readonly services: readonly string[] | null) {}

  /**
   * What `server` says of itself. Its files are described when the first of them is asked for: the list of services needs
   * none.
   * @throws TtrpcException FAILED_PRECONDITION for something else than a TtrpcServer that listens, and for a service of
   * the module's option that it does not serve
   */
  of(server: object): Reflected {
    const served = servedBy(server);
    if (served === undefined) {
      throw new TtrpcException(TtrpcStatus.FAILED_PRECONDITION, 'reflection works on a TtrpcServer that listens');
    }
    let reflected = this.#known.get(served);
    if (!reflected) {
      reflected = describedLater(this.#listed(served), served);
      this.#known.set(served, reflected);
    }
    return reflected;
  }

  #listed(served: ServedSchema): string[] {
    const mistake = mistakeIn(this.services ?? [], served);
    if (mistake !== undefined) throw new TtrpcException(TtrpcStatus.FAILED_PRECONDITION, mistake);
    return this.services ? [...this.services].sort() : namesOf(served);
  }
}

/** What is wrong with a list of services on a server that does not serve them all; undefined when nothing is. */
export function mistakeIn(services: readonly string[], served: ServedSchema): string | undefined {
  const names = namesOf(served);
  const missing = services.find((name) => !names.includes(name));
  if (missing === undefined) return undefined;
  return `TtrpcReflectionModule: service ${JSON.stringify(missing)} is not served; the server has ${names.join(', ')}`;
}

function describedLater(services: readonly string[], served: ServedSchema): Reflected {
  let pool: DescriptorPool | undefined;
  return {
    services,
    get pool() {
      return (pool ??= describeServed(served, (line) =>
        new Logger('TtrpcServer').warn(`TtrpcReflectionModule: ${line}`),
      ));
    },
  };
}

function namesOf({ services }: ServedSchema): string[] {
  return [...services].map(({ name }) => name).sort();
}
