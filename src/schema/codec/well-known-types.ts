import type { DecodeBudget } from '../../protocol/decode-budget.js';
import { Misfit } from './encode-error.js';
import type { Finish } from './message-decoder.js';
import type { MessageObject, Preparation } from './message-encoder.js';

/** Finds a message type by the name in a type URL and runs its codec; undefined for a type that the schema lacks. */
export interface AnyTypes {
  /** `depth` is how many messages stand around it. Raises a Misfit. */
  encode(typeName: string, value: object, depth: number): Uint8Array | undefined;
  /** `depth` as above; `budget` counts the memory that is made. Raises BadBytes. */
  decode(
    typeName: string,
    value: Uint8Array,
    depth: number,
    budget: DecodeBudget | undefined,
  ): MessageObject | undefined;
}

/** The qualified name of the type of messages that hold others. */
export const ANY = 'google.protobuf.Any';

/** In front of a type's name where nothing else is said. */
const DEFAULT_PREFIX = 'type.googleapis.com/';

/**
 * google.protobuf.Timestamp takes a Date, which else would be encoded as 1970: a Date has no properties.
 * Raises a {@link Misfit} for an invalid one.
 */
export const prepareTimestamp: Preparation = (value) => {
  // Not instanceof: it may come from another realm.
  if (typeof (value as Partial<Date>).getTime !== 'function') return value;
  const milliseconds = (value as Date).getTime();
  if (Number.isNaN(milliseconds)) throw new Misfit('a valid Date, or seconds and nanos', value);
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: Math.round((milliseconds - seconds * 1000) * 1e6) };
};

/** google.protobuf.Any takes a message with `@type`, as protobufjs does, and packs it. */
export function prepareAny(types: AnyTypes): Preparation {
  return (value, writer) => {
    const url = (value as MessageObject)['@type'];
    if (url === undefined || url === null) return value;
    if (typeof url !== 'string') throw new Misfit('a type URL', url).within('@type');
    const name = typeNameOf(url);
    // An Any in an Any has no form with `@type`: it would name itself for ever.
    const packed = name === ANY ? undefined : types.encode(name, value, writer.depth + 1);
    if (packed === undefined) throw new Misfit('the name of a message type of the schema', url).within('@type');
    const absolute = url.startsWith('.') ? url.slice(1) : url;
    return { type_url: absolute.includes('/') ? absolute : `/${absolute}`, value: packed };
  };
}

/**
 * With the option `json`, google.protobuf.Any becomes the message that it holds, with `@type`, where the schema knows
 * its type. Else its value, a Buffer until then, becomes what `toBytes` makes of it.
 */
export function finishAny(types: AnyTypes, toBytes: (bytes: Buffer) => unknown): Finish {
  return (message, reader) => {
    const url = message['type_url'];
    const value = message['value'] as Buffer | undefined;
    if (typeof url === 'string' && url !== '') {
      const name = typeNameOf(url);
      const held = types.decode(name, value ?? Buffer.alloc(0), reader.depth + 1, reader.budget);
      if (held !== undefined) {
        const prefix = url.slice(0, url.lastIndexOf('/') + 1);
        held['@type'] = (prefix === '' ? DEFAULT_PREFIX : prefix) + name;
        return held;
      }
    }
    if (value !== undefined) message['value'] = toBytes(value);
    return message;
  };
}

/** What stands behind the last slash of a type URL. */
export function typeNameOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1).replace(/^\./, '');
}
