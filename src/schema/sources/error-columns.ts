import type { SchemaError } from '../schema-error.js';

const columns = new WeakMap<SchemaError, number>();

/** Notes in which column of its line, from 1, what the error is about begins. */
export function noteColumn(error: SchemaError, column: number): SchemaError {
  columns.set(error, column);
  return error;
}

/** The column that was noted of an error; undefined where none is known. */
export function columnOf(error: SchemaError): number | undefined {
  return columns.get(error);
}
