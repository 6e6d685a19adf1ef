import type protobuf from 'protobufjs';
import { InvalidValue } from './encode-error.js';
import type { MessageObject } from '../message-object.js';
import type { EncoderRegistry, FieldsWriter, NestedEncoder } from './field-plan.js';
import { planOf } from './field-writers.js';
import { fieldsWriter } from './fields-writer.js';
import { impostorHint } from './impostor.js';
import { oneofCheck, type OneofCheck } from './oneof-check.js';
import { fieldsInOrder, isMessageSet, nameOf } from '../reflection.js';
import type { PropertyCheck } from './unknown-properties.js';
import type { WireWriter } from './wire-writer.js';

/** Turns what the user passed for a well-known type into its fields: a Date into seconds and nanos. */
export type Preparation = (value: object, writer: WireWriter) => object;

/**
 * Checks values of one message type and writes them in one pass, without a copy. What is accepted: the value's own
 * properties and accessors (also inherited ones) under the fields' names; null and undefined mean that a field is not
 * set. A field that is set is written, unless it has no presence and holds its zero. Unknown fields that were received
 * with a message are written behind the others.
 */
export class MessageEncoder implements NestedEncoder {
  readonly typeName: string;
  readonly #type: protobuf.Type;
  readonly #registry: EncoderRegistry;
  readonly #prepare: Preparation | undefined;
  readonly #properties: PropertyCheck | undefined;
  #names: readonly string[] = [];
  #writeFields: FieldsWriter | undefined;

  /** `prepare` is for well-known types; `properties` looks for unknown properties. */
  constructor(type: protobuf.Type, registry: EncoderRegistry, prepare?: Preparation, properties?: PropertyCheck) {
    this.typeName = nameOf(type);
    this.#type = type;
    this.#registry = registry;
    this.#prepare = prepare;
    this.#properties = properties;
  }

  /** Writes the fields of `value`. @throws {InvalidValue} */
  write(writer: WireWriter, value: unknown): void {
    const writeFields = this.#writeFields ?? this.#compile();
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      if ((value === null || value === undefined) && this.#names.length === 0) return;
      throw new InvalidValue(`an object (${this.typeName})`, value);
    }
    const message = (this.#prepare === undefined ? value : this.#prepare(value, writer)) as MessageObject;
    const start = writer.pos;
    if (this.#properties !== undefined && message === value && --this.#properties.left < 0) {
      this.#properties.check(message, writer.origin);
    }
    writeFields(writer, message);
    // Nothing found in it: then it must not be something that only looks like an object without fields.
    if (writer.pos === start) this.#refuseImpostor(message);
  }

  /** At the first message: most types that a schema reaches are never used. */
  #compile(): FieldsWriter {
    const type = this.#type;
    const inMessageSet = isMessageSet(type);
    const plans = fieldsInOrder(type).map((field) => planOf(field, inMessageSet, this.#registry));
    const oneofs = type.oneofsArray.filter((oneof) => oneof.fieldsArray.length > 1);
    this.#names = plans.map(({ name }) => name);
    const checks: OneofCheck[] = oneofs.map(oneofCheck);
    return (this.#writeFields = fieldsWriter(plans, checks));
  }

  #refuseImpostor(value: MessageObject): void {
    const hint = impostorHint(value, this.#names);
    if (hint !== undefined) throw new InvalidValue(`an object (${this.typeName})${hint}`, value);
  }
}
