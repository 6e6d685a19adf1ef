import { expect, it } from '@jest/globals';
import {
  checkSocketFileOptions,
  restrictsSocketFile,
  type SocketFileOptions,
} from '../../../../src/protocol/socket/socket-file-options.js';

it.each<[SocketFileOptions, boolean]>([
  [{}, false],
  [{ socketMode: 0 }, true],
  [{ socketMode: 0o777 }, true],
  [{ socketOwner: {} }, true],
  [{ socketOwner: { uid: 0, gid: 0xffff_fffe } }, true],
])('takes %j', (options, restricts) => {
  checkSocketFileOptions(options);
  expect(restrictsSocketFile(options)).toBe(restricts);
});

it.each<[string, unknown]>([
  ['socketMode: expected permission bits from 0 to 0o777, such as 0o600, got 512', { socketMode: 0o1000 }],
  ['socketMode: expected permission bits from 0 to 0o777, such as 0o600, got string "600"', { socketMode: '600' }],
  ['socketOwner: expected { uid, gid }, got null', { socketOwner: null }],
  ['socketOwner.uid: expected an id from 0 to 4294967294, got -1', { socketOwner: { uid: -1 } }],
  // The system's "no change".
  ['socketOwner.gid: expected an id from 0 to 4294967294, got 4294967295', { socketOwner: { gid: 0xffff_ffff } }],
])('refuses with: %s', (message, options) => {
  expect(() => checkSocketFileOptions(options as SocketFileOptions)).toThrow(message);
});
