const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/** No integer of a field has more. */
const MAX_DIGITS = 20;

/**
 * The integer that a decimal is, which may have a fraction of zeros or an exponent: `1.5e3`. Undefined for what is no
 * integer, or has more digits than any field holds.
 */
export function exactInteger(text: string): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits === '') return 0n;
  let end = digits.length;
  while (digits.charAt(end - 1) === '0') end--;
  const zeros = Number(exponent) - fraction.length + digits.length - end;
  if (zeros < 0 || end + zeros > MAX_DIGITS) return undefined;
  return BigInt(`${sign}${digits.slice(0, end)}${'0'.repeat(zeros)}`);
}
