import type { ServiceDescriptor } from '../../schema/service-descriptor.js';

/**
 * The log line of a server that has started: `listening on unix:///run/x.sock; serving demo.v1.Greeter (4 rpcs)`.
 * `unimplemented` are the rpcs without a handler, as `demo.v1.Greeter/SayHello`.
 */
export function startupLine(
  addresses: readonly string[],
  services: Iterable<ServiceDescriptor>,
  unimplemented: readonly string[],
): string {
  const missing = new Set(unimplemented);
  const served = [...services].map(({ name, methods }) => {
    const paths = Object.values(methods).map((method) => `${name}/${method.name}`);
    const count = paths.filter((path) => !missing.has(path)).length;
    const of = count === paths.length ? '' : ` of ${paths.length}`;
    return `${name} (${count}${of} ${paths.length === 1 ? 'rpc' : 'rpcs'})`;
  });
  return `${listening(addresses)}; serving ${served.join(', ') || 'nothing'}`;
}

function listening(addresses: readonly string[]): string {
  return addresses.length === 0 ? 'not listening' : `listening on ${addresses.join(', ')}`;
}
