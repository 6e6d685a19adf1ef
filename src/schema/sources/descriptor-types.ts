import protobuf from 'protobufjs';
import type descriptor from 'protobufjs/ext/descriptor.js';
import { loadOptional } from '../../protocol/core/optional-package.js';
import { SchemaError } from '../schema-error.js';

const EXTENSION = 'protobufjs/ext/descriptor.js';

/** What the extension adds to protobufjs once it is loaded. */
interface Extended {
  descriptor?: typeof descriptor;
}

/**
 * The message types of descriptor.proto, and with them `Root.fromDescriptor`. protobufjs's extension is loaded at the
 * first use: it takes 20 ms, and few programs need it. The bytes of a set do not (`readFileSet`, `rootOfFiles`).
 * @throws {SchemaError} when it is not found, as in a program that was bundled into one file
 */
export function descriptorTypes(load: (name: string) => unknown = loadOptional): typeof descriptor {
  const extended = protobuf as Extended;
  if (extended.descriptor === undefined) load(EXTENSION);
  if (extended.descriptor !== undefined) return extended.descriptor;
  throw new SchemaError(
    `reflection, and a fileDescriptorSet that is not given as bytes, need ${EXTENSION}, which is not ` +
      `found beside this library; a bundled program must import '${EXTENSION}' itself`,
  );
}
