import { describe, expect, it } from '@jest/globals';
import { RequestEnvelope } from '../../../../src/protocol/wire/request-envelope.js';
import { ResponseEnvelope } from '../../../../src/protocol/wire/response-envelope.js';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

function request(hex: string): RequestEnvelope {
  const envelope = new RequestEnvelope();
  // In the middle of a buffer, so that a read beyond the end shows.
  const buf = Buffer.concat([Buffer.alloc(7, 0xff), bytes(hex), Buffer.alloc(9, 0xff)]);
  envelope.parse(buf, 7, buf.length - 9);
  return envelope;
}

function response(hex: string): ResponseEnvelope {
  const envelope = new ResponseEnvelope();
  const buf = bytes(hex);
  envelope.parse(buf, 0, buf.length);
  return envelope;
}

describe('a Request envelope', () => {
  it.each([
    ['0', '2000', 0],
    ['1', '2001', 1],
    ['a second', '2080 94eb dc03', 1_000_000_000],
    ['minus one, in ten bytes', '20 ffffffffffffffffff 01', -1],
    ['the largest', '20 ffffffffffffffff7f', 2 ** 63],
    ['the smallest', '20 80808080808080808001', -(2 ** 63)],
    ['over-long but valid', '20 8180808000', 1],
  ])('timeout_nano: %s', (_name, hex, expected) => {
    expect(request(hex).timeoutNano).toBe(expected);
  });

  it('a repeated field: the last counts; unknown fields and wrong wire types are passed over', () => {
    const envelope = request('2001 2002 4a03616263 0801 f801 05 2a00');
    expect(envelope.timeoutNano).toBe(2);
    expect(envelope.metadata?.size).toBe(0);
  });

  it('groups are passed over', () => {
    expect(request('7b 0801 7c 2003').timeoutNano).toBe(3);
  });

  it.each([
    ['a truncated varint', '20ff', 'the message is cut short'],
    ['a varint of eleven bytes', '20 ffffffffffffffffffff01', 'varint'],
    ['a varint above 64 bits', '20 ffffffffffffffffff02', 'a varint exceeds 64 bits'],
    ['a field that is longer than the envelope', '0a05 61', 'the message is cut short'],
    ['a length above 2^32', '0a ffffffffff01', 'the message is cut short'],
    ['field number 0', '0200', 'a field number is invalid'],
    ['a reserved wire type', '0f', 'wire type 7 is invalid'],
    ['an end of no group', '7c', 'a group ends that has not begun'],
    ['a group that does not end', '7b0801', 'the message is cut short'],
    ['a group with the end of another', '7b84 01', 'a group ends that has not begun'],
    ['groups without end', '7b'.repeat(100), 'more than 64 levels of nesting'],
    ['metadata that is not UTF-8', '2a03 0a01 ff', 'a string is not valid UTF-8'],
    ['metadata whose field leaves it', '2a02 0a05 6161616161', 'the message is cut short'],
  ])('%s is refused', (_name, hex, message) => {
    expect(() => request(hex)).toThrow(message);
  });
});

describe('a Response envelope', () => {
  it('code 0 and no status both mean OK', () => {
    expect(response('0a00 120161').status).toBeUndefined();
    expect(response('0a020800').status).toBeUndefined();
    expect(response('').status).toBeUndefined();
  });

  it.each([
    ['99', '0a020863'],
    ['-1', '0a0b 08ffffffffffffffffff01'],
    ['16', '0a020810'],
  ])('code %s is told as it was sent', (code, hex) => {
    expect(response(hex).status?.code).toBe(Number(code));
  });
});
