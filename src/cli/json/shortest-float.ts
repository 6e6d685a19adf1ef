/** A decimal of so many digits is found again in any float from the least normal one. */
const DIGITS_KEPT = 6;
/** So many digits tell any two floats apart. */
const MAX_DIGITS = 9;
const LEAST_NORMAL = 2 ** -126;

/**
 * The number whose decimal is the shortest that reads back as the same float: 0.1 for 0.10000000149011612, which is what a
 * float of 0.1 holds. That is what other implementations print. (Three powers of two get a digit more: only a decimal that
 * is not their nearest is as short.)
 */
export function shortestFloat(float: number): number {
  // All their digits count.
  if (Number.isInteger(float) && Math.abs(float) <= 2 ** 24) return float;
  for (let digits = Math.abs(float) < LEAST_NORMAL ? 1 : DIGITS_KEPT; digits < MAX_DIGITS; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return evenOfTie(float, digits) ?? short;
  }
  return Number(float.toPrecision(MAX_DIGITS));
}

/**
 * The decimal with an even last digit below a float that is halfway between two of them: 1048576.2 of 1048576.25, where
 * toPrecision says 1048576.3. Undefined where that is no tie, or the even one is above.
 */
function evenOfTie(float: number, digits: number): number | undefined {
  // Only these end within nine digits.
  if (!Number.isInteger(float * 2 ** 12) || Number.isInteger(float)) return undefined;
  const longer = float.toPrecision(digits + 1);
  if (Number(longer) !== float || !/[02468]5$/.test(longer)) return undefined;
  const even = Number(longer.slice(0, -1));
  return Math.fround(even) === float ? even : undefined;
}
