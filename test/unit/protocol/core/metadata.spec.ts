import { describe, expect, it } from '@jest/globals';
import { TtrpcMetadata } from '../../../../src/protocol/core/metadata.js';

describe('TtrpcMetadata', () => {
  it('has lower-case keys on the way in and on look-up, and several values', () => {
    const metadata = new TtrpcMetadata({ 'X-A': ['1', '2'], b: '3' }).append('x-a', '4').set('B', '5');
    expect(metadata.get('X-a')).toBe('1');
    expect(metadata.getAll('x-A')).toEqual(['1', '2', '4']);
    expect([...metadata]).toEqual([
      ['x-a', '1'],
      ['x-a', '2'],
      ['x-a', '4'],
      ['b', '5'],
    ]);
    expect(metadata.delete('X-A')).toBe(true);
    expect(metadata.has('x-a')).toBe(false);
    expect(metadata.size).toBe(1);
  });

  it("names of Object's members are keys like others", () => {
    const metadata = new TtrpcMetadata([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
    expect(metadata.get('__proto__')).toBe('1');
    expect(metadata.get('toString')).toBeUndefined();
    expect(Object.getPrototypeOf(metadata.toJSON())).toBeNull();
    expect(new TtrpcMetadata(metadata)).toEqual(metadata);
  });

  it('refuses what is no string', () => {
    expect(() => new TtrpcMetadata({ a: 1 as never })).toThrow(
      'metadata "a": expected a string or an array of strings, got number',
    );
    expect(() => new TtrpcMetadata({ a: [1 as never] })).toThrow('metadata "a"');
    expect(() => new TtrpcMetadata({ '': 'x' })).toThrow('metadata key ""');
  });
});
