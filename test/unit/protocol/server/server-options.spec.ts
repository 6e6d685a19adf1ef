import { expect, it } from '@jest/globals';
import { checkCloseOptions, serverLimits } from '../../../../src/protocol/server/server-options.js';

it('the limits of a connection and of the server follow from maxBufferedBytes', () => {
  expect(serverLimits({ maxBufferedBytes: 1024 })).toMatchObject({
    maxBufferedBytes: 1024,
    maxBufferedBytesPerConnection: 4 * 1024,
    maxBufferedBytesPerServer: 16 * 1024,
  });
  expect(serverLimits({})).toMatchObject({ maxBufferedBytes: 16 * 1024 * 1024, idleTimeoutMs: undefined });
});

it.each(['maxConnections', 'maxConcurrentCalls', 'maxMetadataBytes', 'maxBufferedBytes', 'maxMessageBytes'])(
  'refuses %s that is not a positive integer',
  (name) => {
    for (const value of [0, -1, 1.5, NaN, '5']) expect(() => serverLimits({ [name]: value })).toThrow(name);
  },
);

it('refuses a grace period below 0 and signalStreams that is not a boolean', () => {
  checkCloseOptions({ gracePeriodMs: 0, signalStreams: true });
  expect(() => checkCloseOptions({ gracePeriodMs: -1 })).toThrow(
    'gracePeriodMs: expected a number of milliseconds, 0 or more, got -1',
  );
  expect(() => checkCloseOptions({ signalStreams: 1 as never })).toThrow(
    'signalStreams: expected true or false, got 1',
  );
});
