import type { ServerCase } from '../../case.js';
import { close, data, echoed, ended, item, message, ok, reply, request } from '../../service.js';
import { DATA, HEADER_BYTES, REQUEST, REMOTE_CLOSED } from '../../wire/frame.js';

const section = 'Frame';

const hello = { seq: 1, body: { text: 'hello' } };
const answer = ok(1, echoed(hello));

/** The header of the Request cut after each of its bytes, and after the first byte of the data. */
const headerCuts = Array.from({ length: HEADER_BYTES + 1 }, (_, i) => i + 1).map((cut): ServerCase => ({
  name: `a frame in two pieces, the first of ${cut} ${cut === 1 ? 'byte' : 'bytes'}`,
  section,
  rule: '10-byte header, then data: however it comes in pieces',
  steps: [{ send: [request(1, 'Unary', message(hello))], chunks: [cut] }, { receive: [answer] }],
  after: 'usable',
}));

export const framing: ServerCase[] = [
  {
    name: 'a unary call, written by hand to the last byte',
    section,
    rule: 'length u32 BE · stream id u32 BE · type u8 · flags u8',
    steps: [
      {
        send: [
          {
            bytes: {
              join: [
                // 38 bytes of data, stream 3, a Request, no flags
                { hex: '00000026 00000003 01 00' },
                // service (field 1, 18 bytes), method (field 2, 5 bytes), payload (field 3, 9 bytes)
                { hex: '0a 12' },
                { text: 'interop.v1.Interop' },
                { hex: '12 05' },
                { text: 'Unary' },
                // seq 5, body "hello"
                { hex: '1a 09 0805 1205' },
                { text: 'hello' },
              ],
            },
          },
        ],
      },
      {
        receive: [
          // seq 5, body "hello", count 1, total_bytes 5, checksum over 0500000000000000 and "hello"
          ok(3, reply({ seq: 5, body: { text: 'hello' }, received: [{ seq: 5, body: { text: 'hello' } }] })),
        ],
      },
    ],
    after: 'usable',
  },
  ...headerCuts,
  {
    name: 'a frame byte by byte',
    section,
    rule: '10-byte header, then data: however it comes in pieces',
    steps: [{ send: [request(1, 'Unary', message(hello))], chunks: 'bytes' }, { receive: [answer] }],
    after: 'usable',
  },
  {
    name: 'a header in four small pieces, as Rust writes it',
    section,
    rule: 'Rust writes a header in four small pieces',
    steps: [{ send: [request(1, 'Unary', message(hello))], chunks: [4, 4, 1, 1] }, { receive: [answer] }],
    after: 'usable',
  },
  {
    name: 'a stream byte by byte, with frames that have no data',
    section,
    rule: '10-byte header, then data: however it comes in pieces',
    steps: [
      {
        send: [request(1, 'Bidi'), data(1, message(hello)), data(1), data(1, message({ seq: 2 })), close(1)],
        chunks: 'bytes',
      },
      { receive: [item(1, reply(hello)), item(1), item(1, reply({ seq: 2 })), ended(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'several calls in one write',
    section,
    rule: 'frames follow each other without a gap',
    steps: [
      {
        send: [
          request(1, 'Unary', message({ seq: 1 })),
          request(3, 'Nothing'),
          request(5, 'NothingServerStream'),
          request(7, 'ClientStream'),
          data(7, message({ seq: 9, body: { text: 'x' } })),
          close(7),
        ],
      },
      {
        receive: [
          ok(1, echoed({ seq: 1 })),
          ok(3),
          item(5),
          item(5),
          item(5),
          ended(5),
          ok(7, reply({ seq: 9, received: [{ seq: 9, body: { text: 'x' } }] })),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'a piece that ends in the next header',
    section,
    rule: 'frames follow each other without a gap',
    steps: [
      // The first frame has 10 + 31 bytes: the second one's header is cut after four.
      {
        send: [request(1, 'Nothing', { hex: '' }), request(3, 'Nothing', { hex: '' })],
        chunks: [HEADER_BYTES + 31 + 4],
      },
      { receive: [ok(1), ok(3)] },
    ],
    after: 'usable',
  },
  {
    name: 'many messages in one write',
    section,
    rule: 'frames follow each other without a gap',
    steps: [
      {
        send: [
          request(1, 'NothingStream'),
          { bytes: { repeat: { hex: '00000000 00000001 03 00' }, times: 50 } },
          close(1),
        ],
      },
      { receive: [{ id: 1, data: { hex: '' }, times: 50 }, ended(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'the connection ends in a header',
    section,
    rule: '10-byte header, then data: a frame that is not whole is none',
    steps: [
      { send: [request(1, 'Unary', message(hello)), { bytes: { hex: '000000' } }] },
      { receive: [answer] },
      { halfClose: true },
      { closedByServer: true },
    ],
    after: 'closed',
  },
  {
    name: 'the connection ends in the data of a frame',
    section,
    rule: '10-byte header, then data: a frame that is not whole is none',
    steps: [
      { send: [{ id: 1, type: REQUEST, data: { text: 'half' }, saysLength: 8 }] },
      { halfClose: true },
      { closedByServer: true },
    ],
    after: 'closed',
  },
  ...Object.entries({
    'HTTP/1': { text: 'GET /demo' },
    'HTTP/2': { text: 'PRI * HTT' },
    TLS: { hex: '16 0301 0200' },
  }).map(([protocol, bytes]): ServerCase => ({
    name: `a peer that speaks ${protocol}`,
    section,
    rule: 'another protocol is recognised by its first bytes: the connection closes at once',
    notAgainst: {
      go: 'it takes the bytes for the header of a frame above the limit, and waits for the rest of it',
      rust: 'it takes the bytes for the header of a frame above the limit, and waits for the rest of it',
    },
    steps: [{ send: [{ bytes }] }, { closedByServer: true }],
    after: 'closed',
  })),
  ...[0, 2, 4, 9, 255].map((type): ServerCase => ({
    name: `a frame of type ${type} on an odd id`,
    section,
    rule: 'servers ignore unknown types on odd ids',
    steps: [
      // Its data must be passed over: it looks like a Request.
      {
        send: [
          { id: 1, type, data: { hex: '0000000e 00000001 01 00 0a03782e79' } },
          request(1, 'Unary', message(hello)),
        ],
      },
      { receive: [answer] },
    ],
    after: 'usable',
  })),
  {
    name: 'a frame of an unknown type on an open stream',
    section,
    rule: 'servers ignore unknown types on odd ids',
    steps: [
      { send: [request(1, 'Bidi'), data(1, message(hello))] },
      { receive: [item(1, reply(hello))] },
      {
        send: [
          { id: 1, type: 9, flags: REMOTE_CLOSED, data: { text: 'what?' } },
          data(1, message({ seq: 2 })),
          close(1),
        ],
      },
      { receive: [item(1, reply({ seq: 2 })), ended(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'flags that nobody knows, on every frame',
    section,
    rule: 'the flags in use; others say nothing',
    steps: [
      {
        send: [
          request(1, 'Unary', message(hello), { flags: 0xf8 }),
          request(3, 'Bidi', undefined, { flags: 0xf8 | 2 }),
        ],
      },
      { receive: [answer] },
      {
        send: [
          { ...data(3, message({ seq: 2 })), flags: 0xf8 },
          { id: 3, type: DATA, flags: 0xf8 | 1 | 4 },
        ],
      },
      { receive: [item(3, reply({ seq: 2 })), ended(3)] },
    ],
    after: 'usable',
  },
];
