import protobuf from 'protobufjs';

/** All services of a namespace, also those deep within it, in the order of their definition. */
export function* servicesIn(namespace: protobuf.NamespaceBase): Iterable<protobuf.Service> {
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Service) yield nested;
    else if (nested instanceof protobuf.Namespace) yield* servicesIn(nested);
  }
}
