import type { CommandMethod, CommandSchema } from '../schema/command-schema.js';
import { guessMessage } from './guess.js';

/** A message as it is shown. */
export interface MessageView {
  readonly bytes: number;
  /** Its JSON form; bytes that are no message are base64. */
  readonly json: unknown;
  /** It is a guess by the wire types, with the numbers of fields for their names. */
  readonly isGuess: boolean;
}

/** The methods of several schemas; those that none has are shown by guess. */
export class KnownMethods {
  readonly #found = new Map<string, { schema: CommandSchema; method: CommandMethod } | undefined>();
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
        const json = known.schema.toJson(known.method[side], Buffer.from(bytes), false);
        return { bytes: bytes.length, json, isGuess: false };
      } catch {
        // The peers may have another version of the message.
      }
    }
    const json = guessMessage(bytes) ?? Buffer.from(bytes).toString('base64');
    return { bytes: bytes.length, json, isGuess: bytes.length > 0 };
  }

  #find(service: string, name: string): { schema: CommandSchema; method: CommandMethod } | undefined {
    const key = `${service}/${name}`;
    if (this.#found.has(key)) return this.#found.get(key);
    let found: { schema: CommandSchema; method: CommandMethod } | undefined;
    for (const schema of this.#schemas) {
      const method = schema.knownMethod(service, name);
      if (method === undefined) continue;
      found = { schema, method };
      break;
    }
    this.#found.set(key, found);
    return found;
  }
}
