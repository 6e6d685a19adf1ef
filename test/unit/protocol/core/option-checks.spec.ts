import { describe, expect, it } from '@jest/globals';
import { describe as describeValue, describeOption } from '../../../../src/protocol/core/describe.js';
import { limit } from '../../../../src/protocol/core/limit.js';
import { loadOptional } from '../../../../src/protocol/core/optional-package.js';
import { isThenable } from '../../../../src/protocol/core/thenable.js';
import { MAX_MESSAGE_BYTES } from '../../../../src/protocol/wire/frame.js';
import { messageLimit } from '../../../../src/protocol/wire/message-limit.js';

describe('limit', () => {
  it('gives the value, or the default where there is none', () => {
    expect(limit({ maxConnections: 1 }, 'maxConnections', 5)).toBe(1);
    expect(limit({ maxConnections: Infinity }, 'maxConnections', 5)).toBe(Infinity);
    expect(limit<'maxConnections'>({}, 'maxConnections', 5)).toBe(5);
  });

  it.each([0, -1, 1.5, NaN, -Infinity, '7', null, {}])('refuses %p and names it', (value) => {
    const options = { maxConnections: value as number };
    expect(() => limit(options, 'maxConnections', 5)).toThrow(
      `maxConnections: expected a positive integer, got ${describeOption(value)}`,
    );
  });
});

describe('messageLimit', () => {
  it("is the protocol's 4 MiB by default and at most", () => {
    expect(messageLimit(undefined)).toBe(MAX_MESSAGE_BYTES);
    expect(messageLimit(MAX_MESSAGE_BYTES)).toBe(MAX_MESSAGE_BYTES);
    expect(() => messageLimit(MAX_MESSAGE_BYTES + 1)).toThrow(
      "maxMessageBytes: expected at most 4194304 (the protocol's limit), got 4194305",
    );
    expect(() => messageLimit(0)).toThrow('maxMessageBytes: expected a positive integer, got 0');
  });
});

describe('describe', () => {
  it.each([
    ['text', 'string "text"'],
    ['x'.repeat(50), `string "${'x'.repeat(40)}…"`],
    [-0, 'number -0'],
    [10n ** 50n, `bigint 1${'0'.repeat(39)}…`],
    [true, 'boolean true'],
    [undefined, 'undefined'],
    [null, 'null'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object'],
    [new Map(), 'an object of class Map'],
    [Object.create(null), 'an object'],
    [() => undefined, 'a function'],
    [Symbol('x'), 'a symbol'],
  ])('%p is %s', (value, text) => {
    expect(describeValue(value)).toBe(text);
  });

  it('survives a revoked Proxy', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(describeValue(proxy)).toBe('a revoked Proxy');
  });

  it('leaves out the type of a number that is an option', () => {
    expect(describeOption(64)).toBe('64');
    expect(describeOption('64')).toBe('string "64"');
  });
});

describe('isThenable', () => {
  it.each([
    [Promise.resolve(), true],
    [{ then: () => undefined }, true],
    [{ then: 1 }, false],
    [null, false],
    [() => undefined, false],
  ])('%p: %p', (value, expected) => {
    expect(isThenable(value)).toBe(expected);
  });
});

describe('loadOptional', () => {
  it('loads a package that is installed, and gives undefined for any other', () => {
    expect(loadOptional('rxjs')).toHaveProperty('Observable');
    expect(loadOptional('a-package-that-nobody-has-installed')).toBeUndefined();
  });
});
