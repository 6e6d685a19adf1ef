import type { ServiceDescriptor } from '../../schema/service-descriptor.js';

/** Which of a service's proxies is meant. */
export interface TtrpcServiceTokenOptions {
  /** True: the one with Promises and AsyncIterables. Default: the one with Observables. */
  async?: boolean | undefined;
}

/**
 * The token under which `TtrpcClientsModule` provides a service's proxy, for `overrideProvider` and `useExisting`.
 * `service` is spelled as in the client's `services`.
 */
export function getTtrpcServiceToken(
  client: string | symbol,
  service: string | ServiceDescriptor,
  { async = false }: TtrpcServiceTokenOptions = {},
): string {
  const name = typeof service === 'string' ? service : service.name;
  return `nestjs-ttrpc:${String(client)}/${name}${async ? ':async' : ''}`;
}
