import { describe, expect, it } from '@jest/globals';
import {
  codeOf,
  messageOf,
  nameOf,
  readProperty,
  stackOf,
  UNPRINTABLE,
} from '../../../../src/protocol/core/describe-error.js';
import { TtrpcError } from '../../../../src/protocol/core/errors.js';
import { TtrpcException } from '../../../../src/index.js';
import { logStack } from '../../../../src/common/log-text.js';
import { hostileValues } from '../../../support/hostile-values.js';

describe('what was thrown is read safely', () => {
  it.each(Object.entries(hostileValues))('%s', (_name, make) => {
    const value = make();
    expect(typeof messageOf(value)).toBe('string');
    expect(typeof nameOf(value)).toBe('string');
    expect(['string', 'undefined']).toContain(typeof stackOf(value));
    expect(['string', 'number', 'undefined']).toContain(typeof codeOf(value));
    expect(['string', 'undefined']).toContain(typeof logStack(value));
    expect(readProperty(value, 'no such property')).toBeUndefined();
    expect(value instanceof TtrpcError).toBe(false);
    expect(value instanceof TtrpcException).toBe(false);
    expect(TtrpcError.from(value).message).toBe(messageOf(value));
  });

  it('what has a text gives it', () => {
    expect(messageOf(new TypeError('lost'))).toBe('lost');
    expect(messageOf('lost')).toBe('lost');
    expect(messageOf({ message: 'lost' })).toBe('lost');
    expect(messageOf(undefined)).toBe('undefined');
    expect(messageOf(Symbol('lost'))).toBe('Symbol(lost)');
    expect(messageOf(Object.create(null))).toBe(UNPRINTABLE);
    expect(nameOf(new TypeError('lost'))).toBe('TypeError');
    expect(nameOf('lost')).toBe('string');
    expect(codeOf(Object.assign(new Error('lost'), { code: 'ECONNRESET' }))).toBe('ECONNRESET');
    expect(codeOf(new TtrpcError(5, 'lost'))).toBe(5);
    expect(stackOf(new Error('lost'))).toContain('lost');
  });
});
