import { describeOption } from './describe.js';

/**
 * The option `name`, or `fallback`.
 * @throws {RangeError} when it is neither a positive integer nor Infinity.
 */
export function limit<K extends string>(options: Partial<Record<K, number>>, name: K, fallback: number): number {
  const value: unknown = options[name];
  if (value === undefined) return fallback;
  if (typeof value === 'number' && value >= 1 && (Number.isInteger(value) || value === Infinity)) return value;
  throw new RangeError(`${name}: expected a positive integer, got ${describeOption(value)}`);
}
