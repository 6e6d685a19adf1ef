import type protobuf from 'protobufjs';
import type { CommandMethod, CommandSchema } from '../schema/command-schema.js';
import { messageToJson } from '../json/to-json.js';
import { guessMessage } from './guess.js';
import { unknownFieldsIn, type UnknownField } from './unknown-fields.js';

/** A message as it is shown. */
export interface MessageView {
  readonly bytes: number;
  /** Its JSON form; bytes that are no message are base64. */
  readonly json: unknown;
  /** It is a guess by the wire types, with the numbers of fields for their names. */
  readonly isGuess: boolean;
  /** The fields that the schema does not have, which `json` leaves out. */
  unknownFields(): Iterable<UnknownField>;
}

/** The methods of several schemas; those that none has are shown by guess. */
export class KnownMethods {
  /** Those that were found alone: a peer may send as many other names as it likes. */
  readonly #found = new Map<string, KnownMethod>();
  #schemas: readonly CommandSchema[];

  constructor(schemas: readonly CommandSchema[]) {
    this.#schemas = schemas;
  }

  /** A further schema, asked after the others. */
  add(schema: CommandSchema): void {
    this.#schemas = [...this.#schemas, schema];
    this.#found.clear();
  }

  /** A request or a response of `service/method`. Undefined means the call is unknown. */
  view(service: string | undefined, method: string, side: 'request' | 'response', bytes: Uint8Array): MessageView {
    const known = service === undefined ? undefined : this.#find(service, method);
    if (known) {
      try {
        return decodedView(known.schema, known.method[side], bytes);
      } catch {
        // The peers may have another version of the message.
      }
    }
    const json = guessMessage(bytes) ?? Buffer.from(bytes).toString('base64');
    return { bytes: bytes.length, json, isGuess: bytes.length > 0, unknownFields: () => [] };
  }

  #find(service: string, name: string): KnownMethod | undefined {
    const key = `${service}/${name}`;
    const known = this.#found.get(key);
    if (known) return known;
    for (const schema of this.#schemas) {
      const method = schema.knownMethod(service, name);
      if (method === undefined) continue;
      const found = { schema, method };
      this.#found.set(key, found);
      return found;
    }
    return undefined;
  }
}

/** A method, with the schema that has it. */
interface KnownMethod {
  readonly schema: CommandSchema;
  readonly method: CommandMethod;
}

/** @throws DecodeError when the bytes are no message of `type` */
function decodedView(schema: CommandSchema, type: protobuf.Type, bytes: Uint8Array): MessageView {
  const message = schema.decode(type, Buffer.from(bytes)) as Readonly<Record<string, unknown>>;
  return {
    bytes: bytes.length,
    json: messageToJson(type, message, schema, false),
    isGuess: false,
    unknownFields: () => unknownFieldsIn(type, message, schema),
  };
}
