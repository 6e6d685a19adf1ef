import { Inject } from '@nestjs/common';
import { getTtrpcServiceToken, type TtrpcServiceTokenOptions } from '../client/module/service-token.js';
import type { ServiceDescriptor } from '../schema/service-descriptor.js';

/**
 * Injects the proxy of a service of a client that `TtrpcClientsModule` provides:
 *
 * ```ts
 * constructor(@InjectTtrpcService('GREETER', 'demo.v1.Greeter') greeter: GreeterClient) {}
 * ```
 *
 * `service` is spelled as in the client's `services`. With `{ async: true }` the proxy has Promises and AsyncIterables
 * instead of Observables.
 */
export function InjectTtrpcService(
  client: string | symbol,
  service: string | ServiceDescriptor,
  options?: TtrpcServiceTokenOptions,
): ParameterDecorator & PropertyDecorator {
  return Inject(getTtrpcServiceToken(client, service, options));
}
