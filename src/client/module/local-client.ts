import { connectLocally } from '../../common/local-servers.js';
import { loadSchema } from '../../schema/sources/load-schema.js';
import type { ServiceDescriptor } from '../../schema/service-descriptor.js';
import type { TtrpcClientOptions } from '../api/client-options.js';

/** What a local client is made of. */
interface LocalRegistration extends TtrpcClientOptions {
  readonly name: string | symbol;
  readonly services?: readonly (string | ServiceDescriptor)[] | undefined;
}

/**
 * The options of a client whose server is in this process: its connections go to the server that serves its services.
 * Descriptors among the services are its schema, unless it has another one.
 * @throws {TypeError} for an address beside `local`, and without services; SchemaError for an unknown service
 */
export function localOptions({ name, services = [], ...options }: LocalRegistration): TtrpcClientOptions {
  const client = `client ${String(name)}`;
  const other = (['url', 'duplex', 'connect'] as const).find((each) => options[each] !== undefined);
  if (other) throw new TypeError(`${client}: local: true takes no ${other}; leave one of the two out`);
  if (services.length === 0) {
    throw new TypeError(`${client}: local: true needs services, by which its server is found in this process`);
  }
  const described = services.filter((each) => typeof each !== 'string');
  const descriptors = [...new Set([...(options.descriptors ?? []), ...described])];
  const own = descriptors.length > 0 ? { ...options, descriptors } : options;
  let names: string[] | undefined;
  const namesOf = (): string[] => {
    if (names) return names;
    const schema = described.length === services.length ? undefined : loadSchema(own);
    return (names = services.map((each) =>
      typeof each === 'string' ? (schema?.resolve(each).name ?? each) : each.name,
    ));
  };
  // Not before a connection is wanted: the client itself reports a schema that does not load.
  return { ...own, connect: () => Promise.resolve().then(() => connectLocally(namesOf())) };
}
