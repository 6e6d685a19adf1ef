import { median } from '../median.js';

/** `18.5 (18.3 to 19.0)`: the median, the lowest and the highest. */
export function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '';
  const text = (value: number): string => value.toFixed(digits);
  return `${text(median(values))} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}
