import type { DecodeBudget } from '../../protocol/core/decode-budget.js';
import { InvalidValue } from './encode/encode-error.js';
import type { Finish } from './decode/message-decoder.js';
import type { Preparation } from './encode/message-encoder.js';
import type { MessageObject } from './message-object.js';

/** Finds a message type by the name in a type URL and runs its codec; undefined for a type that the schema lacks. */
export interface AnyTypes {
  /** `depth` is how many messages stand around it. @throws {InvalidValue} */
  encode(typeName: string, value: object, depth: number): Uint8Array | undefined;
  /** `depth` as above; `budget` counts the memory that is made. @throws MalformedMessage */
  decode(
    typeName: string,
    value: Uint8Array,
    depth: number,
    budget: DecodeBudget | undefined,
  ): MessageObject | undefined;
}

/** The qualified name of the type of messages that hold others. */
export const ANY = 'google.protobuf.Any';

/** How a source names the two fields of google.protobuf.Any: `typeUrl` in a Root of the user's, else `type_url`. */
export interface AnyFields {
  readonly url: string;
  readonly value: string;
}

/**
 * google.protobuf.Timestamp takes a Date, which else would be encoded as 1970: a Date has no properties.
 * @throws {InvalidValue} for an invalid one
 */
export const prepareTimestamp: Preparation = (value) => {
  // Not instanceof: it may come from another realm.
  if (typeof (value as Partial<Date>).getTime !== 'function') return value;
  const milliseconds = (value as Date).getTime();
  if (Number.isNaN(milliseconds)) throw new InvalidValue('a valid Date, or seconds and nanos', value);
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: Math.round((milliseconds - seconds * 1000) * 1e6) };
};

/**
 * google.protobuf.Any takes a message with `@type`, as protobufjs does, and packs it. What `pack` gives is taken, too:
 * it has a `typeUrl`.
 */
export function prepareAny(types: AnyTypes, fields: AnyFields): Preparation {
  return (value, writer) => {
    const url = (value as MessageObject)['@type'];
    if (url === undefined || url === null) return withOwnNames(value as MessageObject, fields);
    if (typeof url !== 'string') throw new InvalidValue('a type URL', url).within('@type');
    const name = typeNameOf(url);
    // An Any in an Any has no form with `@type`: it would name itself for ever.
    const packed = name === ANY ? undefined : types.encode(name, value, writer.depth + 1);
    if (packed === undefined) throw new InvalidValue('the name of a message type of the schema', url).within('@type');
    return { [fields.url]: url.startsWith('.') ? url.slice(1) : url, [fields.value]: packed };
  };
}

/** An Any whose URL is under the other of its two names gets it under the one that the schema has. */
function withOwnNames(value: MessageObject, fields: AnyFields): MessageObject {
  const other = fields.url === 'type_url' ? 'typeUrl' : 'type_url';
  const url = value[other];
  if (url === undefined || url === null) return value;
  const own = value[fields.url];
  if (own !== undefined && own !== null && own !== '' && own !== url) {
    throw new InvalidValue(`one type URL, as ${fields.url} or ${other}`, value);
  }
  return { [fields.url]: url, [fields.value]: value[fields.value] };
}

/**
 * With the option `json`, google.protobuf.Any becomes the message that it holds, with `@type`, where the schema knows
 * its type. Else its value, a Buffer until then, becomes what `toBytes` makes of it.
 */
export function finishAny(types: AnyTypes, fields: AnyFields, toBytes: (bytes: Buffer) => unknown): Finish {
  return (message, reader) => {
    const url = message[fields.url];
    const value = message[fields.value] as Buffer | undefined;
    if (typeof url === 'string' && url !== '') {
      const name = typeNameOf(url);
      const held = types.decode(name, value ?? Buffer.alloc(0), reader.depth + 1, reader.budget);
      if (held !== undefined) {
        held['@type'] = url;
        return held;
      }
    }
    if (value !== undefined) message[fields.value] = toBytes(value);
    return message;
  };
}

/** What stands behind the last slash of a type URL. */
export function typeNameOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1).replace(/^\./, '');
}
