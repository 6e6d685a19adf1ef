import type { ServerCase, TextMatch } from '../../case.js';
import { close, data, ended, failed, INTEROP, item, message, ok, pattern, reply, request } from '../../service.js';
import { DATA, MAX_DATA_BYTES, REMOTE_CLOSED, REQUEST, type FrameSpec } from '../../wire/frame.js';

const section = 'What the server answers';
const rule =
  'a frame over 4 MiB: its bytes are read and dropped, RESOURCE_EXHAUSTED with both sizes; the connection lives on';

function tooLarge(length: number): TextMatch {
  return { pattern: `${length}.*${MAX_DATA_BYTES}` };
}

/** The bytes of a message's body in a Data frame of `total` bytes: the body has a tag of one byte and a length of four. */
function body(total: number): { fill: number; length: number } {
  return { fill: 0, length: total - 5 };
}

const ONE_OF_MANY = { seq: 1, body: { fill: 0x61, length: 8 * 1024 } };

/** As many messages as Go keeps for a stream. */
const KEPT = Array.from({ length: 64 }, () => ONE_OF_MANY);

/** One message more than Go keeps, and more bytes than we do. */
function moreThanIsKept(id: number): FrameSpec[] {
  return [...KEPT, ONE_OF_MANY].map((each) => data(id, message(each)));
}

