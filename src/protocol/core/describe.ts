import { readProperty } from './describe-error.js';

/** Longer strings and numbers are cut in an error's text. */
const MAX_VALUE_CHARACTERS = 40;

/** How a value looks in an error's text: its kind and, where it is short, the value itself. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `string ${JSON.stringify(cut(value))}`;
    case 'number':
      return `number ${Object.is(value, -0) ? '-0' : String(value)}`;
    case 'bigint':
      return `bigint ${cut(String(value))}`;
    case 'boolean':
      return `boolean ${value}`;
    case 'undefined':
      return 'undefined';
    case 'object':
      return value === null ? 'null' : describeObject(value);
    default:
      return `a ${typeof value}`;
  }
}

function describeObject(value: object): string {
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`;
  } catch {
    return 'a revoked Proxy';
  }
  const name = readProperty(readProperty(value, 'constructor'), 'name');
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `an object of class ${name}` : 'an object';
}

function cut(text: string): string {
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text;
}

/**
 * As {@link describe}, for the value of an option: a number stands without its type, which the expected value makes clear
 * (`got -1`, but `got string "64"`).
 */
export function describeOption(value: unknown): string {
  return typeof value === 'number' ? String(value) : describe(value);
}
