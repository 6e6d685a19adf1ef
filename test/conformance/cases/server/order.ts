import type { ServerCase } from '../../case.js';
import { close, data, echoed, ended, failed, item, message, ok, reply, request } from '../../service.js';
import { DATA, HEADER_BYTES, MAX_DATA_BYTES, REQUEST, REMOTE_CLOSED } from '../../wire/frame.js';

/* Ids, frames and pieces of frames in every order that nobody would choose. */

const section = 'Hostile bytes';

const one = { seq: 41, body: { text: 'one' } };
const two = { seq: 42, body: { text: 'two' } };
const notActive = 'StreamID is no longer active';
const mustIncrement = 'StreamID cannot be re-used and must increment';
const mustBeOdd = 'StreamID must be odd for client initiated streams';
const LAST_ID = 0xffffffff;

/** The connection ends after so many bytes of a frame, with a call open. */
function endsAfter(bytes: number): ServerCase {
  const seq = 7700 + bytes;
  // A Request for an id that is not used yet, with three bytes of data.
  const frame = '00000003 00000003 01 00 0a0178'.replaceAll(' ', '');
  return {
    name: `the connection ends ${bytes} ${bytes === 1 ? 'byte' : 'bytes'} into a frame, with a call open`,
    section,
    rule: 'the header cut at each byte',
    steps: [
      { send: [request(1, 'Unary', message({ seq, delayMs: 60_000 }))] },
      { happens: { event: 'started', method: 'Unary', seq } },
      { send: [{ bytes: { hex: frame.slice(0, 2 * bytes) } }] },
      { halfClose: true },
      { closedByServer: true },
      { happens: { event: 'cancelled', method: 'Unary', seq, cause: 'cancelled' } },
    ],
    after: 'closed',
  };
}

/** A piece that ends so many bytes into the second of three frames. */
function cutInSecond(bytes: number): ServerCase {
  // A call of Nothing with an empty payload has 31 bytes of data.
  return {
    name: `a piece that ends ${bytes} ${bytes === 1 ? 'byte' : 'bytes'} into the second of three frames`,
    section,
    rule: 'the header cut at each byte',
    steps: [
      {
        send: [1, 3, 5].map((id) => request(id, 'Nothing', { hex: '' })),
        chunks: [HEADER_BYTES + 31 + bytes],
      },
      { receive: [ok(1), ok(3), ok(5)] },
    ],
    after: 'usable',
  };
}

const keepsOrder = {
  go: {
    reason: 'Go refuses every id that is not above the last.',
    row: "Request id not above the last one's",
    decision: "accepted: Rust's async client may put ids on the wire out of order",
  },
};

