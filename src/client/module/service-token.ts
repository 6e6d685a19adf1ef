import { describe } from '../../protocol/core/describe.js';
import type { ServiceDescriptor } from '../../schema/service-descriptor.js';

/** Which of a service's proxies is meant. */
export interface TtrpcServiceTokenOptions {
  /** True: the one with Promises and AsyncIterables. Default: the one with Observables. */
  async?: boolean | undefined;
}

/** Behind an import circle names and descriptors are not there yet when a class is decorated. */
const CIRCLE = 'is its file in a circle of imports?';

/**
 * The name of what stands for a service in a decorator or a token. @throws TypeError that begins with `place` for anything
 * but a name or a descriptor
 */
export function serviceName(place: string, service: string | ServiceDescriptor): string {
  const name: unknown = typeof service === 'string' ? service : (service as ServiceDescriptor | undefined)?.name;
  if (typeof name === 'string' && name !== '') return name;
  const hint = (service as unknown) === undefined ? `; ${CIRCLE}` : '';
  throw new TypeError(
    `${place}: expected the name of a service or a ServiceDescriptor, got ${describe(service)}${hint}`,
  );
}

/**
 * The token under which `TtrpcClientsModule` provides a service's proxy, for `overrideProvider` and `useExisting`.
 * `service` is spelled as in the client's `services`. @throws TypeError for anything but names and descriptors
 */
export function getTtrpcServiceToken(
  client: string | symbol,
  service: string | ServiceDescriptor,
  { async = false }: TtrpcServiceTokenOptions = {},
): string {
  if ((typeof client !== 'string' && typeof client !== 'symbol') || client === '') {
    const hint = (client as unknown) === undefined ? `; ${CIRCLE}` : '';
    throw new TypeError(
      `the token of a service: expected the name of a client, a string or a symbol, got ${describe(client)}${hint}`,
    );
  }
  const name = serviceName('the token of a service', service);
  return `nestjs-ttrpc:${String(client)}/${name}${async ? ':async' : ''}`;
}
