import { expect, it } from '@jest/globals';
import { MethodTable } from '../../../../src/protocol/server/method-table.js';

it('MethodTable finds by bytes, also in the middle of others, and refuses a second one', () => {
  const table = new MethodTable<{ service: string; method: string; shape: 'unary' }>();
  const hello = { service: 'a.B', method: 'Hello', shape: 'unary' } as const;
  table.add(hello);
  expect(() => table.add({ ...hello })).toThrow('method a.B/Hello is registered twice');
  const buf = Buffer.from('xa.BHellox');
  expect(table.find(buf, 1, 4, buf, 4, 9)).toBe(hello);
  expect(table.find(buf, 1, 4, buf, 4, 8)).toBeUndefined();
  expect(table.hasService('a.B')).toBe(true);
});
