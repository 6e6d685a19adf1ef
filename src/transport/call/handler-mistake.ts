import { readProperty } from '../../protocol/core/describe-error.js';

const BRAND = Symbol('handler mistake');

/** A handler has given what it must not. Its message, behind the handler's name, is for the caller and for the log. */
export class HandlerMistake extends Error {
  readonly [BRAND] = true;

  /** True for a HandlerMistake; false for whatever else was thrown, also what throws when it is looked at. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return readProperty(value, BRAND) === true;
  }
}