export const order: ServerCase[] = [
  ...Array.from({ length: HEADER_BYTES + 2 }, (_, i) => endsAfter(i + 1)),
  ...Array.from({ length: HEADER_BYTES + 1 }, (_, i) => cutInSecond(i + 1)),

  // Ids
  {
    name: 'Requests with decreasing ids',
    section,
    rule: 'ids even, zero, repeated, decreasing',
    differs: keepsOrder,
    steps: [
      { send: [9, 7, 5, 3].map((id) => request(id, 'Unary', message({ seq: id }))) },
      {
        receive: [9, 7, 5, 3].map((id) => ok(id, echoed({ seq: id }))),
        instead: {
          go: [ok(9, echoed({ seq: 9 })), ...[7, 5, 3].map((id) => failed(id, 'INVALID_ARGUMENT', mustIncrement))],
        },
      },
      { send: [9, 7, 5, 3].map((id) => request(id, 'Nothing')) },
      { receive: [9, 7, 5, 3].map((id) => failed(id, 'INVALID_ARGUMENT', mustIncrement)) },
    ],
    after: 'usable',
  },
  {
    name: 'an id so far below the last one that nobody can tell whether it was used',
    section,
    rule: 'ids decreasing: of those that were passed over the newest 1,024 are remembered',
    steps: [
      { send: [request(100_001, 'Nothing'), request(1, 'Nothing')] },
      { receive: [ok(100_001), failed(1, 'INVALID_ARGUMENT', mustIncrement)] },
    ],
    after: 'usable',
  },
  {
    name: 'one id, a hundred times in one write',
    section,
    rule: 'ids repeated',
    steps: [
      { send: [request(1, 'Nothing', undefined, { service: 'no.Such' }), ...times(99, () => request(1, 'Nothing'))] },
      {
        receive: [
          failed(1, 'UNIMPLEMENTED', 'service no.Such'),
          ...times(99, () => failed(1, 'INVALID_ARGUMENT', mustIncrement)),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'frames of every known type on even ids between those of a stream',
    section,
    rule: 'ids even, zero',
    steps: [
      { send: [request(1, 'Bidi'), data(1, message(one))] },
      { receive: [item(1, reply(one))] },
      {
        send: [
          request(0, 'Bidi'),
          data(0, message(one)),
          request(2, 'Bidi'),
          data(2, message(one), REMOTE_CLOSED),
          { id: 2, type: 2, data: { response: {} } },
          data(1, message(two)),
          close(1),
        ],
      },
      {
        receive: [
          failed(0, 'INVALID_ARGUMENT', mustBeOdd),
          failed(0, 'INVALID_ARGUMENT', mustBeOdd),
          failed(2, 'INVALID_ARGUMENT', mustBeOdd),
          failed(2, 'INVALID_ARGUMENT', mustBeOdd),
          failed(2, 'INVALID_ARGUMENT', mustBeOdd),
          item(1, reply(two)),
          ended(1),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'a stream on the last id, and Requests below it',
    section,
    rule: 'ids 2^32-1',
    differs: keepsOrder,
    steps: [
      { send: [request(LAST_ID, 'Bidi'), data(LAST_ID, message(one)), request(LAST_ID - 2, 'Nothing')] },
      {
        receive: [item(LAST_ID, reply(one)), ok(LAST_ID - 2)],
        instead: {
          go: [item(LAST_ID, reply(one)), failed(LAST_ID - 2, 'INVALID_ARGUMENT', mustIncrement)],
        },
      },
      { send: [request(1, 'Nothing'), close(LAST_ID)] },
      { receive: [failed(1, 'INVALID_ARGUMENT', mustIncrement), ended(LAST_ID)] },
    ],
    after: 'spent',
  },

  // Data before, after and without a Request
  {
    name: 'a message before the Request of its stream',
    section,
    rule: 'data before its request',
    steps: [
      { send: [data(1, message(two)), close(1), request(1, 'Bidi'), data(1, message(one))] },
      {
        receive: [
          failed(1, 'INVALID_ARGUMENT', notActive),
          failed(1, 'INVALID_ARGUMENT', notActive),
          item(1, reply(one)),
        ],
      },
      { send: [close(1)] },
      { receive: [ended(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'a message before a unary Request',
    section,
    rule: 'data before its request',
    steps: [
      { send: [data(1, message(two)), request(1, 'Unary', message(one))] },
      { receive: [failed(1, 'INVALID_ARGUMENT', notActive), ok(1, echoed(one))] },
    ],
    after: 'usable',
  },
  {
    name: 'messages with each of the eight flags, without a Request',
    section,
    rule: 'data without a request',
    steps: [
      { send: times(8, (flags) => data(2 * flags + 1, message(one), flags)) },
      { receive: times(8, (flags) => failed(2 * flags + 1, 'INVALID_ARGUMENT', notActive)) },
    ],
    after: 'usable',
  },
  {
    name: 'bidi: messages after both sides have closed, with each of the eight flags',
    section,
    rule: 'data after the end',
    steps: [
      { send: [request(1, 'Bidi'), close(1)] },
      { receive: [ended(1)] },
      { nothingMoreBy: 3 },
      { send: times(8, (flags) => data(1, message(one), flags)) },
      { receive: times(8, () => failed(1, 'INVALID_ARGUMENT', notActive)) },
    ],
    after: 'usable',
  },
  {
    name: 'bidi: remote-closed twice while its handler is at work',
    section,
    rule: 'remote-closed twice',
    steps: [
      { send: [request(1, 'Bidi'), data(1, message({ ...one, delayMs: 50 })), close(1), close(1), close(1)] },
      { receive: [item(1, reply(one)), ended(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'bidi: a message after remote-closed, while its handler is at work',
    section,
    rule: 'data after the client has closed is a protocol error',
    differs: {
      go: {
        reason: 'Go refuses the frame, but its handler goes on, and the stream brings messages and an end after it.',
        row: 'One id may get more than one Response (Go: after a failed Data frame, …)',
        decision: 'the refusal ends the call: one call, one response',
      },
    },
    steps: [
      { send: [request(1, 'Bidi'), data(1, message({ ...one, delayMs: 150 })), close(1), data(1, message(two))] },
      {
        receive: [failed(1, 'INVALID_ARGUMENT', { pattern: '^data handling error: .*closed' })],
        instead: {
          go: [
            failed(1, 'INVALID_ARGUMENT', { pattern: '^data handling error: .*closed' }),
            item(1, reply(one)),
            ended(1),
          ],
        },
      },
    ],
    after: 'usable',
  },

  // Lengths
  {
    name: 'frames of length 0 of every type',
    section,
    rule: 'length 0',
    steps: [
      {
        send: [
          { id: 1, type: REQUEST },
          { id: 3, type: 2 },
          { id: 5, type: DATA },
          { id: 7, type: 0 },
          { id: 9, type: 255 },
        ],
      },
      { receive: [failed(1, 'UNIMPLEMENTED', 'service '), failed(5, 'INVALID_ARGUMENT', notActive)] },
    ],
    after: 'usable',
  },
  {
    name: 'a frame of an unknown type of exactly 4 MiB, in pieces',
    section,
    rule: 'length at the limit',
    steps: [
      {
        send: [{ id: 1, type: 77, data: { fill: 1, length: MAX_DATA_BYTES } }, request(3, 'Nothing')],
        chunks: [5, 1_000_000, 1],
      },
      { receive: [ok(3)] },
    ],
    after: 'usable',
  },
  {
    name: 'two oversized frames one after the other, in pieces that end in their headers',
    section,
    rule: 'length one over the limit',
    steps: [
      {
        send: [
          { id: 1, type: REQUEST, data: { fill: 1, length: MAX_DATA_BYTES + 1 } },
          { id: 3, type: REQUEST, data: { fill: 1, length: MAX_DATA_BYTES + 2 } },
          request(5, 'Nothing'),
        ],
        chunks: [3, HEADER_BYTES + MAX_DATA_BYTES + 1],
      },
      {
        receive: [
          failed(1, 'RESOURCE_EXHAUSTED', { pattern: `${MAX_DATA_BYTES + 1}.*${MAX_DATA_BYTES}` }),
          failed(3, 'RESOURCE_EXHAUSTED', { pattern: `${MAX_DATA_BYTES + 2}.*${MAX_DATA_BYTES}` }),
          ok(5),
        ],
      },
    ],
    after: 'usable',
  },
  ...[
    { what: 'a Request', type: REQUEST, id: 1 },
    { what: 'a frame of an unknown type', type: 99, id: 1 },
    { what: 'a Request on an even id', type: REQUEST, id: 2 },
  ].map(({ what, type, id }): ServerCase => ({
    name: `${what} of 2^32 - 1 bytes, of which few come`,
    section,
    rule: 'length 2^32-1',
    differs: {
      go: {
        reason: 'Go answers when it has read all of the bytes.',
        row: 'a frame over 4 MiB',
        decision: 'answered when the header is there; the bytes are dropped as they come',
      },
    },
    steps: [
      { send: [{ id, type, saysLength: 0xffffffff, data: { fill: 0, length: 10_000 } }, request(3, 'Nothing')] },
      {
        receive: [failed(id, 'RESOURCE_EXHAUSTED', { pattern: `4294967295.*${MAX_DATA_BYTES}` })],
        instead: { go: [] },
      },
    ],
    after: 'spent',
  })),
];

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