export const limits: ServerCase[] = [
  {
    name: 'a Request of exactly 4 MiB',
    section: 'Frame',
    rule: 'data is at most 4 MiB (4,194,304 bytes)',
    steps: [
      {
        send: [
          {
            id: 1,
            type: REQUEST,
            data: {
              request: {
                service: INTEROP,
                method: 'Unary',
                // reply_bytes 1: a small response
                payloadUpTo: { field: 2, total: MAX_DATA_BYTES, also: [{ field: 4, varint: '1' }] },
              },
            },
          },
        ],
      },
      {
        // total_bytes: 4 MiB less the 27 bytes of the names, 5 in front of the payload, 5 in front of the body and 2 of reply_bytes
        receive: [
          {
            id: 1,
            ok: {
              message: [
                { field: 2, bytes: { hex: '00' } },
                { field: 3, varint: '1' },
                { field: 4, varint: String(MAX_DATA_BYTES - 39) },
              ],
            },
            numbers: [{ field: 5, atLeast: '1', atMost: '4294967295' }],
          },
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'a Request one byte over 4 MiB',
    section,
    rule,
    steps: [
      {
        send: [
          {
            id: 1,
            type: REQUEST,
            data: {
              request: { service: INTEROP, method: 'Unary', payloadUpTo: { field: 2, total: MAX_DATA_BYTES + 1 } },
            },
          },
          request(3, 'Nothing'),
        ],
      },
      { receive: [failed(1, 'RESOURCE_EXHAUSTED', tooLarge(MAX_DATA_BYTES + 1)), ok(3)] },
    ],
    after: 'usable',
  },
  {
    name: 'a frame of 16 MiB, whose length has a first byte that is not 0',
    section,
    rule,
    steps: [
      { send: [{ id: 1, type: REQUEST, data: { fill: 0xff, length: 0x01000000 } }, request(3, 'Nothing')] },
      { receive: [failed(1, 'RESOURCE_EXHAUSTED', tooLarge(0x01000000)), ok(3)] },
    ],
    after: 'usable',
  },
  {
    name: 'an oversized frame of an unknown type',
    section,
    rule: 'order of checks: size, then even id, then type',
    steps: [
      { send: [{ id: 1, type: 9, data: { fill: 0, length: MAX_DATA_BYTES + 1 } }] },
      { receive: [failed(1, 'RESOURCE_EXHAUSTED', tooLarge(MAX_DATA_BYTES + 1))] },
    ],
    after: 'usable',
  },
  {
    name: 'a length of 2^32 - 1, of which nothing comes',
    section,
    rule,
    differs: {
      go: {
        reason: 'Go answers when it has read all of the bytes.',
        row: 'a frame over 4 MiB',
        decision: 'answered when the header is there; the bytes are dropped as they come',
      },
    },
    steps: [
      { send: [{ id: 1, type: DATA, saysLength: 0xffffffff }] },
      { receive: [failed(1, 'RESOURCE_EXHAUSTED', tooLarge(0xffffffff))], instead: { go: [] } },
    ],
    after: 'spent',
  },
  {
    name: 'a message of exactly 4 MiB, each way',
    section: 'Frame',
    rule: 'data is at most 4 MiB (4,194,304 bytes)',
    steps: [
      { send: [request(1, 'Bidi'), data(1, { message: [{ field: 2, bytes: body(MAX_DATA_BYTES) }] })] },
      { receive: [item(1, { message: [{ field: 2, bytes: body(MAX_DATA_BYTES) }] })] },
      { send: [close(1)] },
      { receive: [ended(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'a message one byte over 4 MiB ends its stream',
    section,
    rule,
    differs: {
      go: {
        reason: 'Go forgets the stream and refuses what comes for it; its handler waits on.',
        row: 'a frame over 4 MiB; Data for an id that is not active',
        decision:
          'the stream ends, its handler is cancelled, and what its client still sends is swallowed until it closes',
      },
    },
    steps: [
      { send: [request(1, 'Bidi'), data(1, message({ seq: 7201 }))] },
      { receive: [item(1, reply({ seq: 7201 }))] },
      { send: [data(1, { message: [{ field: 2, bytes: body(MAX_DATA_BYTES + 1) }] })] },
      { receive: [failed(1, 'RESOURCE_EXHAUSTED', tooLarge(MAX_DATA_BYTES + 1))] },
      { happens: { event: 'cancelled', method: 'Bidi', seq: 7201, cause: 'cancelled' }, notOf: ['go'] },
      { nothingMoreBy: 3 },
      { send: [data(1, message({ seq: 2 })), close(1)] },
      {
        receive: [],
        instead: { go: Array.from({ length: 2 }, () => failed(1, 'INVALID_ARGUMENT', 'StreamID is no longer active')) },
      },
    ],
    after: 'usable',
  },
  {
    name: 'an oversized message in front of another stream',
    section,
    rule,
    steps: [
      { send: [request(1, 'Bidi'), request(3, 'Bidi'), data(3, message({ seq: 3 }))] },
      { receive: [item(3, reply({ seq: 3 }))] },
      {
        send: [
          { id: 1, type: DATA, flags: REMOTE_CLOSED, data: { fill: 0xff, length: MAX_DATA_BYTES + 10 } },
          data(3, message({ seq: 4 })),
          close(3),
        ],
      },
      {
        receive: [failed(1, 'RESOURCE_EXHAUSTED', tooLarge(MAX_DATA_BYTES + 10)), item(3, reply({ seq: 4 })), ended(3)],
      },
    ],
    after: 'usable',
  },
  {
    name: 'an oversized message for an id that is not open',
    section,
    rule: 'order of checks: size, then even id, then type',
    steps: [
      { send: [{ id: 1, type: DATA, data: { fill: 0, length: MAX_DATA_BYTES + 1 } }] },
      { receive: [failed(1, 'RESOURCE_EXHAUSTED', tooLarge(MAX_DATA_BYTES + 1))] },
    ],
    after: 'usable',
  },
  {
    name: 'a response that does not fit into a frame',
    section: 'Limits and faults of the peers',
    rule: 'Go closes the whole connection when its handler returns or streams more than 4 MiB. Ours answers RESOURCE_EXHAUSTED on that stream',
    differs: {
      go: {
        reason: 'Go closes the whole connection.',
        row: 'Go closes the whole connection when its handler returns or streams more than 4 MiB',
        decision: 'RESOURCE_EXHAUSTED on that stream; the connection lives',
      },
    },
    steps: [
      { send: [request(1, 'Unary', message({ seq: 5, body: { text: 'x' }, replyBytes: MAX_DATA_BYTES - 20 }))] },
      { receive: [failed(1, 'RESOURCE_EXHAUSTED', tooLarge(MAX_DATA_BYTES + 1))], instead: { go: 'closed' } },
    ],
    after: { ours: 'usable', go: 'closed' },
  },
  {
    name: 'a stream message that does not fit into a frame',
    section: 'Limits and faults of the peers',
    rule: 'Go closes the whole connection when its handler returns or streams more than 4 MiB. Ours answers RESOURCE_EXHAUSTED on that stream',
    differs: {
      go: {
        reason: 'Go closes the whole connection.',
        row: 'Go closes the whole connection when its handler returns or streams more than 4 MiB',
        decision: 'RESOURCE_EXHAUSTED on that stream; the connection lives',
      },
    },
    steps: [
      { send: [request(1, 'ServerStream', message({ replyCount: 1, replyBytes: MAX_DATA_BYTES - 4 }))] },
      { receive: [failed(1, 'RESOURCE_EXHAUSTED', tooLarge(MAX_DATA_BYTES + 1))], instead: { go: 'closed' } },
    ],
    after: { ours: 'usable', go: 'closed' },
  },
  {
    name: 'a response and a stream message that fill a frame to the last byte',
    section: 'Limits and faults of the peers',
    rule: 'the limit is on the envelope, not on the payload',
    steps: [
      {
        // Beside the body itself: 5 for the payload field, 5 for the body's, 2 each for seq, count and total_bytes, 5 for checksum.
        send: [request(1, 'Unary', message({ seq: 5, body: { text: 'x' }, replyBytes: MAX_DATA_BYTES - 21 }))],
      },
      {
        receive: [
          ok(1, reply({ seq: 5, body: pattern(5, MAX_DATA_BYTES - 21), received: [{ seq: 5, body: { text: 'x' } }] })),
        ],
      },
      { send: [request(3, 'ServerStream', message({ replyCount: 1, replyBytes: MAX_DATA_BYTES - 5 }))] },
      { receive: [item(3, reply({ body: pattern(0, MAX_DATA_BYTES - 5) })), ended(3)] },
    ],
    after: 'usable',
  },
  {
    name: 'a stream whose handler takes nothing while another call waits',
    section,
    rule: "a stream's buffer is full: INVALID_ARGUMENT (ours: RESOURCE_EXHAUSTED)",
    differs: {
      go: {
        reason:
          'Go answers INVALID_ARGUMENT after a second, for the first message above the 64 that it keeps; its handler goes on.',
        row: "a stream's buffer is full",
        decision: 'RESOURCE_EXHAUSTED after a second, and the handler is cancelled',
      },
    },
    steps: [
      {
        send: [
          request(1, 'Unary', message({ seq: 7301, delayMs: 60_000 })),
          request(3, 'ClientStream'),
          data(3, message({ seq: 7302, delayMs: 60_000 })),
        ],
      },
      { happens: { event: 'started', method: 'ClientStream', seq: 7302 } },
      { send: moreThanIsKept(3) },
      {
        receive: [failed(3, 'RESOURCE_EXHAUSTED', { pattern: 'full' })],
        instead: { go: [failed(3, 'INVALID_ARGUMENT', { pattern: '^data handling error: .*stream buffer full' })] },
      },
      { happens: { event: 'cancelled', method: 'ClientStream', seq: 7302, cause: 'cancelled' }, notOf: ['go'] },
      { send: [request(5, 'Nothing')] },
      { receive: [ok(5)] },
      { close: true },
      { happens: { event: 'cancelled', method: 'ClientStream', seq: 7302, cause: 'cancelled' } },
    ],
    after: 'closed',
  },
  {
    name: 'a stream alone on its connection whose handler takes nothing for more than a second',
    section: 'Limits and faults of the peers',
    rule: 'backpressure by the socket works when we are the reader',
    differs: {
      go: {
        reason:
          'Go ends the stream after a second, on a connection of its own, too; the handler goes on with what it has.',
        row: 'Go 1.2.9 and later buffers 64 messages for a stream',
        decision: 'the connection is not read until the handler has caught up; nothing is lost',
      },
    },
    steps: [
      { send: [request(1, 'ClientStream'), data(1, message({ seq: 7311, delayMs: 1500 }))] },
      { happens: { event: 'started', method: 'ClientStream', seq: 7311 } },
      { send: moreThanIsKept(1) },
      {
        receive: [],
        instead: { go: [failed(1, 'INVALID_ARGUMENT', { pattern: '^data handling error: .*stream buffer full' })] },
      },
      { nothingMoreBy: 3 },
      { send: [close(1)] },
      {
        receive: [ok(1, reply({ seq: 7311, received: [{ seq: 7311 }, ...KEPT, ONE_OF_MANY] }))],
        instead: { go: [failed(1, 'INVALID_ARGUMENT', 'StreamID is no longer active')] },
      },
    ],
    after: 'usable',
  },
];
