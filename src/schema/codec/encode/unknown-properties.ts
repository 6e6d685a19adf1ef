import type protobuf from 'protobufjs';
import { didYouMean } from '../../../protocol/core/suggest.js';
import { InvalidValue } from './encode-error.js';
import type { MessageObject } from '../message-object.js';
import { nameOf } from '../reflection.js';

/** What is done about a property of a message that is not a field of its type. */
export type UnknownProperties = 'error' | 'warn' | 'ignore';

/** Takes a warning, one line. */
export type WarningSink = (line: string) => void;

/** With `warn`, how many messages of a type are looked at, and how many are written between two later looks. */
const FIRST_MESSAGES = 100;
const BETWEEN_LOOKS = 100;

/** For one type no more properties than this are named: their names may come from a peer. */
const MAX_NAMED = 20;

/** Looks for properties of one type's messages that are not fields of it: they would be lost silently. */
export interface PropertyCheck {
  /** Counted down by the encoder for each message; below 0 the message is checked. */
  left: number;
  /** Sets {@link left} anew. @throws {InvalidValue} when unknown properties are errors */
  check(message: MessageObject, origin: string | undefined): void;
}

/** The check for `type`, or undefined when unknown properties are ignored. */
export function propertyCheck(
  type: protobuf.Type,
  mode: UnknownProperties,
  warn: WarningSink,
): PropertyCheck | undefined {
  if (mode === 'ignore') return undefined;
  return mode === 'error' ? new EachMessage(type) : new SomeMessages(type, warn);
}

class EachMessage implements PropertyCheck {
  left = 0;
  readonly #names: Names;

  constructor(type: protobuf.Type) {
    this.#names = new Names(type);
  }

  check(message: MessageObject): void {
    this.left = 0;
    for (const name of Object.keys(message)) {
      if (!this.#names.isLost(message, name)) continue;
      const expected = `a field of ${this.#names.typeName}; it has none of this name.${this.#names.hint(name)}`;
      throw new InvalidValue(expected.replace(/\.$/, ''), message[name]).within(name);
    }
  }
}

class SomeMessages implements PropertyCheck {
  left = 0;
  #first = FIRST_MESSAGES;
  readonly #names: Names;
  readonly #named = new Set<string>();

  constructor(
    type: protobuf.Type,
    private readonly warn: WarningSink,
  ) {
    this.#names = new Names(type);
  }

  check(message: MessageObject, origin: string | undefined): void {
    if (this.#first > 0) this.#first -= 1;
    this.left = this.#first > 0 ? 0 : BETWEEN_LOOKS;
    for (const name of Object.keys(message)) {
      if (!this.#names.isLost(message, name)) continue;
      if (this.#named.has(name) || this.#named.size >= MAX_NAMED) continue;
      this.#named.add(name);
      const where = origin === undefined ? '' : ` (in a ${origin})`;
      const { typeName } = this.#names;
      const property = JSON.stringify(name.slice(0, 100));
      this.warn(`${typeName} has no field ${property}: the property is not sent${where}.${this.#names.hint(name)}`);
    }
  }
}

/** The names that a type's messages may have. */
class Names {
  readonly typeName: string;
  readonly #fields: ReadonlySet<string>;
  readonly #oneofs: ReadonlySet<string>;

  constructor(type: protobuf.Type) {
    this.typeName = nameOf(type);
    this.#fields = new Set(type.fieldsArray.map(({ name }) => name));
    this.#oneofs = new Set(type.oneofsArray.map(({ name }) => name));
  }

  isLost(message: MessageObject, name: string): boolean {
    if (this.#fields.has(name)) return false;
    const value = message[name];
    if (value === undefined || value === null || typeof value === 'function') return false;
    // `$type` of ts-proto, `$typeName` and `$unknown` of protobuf-es, `@type` of an opened Any.
    if (name.startsWith('$') || name === '@type') return false;
    // The option `oneofs` names the member that was sent.
    return !(typeof value === 'string' && this.#oneofs.has(name));
  }

  hint(name: string): string {
    const plain = withoutStyle(name);
    const same = [...this.#fields].find((field) => withoutStyle(field) === plain);
    return same === undefined ? didYouMean(name, this.#fields) : ` Did you mean '${same}'?`;
  }
}

/** `secret_name` and `secretName` differ in style only. */
function withoutStyle(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}
