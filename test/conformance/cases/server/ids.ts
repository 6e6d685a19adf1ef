import type { ServerCase } from '../../case.js';
import { close, data, echoed, ended, failed, item, message, ok, reply, request } from '../../service.js';
import { DATA, MAX_DATA_BYTES, REQUEST } from '../../wire/frame.js';

const section = 'What the server answers';

const mustBeOdd = 'StreamID must be odd for client initiated streams';
const mustIncrement = 'StreamID cannot be re-used and must increment';
const notActive = 'StreamID is no longer active';
const LAST_ID = 0xffffffff;

export const ids: ServerCase[] = [
  ...[0, 2, 4_294_967_294].flatMap((id) =>
    [
      { what: 'a Request', frame: request(id, 'Unary', message({ seq: 1 })) },
      { what: 'Data', frame: data(id, message({ seq: 1 })) },
      { what: 'a frame of an unknown type', frame: { id, type: 9 } },
    ].map(({ what, frame }): ServerCase => ({
      name: `${what} on the even id ${id}`,
      section,
      rule: 'even stream id (any type)',
      steps: [{ send: [frame] }, { receive: [failed(id, 'INVALID_ARGUMENT', mustBeOdd)] }],
      after: 'usable',
    })),
  ),
  {
    name: 'an even id takes no odd one with it',
    section,
    rule: 'even stream id',
    steps: [
      { send: [request(8, 'Nothing'), request(1, 'Nothing')] },
      { receive: [failed(8, 'INVALID_ARGUMENT', mustBeOdd), ok(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'an oversized frame on an even id',
    section,
    rule: 'order of checks: size, then even id, then type',
    steps: [
      { send: [{ id: 2, type: 9, data: { fill: 0x55, length: MAX_DATA_BYTES + 1 } }] },
      { receive: [failed(2, 'RESOURCE_EXHAUSTED', { pattern: '4194305.*4194304' })] },
    ],
    after: 'usable',
  },
  {
    name: 'ids with gaps',
    section: 'Frame',
    rule: 'streams opened by clients have odd ids, each larger than the last',
    steps: [
      { send: [request(5, 'Nothing'), request(7, 'Nothing'), request(1_000_001, 'Nothing')] },
      { receive: [ok(5), ok(7), ok(1_000_001)] },
    ],
    after: 'usable',
  },
  {
    name: 'the id of a call that is over, again',
    section,
    rule: "Request id not above the last one's",
    steps: [
      { send: [request(1, 'Nothing')] },
      { receive: [ok(1)] },
      { send: [request(1, 'Nothing')] },
      { receive: [failed(1, 'INVALID_ARGUMENT', mustIncrement)] },
    ],
    after: 'usable',
  },
  {
    name: 'the id of a refused Request, again',
    section,
    rule: "Request id not above the last one's",
    steps: [
      { send: [request(1, 'Nothing', undefined, { service: 'no.Such' })] },
      { receive: [failed(1, 'UNIMPLEMENTED', 'service no.Such')] },
      { send: [request(1, 'Nothing')] },
      { receive: [failed(1, 'INVALID_ARGUMENT', mustIncrement)] },
    ],
    after: 'usable',
  },
  {
    name: 'the id of a Request that did not parse, again',
    section,
    rule: "Request id not above the last one's",
    steps: [
      { send: [{ id: 1, type: REQUEST, data: { hex: '0aff' } }] },
      { receive: [failed(1, 'INVALID_ARGUMENT', { pattern: '^unmarshal request error: ' })] },
      { send: [request(1, 'Nothing')] },
      { receive: [failed(1, 'INVALID_ARGUMENT', mustIncrement)] },
    ],
    after: 'usable',
  },
  {
    name: 'the id of an oversized Request, again',
    section,
    rule: "Request id not above the last one's",
    differs: {
      go: {
        reason: 'Go answers an oversized frame before it looks at the id, which stays free.',
        row: "Request id not above the last one's",
        decision: 'the id is used: its client has had a response on it',
      },
    },
    steps: [
      { send: [{ id: 1, type: REQUEST, data: { fill: 0, length: MAX_DATA_BYTES + 1 } }] },
      { receive: [failed(1, 'RESOURCE_EXHAUSTED', { pattern: '4194305.*4194304' })] },
      { send: [request(1, 'Nothing')] },
      { receive: [failed(1, 'INVALID_ARGUMENT', mustIncrement)], instead: { go: [ok(1)] } },
    ],
    after: 'usable',
  },
  {
    name: 'an id below the last one that was never used',
    section,
    rule: "Request id not above the last one's: ours refuses an odd id only while it is active or was used before",
    differs: {
      go: {
        reason: 'Go refuses every id that is not above the last.',
        row: "Request id not above the last one's",
        decision: "accepted: Rust's async client may put ids on the wire out of order",
      },
    },
    steps: [
      { send: [request(5, 'Nothing')] },
      { receive: [ok(5)] },
      { send: [request(3, 'Unary', message({ seq: 3 }))] },
      { receive: [ok(3, echoed({ seq: 3 }))], instead: { go: [failed(3, 'INVALID_ARGUMENT', mustIncrement)] } },
      { send: [request(3, 'Nothing')] },
      { receive: [failed(3, 'INVALID_ARGUMENT', mustIncrement)] },
    ],
    after: 'usable',
  },
  {
    name: 'the id of an open stream, again',
    section,
    rule: "a refusal on an active id is read by the client as that call's response, so it ends our call too",
    differs: {
      go: {
        reason:
          'Go forgets the stream: its handler waits on, and Data on the id is refused as for any id that is not active.',
        row: "Request id not above the last one's; When we end a stream before its client has closed",
        decision:
          'the call ends, its handler is cancelled, and what its client still sends is swallowed until it closes',
      },
    },
    steps: [
      { send: [request(1, 'Bidi'), data(1, message({ seq: 7001 }))] },
      { receive: [item(1, reply({ seq: 7001 }))] },
      { send: [request(1, 'Bidi')] },
      { receive: [failed(1, 'INVALID_ARGUMENT', mustIncrement)] },
      { happens: { event: 'cancelled', method: 'Bidi', seq: 7001, cause: 'cancelled' }, notOf: ['go'] },
      { nothingMoreBy: 3 },
      { send: [data(1, message({ seq: 2 })), close(1)] },
      {
        receive: [],
        instead: { go: [failed(1, 'INVALID_ARGUMENT', notActive), failed(1, 'INVALID_ARGUMENT', notActive)] },
      },
      { nothingMoreBy: 5 },
      { send: [data(1, message({ seq: 2 }))] },
      { receive: [failed(1, 'INVALID_ARGUMENT', notActive)] },
    ],
    after: 'usable',
  },
  {
    name: 'the id of a running unary call, again',
    section,
    rule: "a refusal on an active id is read by the client as that call's response, so it ends our call too",
    differs: {
      go: {
        reason: "Go's handler goes on, and its response is a second Response on the id.",
        row: 'One id may get more than one Response',
        decision: 'the call ends with the refusal and its handler is cancelled',
      },
    },
    steps: [
      { send: [request(1, 'Unary', message({ seq: 7002, delayMs: 150 }))] },
      { happens: { event: 'started', method: 'Unary', seq: 7002 } },
      { send: [request(1, 'Nothing')] },
      {
        receive: [failed(1, 'INVALID_ARGUMENT', mustIncrement)],
        instead: { go: [failed(1, 'INVALID_ARGUMENT', mustIncrement), ok(1, echoed({ seq: 7002 }))] },
      },
      { happens: { event: 'cancelled', method: 'Unary', seq: 7002, cause: 'cancelled' }, notOf: ['go'] },
    ],
    after: 'usable',
  },
  {
    name: 'the last id of the id space',
    section: 'Frame',
    rule: 'an id space lasts 2^31 calls',
    steps: [
      { send: [request(LAST_ID - 2, 'Nothing'), request(LAST_ID, 'Bidi')] },
      { receive: [ok(LAST_ID - 2)] },
      { send: [data(LAST_ID, message({ seq: 4 })), close(LAST_ID)] },
      { receive: [item(LAST_ID, reply({ seq: 4 })), ended(LAST_ID)] },
      { send: [request(LAST_ID, 'Nothing')] },
      { receive: [failed(LAST_ID, 'INVALID_ARGUMENT', mustIncrement)] },
    ],
    after: 'spent',
  },
  {
    name: 'Data for an id that was never open',
    section,
    rule: 'Data for an id that is not active',
    steps: [
      { send: [data(1, message({ seq: 1 })), close(3), { id: LAST_ID, type: DATA }] },
      {
        receive: [
          failed(1, 'INVALID_ARGUMENT', notActive),
          failed(3, 'INVALID_ARGUMENT', notActive),
          failed(LAST_ID, 'INVALID_ARGUMENT', notActive),
        ],
      },
      // It has not used the id up.
      { send: [request(1, 'Nothing')] },
      { receive: [ok(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'Data on the id of a unary call that is over',
    section,
    rule: 'Data for an id that is not active',
    notAgainst: { go: 'it might not survive this' },
    steps: [
      { send: [request(1, 'Unary', message({ seq: 1 }))] },
      { receive: [ok(1, echoed({ seq: 1 }))] },
      { send: [data(1, message({ seq: 2 }))] },
      { receive: [failed(1, 'INVALID_ARGUMENT', notActive)] },
    ],
    after: 'usable',
  },
  {
    name: 'Data on the id of a stream that both sides have closed',
    section,
    rule: 'Data for an id that is not active',
    steps: [
      {
        send: [
          request(1, 'Bidi'),
          close(1),
          request(3, 'ClientStream'),
          close(3),
          request(5, 'ServerStream', message({ seq: 1 })),
        ],
      },
      { receive: [ended(1), ok(3, reply({ received: [] })), ended(5)] },
      { nothingMoreBy: 7 },
      { send: [data(1, message({ seq: 2 })), data(3), close(5)] },
      {
        receive: [
          failed(1, 'INVALID_ARGUMENT', notActive),
          failed(3, 'INVALID_ARGUMENT', notActive),
          failed(5, 'INVALID_ARGUMENT', notActive),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'Data on the id of a Request that was refused',
    section,
    rule: 'Data for an id that is not active',
    steps: [
      { send: [request(1, 'NoSuchMethod', undefined, { flags: 6 })] },
      { receive: [failed(1, 'UNIMPLEMENTED', 'method NoSuchMethod')] },
      { send: [data(1, message({ seq: 2 }))] },
      { receive: [failed(1, 'INVALID_ARGUMENT', notActive)] },
    ],
    after: 'usable',
  },
  {
    name: 'a response from the client, for a server',
    section: 'Frame',
    rule: 'Response: server → client',
    steps: [
      { send: [request(1, 'Bidi'), data(1, message({ seq: 1 }))] },
      { receive: [item(1, reply({ seq: 1 }))] },
      { send: [{ id: 1, type: 2, data: { response: { status: { code: '1', message: 'stop' } } } }, close(1)] },
      { receive: [ended(1)] },
    ],
    after: 'usable',
  },
];
