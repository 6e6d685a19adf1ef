/** Marks the errors of every copy of this library (ESM, CommonJS, two versions), so that `instanceof` holds across them. */
const BRAND = Symbol.for('nestjs-ttrpc.schema-error');

/** Where a schema went wrong, as far as it is known. */
export interface SchemaErrorPlace {
  /** The .proto file, as it was found on disk, or named where it was not found. */
  file?: string | undefined;
  /** Line in that file, from 1. */
  line?: number | undefined;
  cause?: unknown;
}

/**
 * A schema that cannot be used: a file that is missing or does not parse, types that do not fit together, a service
 * or type that is not there. The message names the thing and what was expected.
 */
export class SchemaError extends Error {
  override readonly name: string = 'SchemaError';
  /** The .proto file at fault, where one is. */
  readonly file: string | undefined;
  /** Line in {@link file}, from 1, where it is known. */
  readonly line: number | undefined;

  constructor(message: string, place: SchemaErrorPlace = {}) {
    super(message, place.cause === undefined ? undefined : { cause: place.cause });
    this.file = place.file;
    this.line = place.line;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** @internal An error in a file: `file:line: text`, as far as they are known. */
  static at(file: string | undefined, line: number | undefined, text: string, cause?: unknown): SchemaError {
    const place = file === undefined ? '' : line === undefined ? `${file}: ` : `${file}:${line}: `;
    return new SchemaError(place + text, { file, line, cause });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
  }
}

/** The message of whatever was thrown. */
export function errorText(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
