import { expect, it } from '@jest/globals';
import { TtrpcError } from '../../../../src/protocol/core/errors.js';
import { TtrpcStatus } from '../../../../src/protocol/core/status.js';

it('TtrpcError: instanceof holds across copies, codes out of range are UNKNOWN', () => {
  const error = new TtrpcError(99, 'x');
  expect(error).toMatchObject({ code: TtrpcStatus.UNKNOWN, rawCode: 99 });
  expect(new TtrpcError(5, 'gone')).toMatchObject({ code: 5, rawCode: 5 });
  const fromAnotherCopy = Object.assign(new Error('x'), { [Symbol.for('nestjs-ttrpc.error')]: true });
  expect(fromAnotherCopy instanceof TtrpcError).toBe(true);
  expect(new Error('x') instanceof TtrpcError).toBe(false);
  expect(String(new TtrpcError(5, 'gone'))).toBe('TtrpcError: NOT_FOUND: gone');
});
