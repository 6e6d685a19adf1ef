import { describe, expect, it } from '@jest/globals';
import { httpStatusOf, TtrpcException, TtrpcStatus } from '../../../src/index.js';

/** Codes with the HTTP status that google/rpc/code.proto gives them. */
const TABLE: [code: keyof typeof TtrpcStatus, factory: keyof typeof TtrpcException, http: number][] = [
  ['CANCELLED', 'cancelled', 499],
  ['UNKNOWN', 'unknown', 500],
  ['INVALID_ARGUMENT', 'invalidArgument', 400],
  ['DEADLINE_EXCEEDED', 'deadlineExceeded', 504],
  ['NOT_FOUND', 'notFound', 404],
  ['ALREADY_EXISTS', 'alreadyExists', 409],
  ['PERMISSION_DENIED', 'permissionDenied', 403],
  ['RESOURCE_EXHAUSTED', 'resourceExhausted', 429],
  ['FAILED_PRECONDITION', 'failedPrecondition', 400],
  ['ABORTED', 'aborted', 409],
  ['OUT_OF_RANGE', 'outOfRange', 400],
  ['UNIMPLEMENTED', 'unimplemented', 501],
  ['INTERNAL', 'internal', 500],
  ['UNAVAILABLE', 'unavailable', 503],
  ['DATA_LOSS', 'dataLoss', 500],
  ['UNAUTHENTICATED', 'unauthenticated', 401],
];

describe('each code but OK', () => {
  it('is in the table', () => {
    const codes = Object.keys(TtrpcStatus).filter((name) => Number.isNaN(Number(name)) && name !== 'OK');
    expect(TABLE.map(([code]) => code).sort()).toEqual(codes.sort());
  });

  it.each(TABLE)('%s has TtrpcException.%s() and HTTP status %i', (code, factory, http) => {
    const details = [{ typeUrl: 'x/y', value: new Uint8Array([1]) }];
    const make = (message: string, given?: typeof details): TtrpcException =>
      (TtrpcException[factory] as (message: string, given?: typeof details) => TtrpcException)(message, given);
    expect(make('no such job', details)).toMatchObject({ code: TtrpcStatus[code], message: 'no such job', details });
    expect(make('bare')).toBeInstanceOf(TtrpcException);
    expect(make('bare').details).toEqual([]);
    expect(httpStatusOf(TtrpcStatus[code])).toBe(http);
  });

  it('an unknown code is HTTP status 500', () => expect(httpStatusOf(99)).toBe(500));
});
