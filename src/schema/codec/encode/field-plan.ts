import type protobuf from 'protobufjs';
import type { MessageObject } from '../message-object.js';
import type { ScalarWriter, ValueWriter } from './scalar-writers.js';
import type { WireWriter } from './wire-writer.js';

/** Writes the messages of one type. */
export interface NestedEncoder {
  /** Writes the fields of `value`. @throws InvalidValue */
  write(writer: WireWriter, value: unknown): void;
}

/** Gives the encoder of a type that a field refers to. */
export interface EncoderRegistry {
  encoder(type: protobuf.Type): NestedEncoder;
}

/** How one field of a message is written. */
export interface FieldPlan {
  readonly name: string;
  /** Writes a value, tag and all. */
  readonly write: ValueWriter;
  /** True when `write` wants to see that there is no value: it writes a default, or throws an InvalidValue. */
  readonly isRequired: boolean;
  /** The part of {@link write} that generated code does itself; undefined for fields that it leaves to `write`. */
  readonly inline?: InlineField;
}

/** A singular scalar field. */
export interface InlineField {
  readonly tag: number;
  readonly scalar: ScalarWriter;
  /** True when a zero is written, too: the field has presence. */
  readonly hasPresence: boolean;
}

/** Writes the fields of a message that are set. @throws {InvalidValue} that knows its field */
export type FieldsWriter = (writer: WireWriter, message: MessageObject) => void;
