import type { CallShape, ClientCase, EndMatch, StatusName } from '../../case.js';
import { STATUS_CODES } from '../../case.js';
import { DATA, MAX_DATA_BYTES, NO_DATA, REMOTE_CLOSED, REQUEST, RESPONSE, type FrameSpec } from '../../wire/frame.js';
import { answer, begun, close, data, failed, failure, text } from './frames.js';

const section = 'Call shapes';
const SHAPES: CallShape[] = ['unary', 'server-streaming', 'client-streaming', 'bidi'];
const STREAMING: CallShape[] = ['server-streaming', 'bidi'];

/** A frame on an open call that ends it with an error of its own; the connection lives on. */
function refused(
  name: string,
  rule: string,
  shapes: CallShape[],
  frame: FrameSpec,
  as: EndMatch,
  inSection = section,
): ClientCase[] {
  return shapes.map((shape) => ({
    name: `${name}, on a ${shape} call`,
    section: inSection,
    rule,
    steps: [
      ...begun(shape),
      { send: [frame] },
      { ends: 'a', as },
      // The call is over: what comes for it is dropped.
      { send: [answer(1, text('late'))] },
    ],
    after: 'usable',
  }));
}

const ERRORS = Object.keys(STATUS_CODES).filter((name): name is StatusName => name !== 'OK');
const DETAILS = [
  { typeUrl: 'type.googleapis.com/demo.v1.Detail', value: { hex: '0a0178' } },
  { typeUrl: 'not a url', value: { hex: 'ffffff' } },
];

