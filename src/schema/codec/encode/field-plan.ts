import type { ScalarWriter, ValueWriter } from './scalar-writers.js';
import type { WireWriter } from './wire-writer.js';

/** What a message's value is read as. */
export type MessageObject = Record<string, unknown>;

/** How one field of a message is written. */
export interface FieldPlan {
  readonly name: string;
  /** Writes a value, tag and all. */
  readonly write: ValueWriter;
  /** True when `write` wants to see that there is no value: it writes a default, or raises a Misfit. */
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

/** Writes the fields of a message that are set. Raises a Misfit that knows its field. */
export type FieldsWriter = (writer: WireWriter, message: MessageObject) => void;
