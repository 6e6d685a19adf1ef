import protobuf from 'protobufjs';
import { PROTOS } from '../schema/sources/generated/protos.js';
import { packageOf } from './definitions.js';

/** The folder of Google's files that everybody has. */
export const WELL_KNOWN_FOLDER = 'google/protobuf/';

/** The file of google.protobuf that defines this; undefined for what none of those defines that come with this library. */
export function wellKnownName(definition: protobuf.ReflectionObject): string | undefined {
  if (packageOf(definition) !== 'google.protobuf') return undefined;
  for (const [name, file] of Object.entries(protobuf.common)) {
    const { nested } = (file ?? {}) as { nested?: { google?: { nested?: { protobuf?: protobuf.INamespace } } } };
    const defined = nested?.google?.nested?.protobuf?.nested;
    if (name.startsWith(WELL_KNOWN_FOLDER) && defined && Object.hasOwn(defined, definition.name)) return name;
  }
  const kind = definition instanceof protobuf.Enum ? 'enum' : 'message';
  const files = Object.values(PROTOS).filter(({ name }) => name.startsWith(WELL_KNOWN_FOLDER));
  return files.find(({ text }) => text.includes(`\n${kind} ${definition.name} {`))?.name;
}