/** What our client must make of what a server sends. */
export const accepts: ClientCase[] = [
  // Frames in pieces
  ...(['bytes', [1], [9], [10], [11], [4, 4, 1, 1]] as const).map((chunks): ClientCase => ({
    name: `answers in pieces: ${typeof chunks === 'string' ? 'byte by byte' : chunks.join(', ')}`,
    section: 'Frame',
    rule: '10-byte header, then data: however it comes in pieces',
    steps: [
      ...begun('bidi'),
      ...begun('unary', 'b', 3),
      {
        send: [answer(3, text('say')), data(1, text('one')), data(1), data(1, text('two')), close(1)],
        chunks: typeof chunks === 'string' ? chunks : [...chunks],
      },
      { delivers: 'b', messages: [text('say')] },
      { ends: 'b', as: 'ok' },
      { delivers: 'a', messages: [text('one'), { hex: '' }, text('two')] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  })),

  // Answers
  ...(['unary', 'client-streaming'] as const).map((shape): ClientCase => ({
    name: `a status with code 0 is OK, on a ${shape} call`,
    section: 'Envelope',
    rule: 'an absent status and code 0 both mean OK (Go omits it, Rust sends 0)',
    steps: [
      ...begun(shape),
      {
        send: [
          { id: 1, type: RESPONSE, data: { response: { status: { code: '0', message: '' }, payload: text('say') } } },
        ],
      },
      { delivers: 'a', messages: [text('say')] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  })),
  {
    name: 'an empty status is OK',
    section: 'Envelope',
    rule: 'an absent status and code 0 both mean OK',
    steps: [
      ...begun('unary'),
      { send: [{ id: 1, type: RESPONSE, data: { response: { status: {}, payload: text('say') } } }] },
      { delivers: 'a', messages: [text('say')] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  },
  {
    name: 'a response with fields that nobody knows, in another order, with flags',
    section: 'Envelope',
    rule: 'unknown fields are passed over',
    steps: [
      ...begun('unary'),
      {
        send: [
          {
            id: 1,
            type: RESPONSE,
            flags: 0xff,
            data: {
              message: [
                { field: 9, varint: '1' },
                { field: 2, bytes: text('not this') },
                { field: 2, bytes: text('say') },
                { field: 10, bytes: text('later') },
                { field: 1, varint: '5' },
                { field: 11, fixed32: '1' },
              ],
            },
          },
        ],
      },
      { delivers: 'a', messages: [text('say')] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  },
  {
    name: 'answers of the greatest size',
    section: 'Frame',
    rule: 'data is at most 4 MiB (4,194,304 bytes)',
    steps: [
      ...begun('server-streaming'),
      {
        send: [data(1, { fill: 1, length: MAX_DATA_BYTES }), data(1, { fill: 2, length: MAX_DATA_BYTES }), close(1)],
        chunks: [100_000, 1],
      },
      {
        delivers: 'a',
        messages: [
          { fill: 1, length: MAX_DATA_BYTES },
          { fill: 2, length: MAX_DATA_BYTES },
        ],
      },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  },

  // Errors
  ...ERRORS.map((code): ClientCase => ({
    name: `an error ${code}`,
    section: 'Envelope',
    rule: 'Response: status (code, message, details) = 1',
    steps: [
      ...begun('unary'),
      { send: [failure(1, { code: String(STATUS_CODES[code]), message: `no: ${code}` })] },
      { ends: 'a', as: { error: { code, message: `no: ${code}` } } },
    ],
    after: 'usable',
  })),
  ...SHAPES.map((shape): ClientCase => ({
    name: `an error with details, which need not decode, on a ${shape} call`,
    section: 'Envelope',
    rule: 'details repeated Any = 3',
    steps: [
      ...begun(shape),
      { send: [failure(1, { code: '9', message: 'grüße 🙂', details: DETAILS })] },
      { ends: 'a', as: { error: { code: 'FAILED_PRECONDITION', message: 'grüße 🙂', details: DETAILS } } },
    ],
    after: 'usable',
  })),
  ...['17', '100', '2147483647', '-1', '-2147483648'].map((code): ClientCase => ({
    name: `a status with the code ${code}`,
    section: 'Envelope',
    rule: 'use status codes 0 to 16 only; any other is UNKNOWN',
    steps: [
      ...begun('unary'),
      { send: [failure(1, { code, message: 'strange' })] },
      { ends: 'a', as: { error: { code: 'UNKNOWN', message: 'strange' } } },
    ],
    after: 'usable',
  })),
  {
    name: 'an error with a payload',
    section: 'Envelope',
    rule: 'send no payload with an error; who gets one looks at the status',
    steps: [
      ...begun('unary'),
      {
        send: [
          { id: 1, type: RESPONSE, data: { response: { payload: text('?'), status: { code: '5', message: 'none' } } } },
        ],
      },
      { ends: 'a', as: { error: { code: 'NOT_FOUND', message: 'none' } } },
    ],
    after: 'usable',
  },
  ...STREAMING.map((shape): ClientCase => ({
    name: `an error after some messages, on a ${shape} call`,
    section,
    rule: 'Response only for an error',
    steps: [
      ...begun(shape),
      {
        send: [
          data(1, text('one')),
          data(1, text('two')),
          failure(1, { code: '15', message: 'lost' }),
          data(1, text('late')),
        ],
      },
      { delivers: 'a', messages: [text('one'), text('two')] },
      { ends: 'a', as: { error: { code: 'DATA_LOSS', message: 'lost' } } },
    ],
    after: 'usable',
  })),
  ...(
    [
      ['no protobuf', { hex: 'ff ff ff' }],
      ['a payload that is cut off', { hex: '12 05 61' }],
      ['a status that is cut off', { hex: '0a 03 08 05' }],
      ['a message that is no UTF-8', { response: { status: { code: '5', message: { hex: 'ff fe' } } } }],
    ] as const
  ).flatMap(([what, bytes]) =>
    refused(
      `a Response that is ${what}`,
      'a bad status message turns the status into a decoding error',
      ['unary', 'bidi'],
      { id: 1, type: RESPONSE, data: bytes },
      failed('INTERNAL', 'Response'),
      'Envelope',
    ),
  ),

  // How streams may end
  ...STREAMING.flatMap((shape): ClientCase[] => [
    {
      name: `a payload on the closing frame is the last message, on a ${shape} call`,
      section,
      rule: 'as a client accept more: a payload on Data[1] is the last message',
      steps: [
        ...begun(shape),
        { send: [data(1, text('one')), data(1, text('last'), REMOTE_CLOSED)] },
        { delivers: 'a', messages: [text('one'), text('last')] },
        { ends: 'a', as: 'ok' },
      ],
      after: 'usable',
    },
    {
      name: `remote-closed without no-data and without a payload is an empty last message, on a ${shape} call`,
      section,
      rule: 'Data[1] without no-data and without payload is one more, empty message in Go',
      steps: [
        ...begun(shape),
        { send: [data(1, text('one')), data(1, undefined, REMOTE_CLOSED)] },
        { delivers: 'a', messages: [text('one'), { hex: '' }] },
        { ends: 'a', as: 'ok' },
      ],
      after: 'usable',
    },
    {
      name: `remote-closed and no-data with bytes all the same is the end, on a ${shape} call`,
      section: 'Frame',
      rule: 'no-data: the frame carries no message',
      steps: [
        ...begun(shape),
        { send: [data(1, text('one')), data(1, text('none'), REMOTE_CLOSED | NO_DATA)] },
        { delivers: 'a', messages: [text('one')] },
        { ends: 'a', as: 'ok' },
      ],
      after: 'usable',
    },
    {
      name: `no-data without remote-closed is an empty message, on a ${shape} call`,
      section: 'Frame',
      rule: 'Data[4] without remote-closed: as a client deliver an empty message',
      steps: [
        ...begun(shape),
        { send: [data(1, undefined, NO_DATA), data(1, text('one')), close(1)] },
        { delivers: 'a', messages: [{ hex: '' }, text('one')] },
        { ends: 'a', as: 'ok' },
      ],
      after: 'usable',
    },
    {
      name: `an OK Response with a payload is the last message, on a ${shape} call`,
      section,
      rule: 'as a client accept more: a payload on an OK Response of a streaming call is the last message',
      steps: [
        ...begun(shape),
        { send: [data(1, text('one')), answer(1, text('last'))] },
        { delivers: 'a', messages: [text('one'), text('last')] },
        { ends: 'a', as: 'ok' },
      ],
      after: 'usable',
    },
    {
      name: `an OK Response without a payload ends the stream, on a ${shape} call`,
      section,
      rule: 'an OK Response without payload ends the stream',
      steps: [
        ...begun(shape),
        { send: [data(1, text('one')), answer(1)] },
        { delivers: 'a', messages: [text('one')] },
        { ends: 'a', as: 'ok' },
      ],
      after: 'usable',
    },
    {
      name: `an OK Response with code 0 and without a payload ends the stream, on a ${shape} call`,
      section,
      rule: 'an OK Response without payload ends the stream; code 0 is OK',
      steps: [...begun(shape), { send: [failure(1, { code: '0' })] }, { ends: 'a', as: 'ok' }],
      after: 'usable',
    },
    {
      name: `what comes after the end is dropped, on a ${shape} call`,
      section,
      rule: 'a client drops every frame for an id that is not open',
      steps: [
        ...begun(shape),
        {
          send: [
            data(1, text('one')),
            close(1),
            data(1, text('late')),
            close(1),
            answer(1, text('late')),
            failure(1, { code: '2', message: 'late' }),
            { id: 1, type: 9 },
          ],
        },
        { delivers: 'a', messages: [text('one')] },
        { ends: 'a', as: 'ok' },
      ],
      after: 'usable',
    },
  ]),
  {
    name: 'empty messages of a stream',
    section,
    rule: 'a Data frame of length 0 without no-data is a real message',
    steps: [
      ...begun('server-streaming'),
      { send: [data(1), data(1), data(1), close(1)] },
      { delivers: 'a', messages: [{ hex: '' }, { hex: '' }, { hex: '' }] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  },

  // Frames that must not come
  ...(['unary', 'client-streaming'] as const).map((shape): ClientCase => ({
    name: `a second response is dropped, on a ${shape} call`,
    section,
    rule: 'one id may get more than one Response: the first counts',
    steps: [
      ...begun(shape),
      { send: [answer(1, text('first')), answer(1, text('second')), failure(1, { code: '4', message: 'late' })] },
      { delivers: 'a', messages: [text('first')] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  })),
  {
    name: 'a response after an error is dropped',
    section,
    rule: 'one id may get more than one Response: the first counts',
    steps: [
      ...begun('unary'),
      { send: [failure(1, { code: '3', message: 'first' }), answer(1, text('second'))] },
      { ends: 'a', as: { error: { code: 'INVALID_ARGUMENT', message: 'first' } } },
    ],
    after: 'usable',
  },
  {
    name: 'frames for ids that are not open are dropped',
    section,
    rule: 'a client drops every frame for an id that is not open',
    steps: [
      ...begun('unary'),
      {
        send: [
          answer(3, text('whose?')),
          data(5, text('whose?')),
          close(7),
          failure(9, { code: '13', message: 'whose?' }),
          // Ids that a server would open itself, which nobody does.
          answer(0, text('whose?')),
          data(2, text('whose?')),
          { id: 4, type: REQUEST, data: { request: { service: 'a.B', method: 'C' } } },
          { id: 0xffffffff, type: 255, flags: 255, data: text('what?') },
          { id: 11, type: DATA, data: { fill: 0, length: MAX_DATA_BYTES + 1 } },
          answer(1, text('say')),
        ],
      },
      { delivers: 'a', messages: [text('say')] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  },
  ...[0, 4, 9, 255].flatMap((type) =>
    refused(
      `a frame of type ${type}`,
      'clients of both peers fail the call when an unknown type arrives on an open id: ours fails it with INTERNAL, naming the type',
      type === 9 ? SHAPES : ['unary', 'bidi'],
      { id: 1, type, data: text('?') },
      failed('INTERNAL', `type ${type}\\b`),
      'Frame',
    ),
  ),
  ...refused(
    'a Request from the server',
    'a Request goes from client to server: on an open id it is as good as an unknown type',
    ['unary', 'bidi'],
    { id: 1, type: REQUEST, data: { request: { service: 'a.B', method: 'C' } } },
    failed('INTERNAL', 'type 1\\b|Request'),
    'Frame',
  ),
  ...[0, REMOTE_CLOSED, REMOTE_CLOSED | NO_DATA].flatMap((flags) =>
    refused(
      `Data with flags ${flags}`,
      'unary and client-streaming: one Response, never Data; Data on a unary call is a protocol error in Go',
      ['unary', 'client-streaming'],
      data(1, flags & NO_DATA ? undefined : text('?'), flags),
      failed('INTERNAL', 'Data'),
    ),
  ),
  ...SHAPES.flatMap((shape) =>
    [RESPONSE, DATA].map((type): ClientCase => ({
      name: `an oversized frame of type ${type} ends its call alone, a ${shape} one`,
      section: 'Limits and faults of the peers',
      rule: 'a frame over 4 MiB: its bytes are read and dropped, RESOURCE_EXHAUSTED with both sizes; the connection lives on',
      steps: [
        ...begun(shape),
        ...begun('bidi', 'b', 3),
        {
          send: [{ id: 1, type, data: { fill: 0xff, length: MAX_DATA_BYTES + 1 } }, data(3, text('one'))],
          chunks: [10, 1_000_000],
        },
        { ends: 'a', as: failed('RESOURCE_EXHAUSTED', '4194305.*4194304') },
        { delivers: 'b', messages: [text('one')] },
        { send: [close(3)] },
        { ends: 'b', as: 'ok' },
      ],
      after: 'usable',
    })),
  ),
  {
    name: 'a length of 2^32 - 1, of which nothing comes',
    section: 'Limits and faults of the peers',
    rule: 'a frame over 4 MiB: RESOURCE_EXHAUSTED with both sizes',
    steps: [
      ...begun('unary'),
      { send: [{ id: 1, type: RESPONSE, saysLength: 0xffffffff }] },
      { ends: 'a', as: failed('RESOURCE_EXHAUSTED', '4294967295.*4194304') },
      { serverCloses: 'whole' },
    ],
    after: 'closed',
  },

  // The connection is lost
  ...(['half', 'whole'] as const).map((how): ClientCase => ({
    name: `the server closes ${how === 'half' ? 'its side' : 'the connection'} with calls of each shape open`,
    section: 'Limits and faults of the peers',
    rule: 'EOF hits executed and unexecuted calls alike: UNAVAILABLE; deliver frames already read before failing calls',
    steps: [
      ...SHAPES.flatMap((shape, i) => begun(shape, shape, 2 * i + 1)),
      { send: [data(3, text('one')), data(7, text('two'))] },
      { serverCloses: how },
      ...(how === 'half' ? [{ closedByClient: true as const }] : []),
      { ends: 'unary', as: failed('UNAVAILABLE', '.') },
      { delivers: 'server-streaming', messages: [text('one')] },
      { ends: 'server-streaming', as: failed('UNAVAILABLE', '.') },
      { ends: 'client-streaming', as: failed('UNAVAILABLE', '.') },
      { delivers: 'bidi', messages: [text('two')] },
      { ends: 'bidi', as: failed('UNAVAILABLE', '.') },
    ],
    after: 'closed',
  })),
  {
    name: 'a response and the end of the connection in one',
    section: 'Limits and faults of the peers',
    rule: 'deliver frames already read before failing calls',
    steps: [
      ...begun('unary'),
      ...begun('unary', 'b', 3),
      { send: [answer(1, text('say'))] },
      { serverCloses: 'half' },
      { delivers: 'a', messages: [text('say')] },
      { ends: 'a', as: 'ok' },
      { ends: 'b', as: failed('UNAVAILABLE', '.') },
      { closedByClient: true },
    ],
    after: 'closed',
  },
  ...Object.entries({
    'HTTP/1': { text: 'HTTP/1.1 400 Bad Request\r\n' },
    'HTTP/2': { hex: '000006 04 00 00000000 0003 0000 0064' },
    TLS: { hex: '15 0303 0002 02 46' },
  }).map(([protocol, bytes]): ClientCase => ({
    name: `a server that speaks ${protocol}`,
    section: 'Frame',
    rule: 'another protocol is recognised by its first bytes: the connection closes at once',
    steps: [
      ...begun('unary'),
      { send: [{ bytes }] },
      { ends: 'a', as: failed('UNAVAILABLE', `speaks ${protocol}`) },
      { closedByClient: true },
    ],
    after: 'closed',
  })),
  {
    name: 'the connection ends in the middle of a response',
    section: 'Limits and faults of the peers',
    rule: 'EOF: UNAVAILABLE',
    steps: [
      ...begun('unary'),
      { send: [{ id: 1, type: RESPONSE, saysLength: 100, data: { response: { payload: text('say') } } }] },
      { serverCloses: 'half' },
      { ends: 'a', as: failed('UNAVAILABLE', 'frame') },
      { closedByClient: true },
    ],
    after: 'closed',
  },
];
