import type { ServerCase, StatusName } from '../../case.js';
import { STATUS_CODES } from '../../case.js';
import { close, data, echoed, ended, failed, item, message, ok, pattern, reply, request } from '../../service.js';
import { DATA, NO_DATA, REMOTE_CLOSED, REMOTE_OPEN } from '../../wire/frame.js';

const section = 'Call shapes';

const one = { seq: 21, body: { text: 'one' } };
const two = { seq: 22, body: { text: 'two' } };
const doesNotDecode = { pattern: 'error unmarshalling payload' };

const DETAILS = [
  { typeUrl: 'type.googleapis.com/interop.v1.Pair', value: { hex: '0a016b120176' } },
  { typeUrl: 'type.googleapis.com/google.protobuf.Empty', value: { hex: '' } },
];

const ERRORS = Object.keys(STATUS_CODES).filter((name): name is StatusName => name !== 'OK');

export const shapes: ServerCase[] = [
  {
    name: 'unary: one Response, never Data',
    section,
    rule: 'unary: Request[0, payload] · one Response, never Data',
    steps: [{ send: [request(1, 'Unary', message(one))] }, { receive: [ok(1, echoed(one))] }],
    after: 'usable',
  },
  {
    name: 'unary: an empty response is a Response without data',
    section,
    rule: 'an absent status means OK; an empty message is absent',
    steps: [{ send: [request(1, 'Nothing', { hex: '' })] }, { receive: [ok(1)] }],
    after: 'usable',
  },
  {
    name: 'unary: an absent payload is an empty message',
    section,
    rule: 'an absent payload of a unary or server-streaming Request is an empty message',
    steps: [{ send: [request(1, 'Unary'), request(3, 'Nothing')] }, { receive: [ok(1, echoed({})), ok(3)] }],
    after: 'usable',
  },
  {
    name: 'server-streaming: Data, then Data[remote-closed, no-data] without a payload',
    section,
    rule: 'server-streaming: Request[1, payload] · Data …, then Data[1|4]',
    steps: [
      { send: [request(1, 'ServerStream', message({ seq: 1, replyCount: 3, replyBytes: 4 }))] },
      {
        receive: [
          // Reply 0 has seq 0 and the body of number 0, and so on.
          item(1, reply({ body: pattern(0, 4) })),
          item(1, reply({ seq: 1, body: pattern(1, 4) })),
          item(1, reply({ seq: 2, body: pattern(2, 4) })),
          ended(1),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'server-streaming: no message at all',
    section,
    rule: 'server-streaming: Data …, then Data[1|4]',
    steps: [{ send: [request(1, 'ServerStream', message({ seq: 1 }))] }, { receive: [ended(1)] }],
    after: 'usable',
  },
  {
    name: 'server-streaming: empty messages are Data of length 0 without no-data',
    section,
    rule: 'a Data frame of length 0 without no-data is a real message',
    steps: [
      { send: [request(1, 'NothingServerStream', { hex: '' })] },
      { receive: [item(1), item(1), item(1), ended(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'server-streaming: an absent payload is an empty message',
    section,
    rule: 'an absent payload of a unary or server-streaming Request is an empty message: the handler is called with it',
    steps: [
      { send: [request(1, 'NothingServerStream'), request(3, 'ServerStream')] },
      { receive: [item(1), item(1), item(1), ended(1), ended(3)] },
    ],
    after: 'usable',
  },
  {
    name: 'client-streaming: one Response, never Data',
    section,
    rule: 'client-streaming: Request[2|4, no payload], Data …, Data[1|4] · one Response, never Data',
    steps: [
      { send: [request(1, 'ClientStream'), data(1, message(one)), data(1, message(two))] },
      { nothingMoreBy: 3 },
      { send: [close(1)] },
      { receive: [ok(1, reply({ seq: 21, received: [one, two] }))] },
    ],
    after: 'usable',
  },
  {
    name: 'client-streaming: no message at all',
    section,
    rule: 'client-streaming: Data …, Data[1|4] · one Response',
    steps: [
      { send: [request(1, 'ClientStream'), close(1), request(3, 'NothingClientStream'), close(3)] },
      { receive: [ok(1, reply({ received: [] })), ok(3)] },
    ],
    after: 'usable',
  },
  {
    name: 'client-streaming: empty messages count',
    section,
    rule: 'a Data frame of length 0 without no-data is a real message',
    steps: [
      { send: [request(1, 'ClientStream'), data(1), data(1), data(1), close(1)] },
      { receive: [ok(1, reply({ received: [{}, {}, {}] }))] },
    ],
    after: 'usable',
  },
  {
    name: 'bidi: Data as it comes, then Data[remote-closed, no-data] without a payload',
    section,
    rule: 'bidi: Request[2|4, no payload], Data …, Data[1|4] · Data …, then Data[1|4]',
    steps: [
      { send: [request(1, 'Bidi')] },
      { nothingMoreBy: 3 },
      { send: [data(1, message(one))] },
      { receive: [item(1, reply(one))] },
      { send: [data(1, message({ ...two, replyCount: 2 }))] },
      { receive: [item(1, reply(two)), item(1, reply(two))] },
      { nothingMoreBy: 5 },
      { send: [close(1)] },
      { receive: [ended(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'bidi: no message at all, and empty ones',
    section,
    rule: 'a Data frame of length 0 without no-data is a real message',
    steps: [
      { send: [request(1, 'Bidi'), close(1), request(3, 'NothingStream'), data(3), data(3), close(3)] },
      { receive: [ended(1), item(3), item(3), ended(3)] },
    ],
    after: 'usable',
  },
  {
    name: 'several streams at once, each with its own messages',
    section,
    rule: 'streams of one connection are independent',
    steps: [
      {
        send: [
          request(1, 'Bidi'),
          request(3, 'ClientStream'),
          request(5, 'Bidi'),
          data(5, message(one)),
          data(3, message(one)),
        ],
      },
      { receive: [item(5, reply(one))] },
      { send: [data(1, message(two)), data(3, message(two)), close(5), close(3)] },
      { receive: [item(1, reply(two)), ended(5), ok(3, reply({ seq: 21, received: [one, two] }))] },
      { send: [request(7, 'Unary', message(one))] },
      { receive: [ok(7, echoed(one))] },
      { send: [close(1)] },
      { receive: [ended(1)] },
    ],
    after: 'usable',
  },

  // The shape is the method's: what the Request's flags say is a hint.
  ...[1, 2, 4, 5, 6, 7].map((flags): ServerCase => ({
    name: `unary with the Request flags ${flags}`,
    section: 'Frame',
    rule: "servers decide the shape by the registered method; a Request's flags are only hints",
    steps: [{ send: [request(1, 'Unary', message(one), { flags })] }, { receive: [ok(1, echoed(one))] }],
    after: 'usable',
  })),
  ...[0, 2, 4, 5, 6, 7].map((flags): ServerCase => ({
    name: `server-streaming with the Request flags ${flags}`,
    section: 'Frame',
    rule: "servers decide the shape by the registered method; a Request's flags are only hints",
    steps: [
      {
        send: [
          request(1, 'ServerStream', message({ replyCount: 1 }), { flags }),
          request(3, 'NothingServerStream', undefined, { flags }),
        ],
      },
      { receive: [item(1), ended(1), item(3), item(3), item(3), ended(3)] },
    ],
    after: 'usable',
  })),
  ...[0, 1, 2, 4, 5, 7].flatMap((flags): ServerCase[] => [
    {
      name: `client-streaming with the Request flags ${flags}`,
      section: 'Frame',
      rule: "servers decide the shape by the registered method; a Request's flags are only hints",
      steps: [
        { send: [request(1, 'ClientStream', undefined, { flags }), data(1, message(one)), close(1)] },
        { receive: [ok(1, reply({ seq: 21, received: [one] }))] },
      ],
      after: 'usable',
    },
    {
      name: `bidi with the Request flags ${flags}`,
      section: 'Frame',
      rule: "servers decide the shape by the registered method; a Request's flags are only hints",
      steps: [
        { send: [request(1, 'Bidi', undefined, { flags }), data(1, message(one))] },
        { receive: [item(1, reply(one))] },
        { send: [close(1)] },
        { receive: [ended(1)] },
      ],
      after: 'usable',
    },
  ]),
  {
    name: 'server-streaming: a client that closes its side once more',
    section,
    rule: 'server-streaming: nothing more from the client; a close says nothing new',
    steps: [
      {
        send: [
          request(1, 'ServerStream', message({ seq: 7101, replyCount: 1, delayMs: 50 }), { flags: REMOTE_OPEN }),
          close(1),
        ],
      },
      { receive: [item(1), ended(1)] },
    ],
    after: 'usable',
  },

  // The first message of a request stream may stand in the Request.
  {
    name: 'client-streaming: a payload in the Request is the first message',
    section,
    rule: 'as a server ignore an absent or empty payload on a client-streaming Request; a non-empty one is the first message',
    steps: [
      { send: [request(1, 'ClientStream', message(one), { flags: REMOTE_OPEN }), data(1, message(two)), close(1)] },
      { receive: [ok(1, reply({ seq: 21, received: [one, two] }))] },
    ],
    after: 'usable',
  },
  {
    name: 'bidi: a payload in the Request is the first message, whatever its flags say',
    section,
    rule: 'as a server ignore an absent or empty payload on a client-streaming Request; a non-empty one is the first message',
    steps: [
      { send: [request(1, 'Bidi', message(one), { flags: REMOTE_OPEN | NO_DATA })] },
      { receive: [item(1, reply(one))] },
      { send: [data(1, message(two)), close(1)] },
      { receive: [item(1, reply(two)), ended(1)] },
    ],
    after: 'usable',
  },
  {
    name: 'client-streaming and bidi: a payload that is there and empty',
    section,
    rule: 'as a server ignore an absent or empty payload on a client-streaming Request',
    steps: [
      { send: [request(1, 'ClientStream', { hex: '' }), data(1, message(one)), close(1)] },
      { receive: [ok(1, reply({ seq: 21, received: [one] }))] },
      { send: [request(3, 'Bidi', { hex: '' }), close(3)] },
      { receive: [ended(3)] },
    ],
    after: 'usable',
  },

  // Messages that do not decode
  {
    name: 'a unary payload that does not decode',
    section: 'What the server answers',
    rule: 'payload that does not parse: INTERNAL',
    steps: [{ send: [request(1, 'Unary', { hex: '12 ff 00' })] }, { receive: [failed(1, 'INTERNAL', doesNotDecode)] }],
    after: 'usable',
  },
  {
    name: 'a server-streaming payload that does not decode',
    section: 'What the server answers',
    rule: 'payload that does not parse: INTERNAL',
    steps: [{ send: [request(1, 'ServerStream', { hex: '0a' })] }, { receive: [failed(1, 'INTERNAL', doesNotDecode)] }],
    after: 'usable',
  },
  {
    name: 'a stream message that does not decode',
    section: 'What the server answers',
    rule: 'payload that does not parse: INTERNAL',
    steps: [
      { send: [request(1, 'Bidi'), data(1, message(one))] },
      { receive: [item(1, reply(one))] },
      { send: [data(1, { hex: '08' })] },
      { receive: [failed(1, 'INTERNAL', doesNotDecode)] },
      { send: [request(3, 'ClientStream'), data(3, message(one)), data(3, { hex: '02 00' })] },
      { receive: [failed(3, 'INTERNAL', doesNotDecode)] },
    ],
    after: 'usable',
  },

  // Errors
  ...ERRORS.map((code): ServerCase => ({
    name: `a handler that fails with ${code}`,
    section: 'Envelope',
    rule: 'Response: status (code, message, details) = 1; no payload with an error',
    steps: [
      { send: [request(1, 'Unary', message({ seq: 1, fail: { code: STATUS_CODES[code], message: `no: ${code}` } }))] },
      { receive: [failed(1, code, `no: ${code}`)] },
    ],
    after: 'usable',
  })),
  {
    name: 'an error with details, and one without a message',
    section: 'Envelope',
    rule: 'details repeated Any = 3',
    steps: [
      {
        send: [
          request(1, 'Unary', message({ fail: { code: 9, message: 'grüße 🙂', details: DETAILS } })),
          request(3, 'Unary', message({ fail: { code: 5 } })),
        ],
      },
      { receive: [failed(1, 'FAILED_PRECONDITION', 'grüße 🙂', DETAILS), failed(3, 'NOT_FOUND', '')] },
    ],
    after: 'usable',
  },
  {
    name: 'server-streaming: an error before, in the middle and after the messages is a Response',
    section,
    rule: 'server-streaming: Response only for an error',
    steps: [
      {
        send: [0, 2, 3].map((after, i) =>
          request(
            2 * i + 1,
            'ServerStream',
            message({ replyCount: 3, fail: { code: 10, message: 'stop', details: DETAILS, after } }),
          ),
        ),
      },
      {
        receive: [
          failed(1, 'ABORTED', 'stop', DETAILS),
          item(3),
          item(3, reply({ seq: 1 })),
          failed(3, 'ABORTED', 'stop', DETAILS),
          item(5),
          item(5, reply({ seq: 1 })),
          item(5, reply({ seq: 2 })),
          failed(5, 'ABORTED', 'stop', DETAILS),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'bidi: an error after some messages is a Response',
    section,
    rule: 'bidi: Response only for an error',
    steps: [
      {
        send: [
          request(1, 'Bidi'),
          data(1, message({ ...one, fail: { code: 7, message: 'enough', after: 2 } })),
          data(1, message(two)),
        ],
      },
      { receive: [item(1, reply(one)), item(1, reply(two)), failed(1, 'PERMISSION_DENIED', 'enough')] },
    ],
    after: 'usable',
  },
  {
    name: 'client-streaming: an error at the end and one before it',
    section,
    rule: 'client-streaming: one Response, never Data',
    steps: [
      {
        send: [
          request(1, 'ClientStream'),
          data(1, message({ ...one, fail: { code: 6, message: 'late', after: 9 } })),
          close(1),
        ],
      },
      { receive: [failed(1, 'ALREADY_EXISTS', 'late')] },
      {
        send: [request(3, 'ClientStream'), data(3, message({ ...one, fail: { code: 6, message: 'early', after: 1 } }))],
      },
      { receive: [failed(3, 'ALREADY_EXISTS', 'early')] },
    ],
    after: 'usable',
  },

  // How a client may close, and what comes after the end
  {
    name: 'a payload together with remote-closed is the last message',
    section,
    rule: 'as a server accept a payload with remote-closed: the specification allows it',
    differs: {
      go: {
        reason: 'Go delivers the message and refuses the frame, so that the call has two responses.',
        row: "never put a payload on the closing frame: Go's server delivers it and answers INVALID_ARGUMENT",
        decision: 'the last message, then the end of the stream, as the specification says',
      },
    },
    steps: [
      { send: [request(1, 'ClientStream'), data(1, message(one)), data(1, message(two), REMOTE_CLOSED)] },
      {
        receive: [ok(1, reply({ seq: 21, received: [one, two] }))],
        instead: {
          go: [
            failed(1, 'INVALID_ARGUMENT', 'data close message cannot include data'),
            ok(1, reply({ seq: 21, received: [one, two] })),
          ],
        },
        anyOrder: true,
      },
      { send: [request(3, 'Bidi'), data(3, message(one), REMOTE_CLOSED)] },
      {
        receive: [item(3, reply(one)), ended(3)],
        instead: {
          go: [item(3, reply(one)), ended(3), failed(3, 'INVALID_ARGUMENT', 'data close message cannot include data')],
        },
        anyOrder: true,
      },
    ],
    after: 'usable',
  },
  {
    name: 'remote-closed without no-data and without a payload is one more, empty message',
    section,
    rule: 'Data[1] without no-data and without payload is one more, empty message in Go',
    steps: [
      { send: [request(1, 'ClientStream'), data(1, message(one)), data(1, undefined, REMOTE_CLOSED)] },
      { receive: [ok(1, reply({ seq: 21, received: [one, {}] }))] },
    ],
    after: 'usable',
  },
  {
    name: 'no-data without remote-closed is skipped',
    section: 'Frame',
    rule: 'Data[4] without remote-closed: as a server skip it',
    steps: [
      {
        send: [
          request(1, 'ClientStream'),
          { id: 1, type: DATA, flags: NO_DATA },
          data(1, message(one)),
          { id: 1, type: DATA, flags: NO_DATA },
          close(1),
        ],
      },
      { receive: [ok(1, reply({ seq: 21, received: [one] }))] },
      { send: [request(3, 'Bidi'), { id: 3, type: DATA, flags: NO_DATA }] },
      { nothingMoreBy: 5 },
      { send: [close(3)] },
      { receive: [ended(3)] },
    ],
    after: 'usable',
  },
  {
    name: 'no-data without remote-closed is skipped with the bytes that it carries all the same',
    section: 'Frame',
    rule: 'Data[4] without remote-closed: as a server skip it',
    steps: [
      { send: [request(1, 'ClientStream'), data(1, message(two), NO_DATA), data(1, message(one)), close(1)] },
      { receive: [ok(1, reply({ seq: 21, received: [one] }))] },
    ],
    after: 'usable',
  },
  {
    name: 'remote-closed and no-data with bytes all the same',
    section: 'Frame',
    rule: 'no-data: the frame carries no message',
    differs: {
      go: {
        reason:
          'Go closes the input without delivering the bytes, and refuses the frame, so that the call has two responses.',
        row: 'Never put a payload on the closing frame',
        decision: 'the stream ends; the bytes are no message, as the flag says',
      },
    },
    steps: [
      { send: [request(1, 'ClientStream'), data(1, message(one)), data(1, message(two), REMOTE_CLOSED | NO_DATA)] },
      {
        receive: [ok(1, reply({ seq: 21, received: [one] }))],
        instead: {
          go: [
            failed(1, 'INVALID_ARGUMENT', 'data close message cannot include data'),
            ok(1, reply({ seq: 21, received: [one] })),
          ],
        },
        anyOrder: true,
      },
    ],
    after: 'usable',
  },
  {
    name: 'a stream that the server has ended: what its client still sends',
    section,
    rule: 'when we end a stream before its client has closed, swallow its Data until remote-closed',
    differs: {
      go: {
        reason: 'Go has forgotten the stream and refuses each frame.',
        row: 'Data for an id that is not active',
        decision: 'swallowed until remote-closed: the client could not know yet',
      },
    },
    steps: [
      {
        send: [
          request(1, 'ClientStream'),
          data(1, message({ ...one, fail: { code: 10, message: 'enough', after: 1 } })),
        ],
      },
      { receive: [failed(1, 'ABORTED', 'enough')] },
      { nothingMoreBy: 3 },
      { send: [data(1, message(two)), data(1), { id: 1, type: DATA, flags: NO_DATA }, close(1)] },
      {
        receive: [],
        instead: { go: Array.from({ length: 4 }, () => failed(1, 'INVALID_ARGUMENT', 'StreamID is no longer active')) },
      },
      { nothingMoreBy: 5 },
      { send: [data(1, message(two))] },
      { receive: [failed(1, 'INVALID_ARGUMENT', 'StreamID is no longer active')] },
    ],
    after: 'usable',
  },
  {
    name: 'a stream that the server has ended: a last message with remote-closed',
    section,
    rule: 'when we end a stream before its client has closed, swallow its Data until remote-closed',
    differs: {
      go: {
        reason: 'Go has forgotten the stream and refuses each frame.',
        row: 'Data for an id that is not active',
        decision: 'swallowed until remote-closed: the client could not know yet',
      },
    },
    steps: [
      { send: [request(1, 'Bidi'), data(1, message({ ...one, fail: { code: 10, message: 'enough', after: 1 } }))] },
      { receive: [item(1, reply(one)), failed(1, 'ABORTED', 'enough')] },
      { nothingMoreBy: 3 },
      { send: [data(1, message(two), REMOTE_CLOSED)] },
      { receive: [], instead: { go: [failed(1, 'INVALID_ARGUMENT', 'StreamID is no longer active')] } },
      { nothingMoreBy: 5 },
      { send: [close(1)] },
      { receive: [failed(1, 'INVALID_ARGUMENT', 'StreamID is no longer active')] },
    ],
    after: 'usable',
  },
  {
    name: 'remote-closed twice',
    section,
    rule: 'once the client has closed, a second close says nothing new',
    steps: [
      // The handler is still at work when the second close comes.
      { send: [request(1, 'ClientStream'), data(1, message({ ...one, delayMs: 50 })), close(1), close(1)] },
      { receive: [ok(1, reply({ seq: 21, received: [one] }))] },
    ],
    after: 'usable',
  },
  {
    name: 'a message after remote-closed',
    section,
    rule: 'data after the client has closed is a protocol error',
    differs: {
      go: {
        reason: 'Go refuses the frame, but its handler goes on, and its response is a second Response on the id.',
        row: 'One id may get more than one Response (Go: after a failed Data frame, …)',
        decision: 'the refusal ends the call: one call, one response',
      },
    },
    steps: [
      {
        send: [request(1, 'ClientStream'), data(1, message({ ...one, delayMs: 150 })), close(1), data(1, message(two))],
      },
      {
        receive: [failed(1, 'INVALID_ARGUMENT', { pattern: '^data handling error: .*closed' })],
        instead: {
          go: [
            failed(1, 'INVALID_ARGUMENT', { pattern: '^data handling error: .*closed' }),
            ok(1, reply({ seq: 21, received: [one] })),
          ],
        },
      },
    ],
    after: 'usable',
  },
  {
    name: 'a message on a server-streaming call',
    section,
    rule: 'server-streaming: nothing more from the client',
    differs: {
      go: {
        reason: 'Go keeps the message for a handler that never asks for it.',
        row: 'a Request[1] says that nothing more comes from the client',
        decision: 'refused, as on any stream whose client has closed; the refusal ends the call',
      },
    },
    steps: [
      { send: [request(1, 'ServerStream', message({ seq: 7102, replyCount: 1, delayMs: 150 }))] },
      { happens: { event: 'started', method: 'ServerStream', seq: 7102 } },
      { send: [data(1, message(one))] },
      {
        receive: [failed(1, 'INVALID_ARGUMENT', { pattern: '^data handling error: .*closed' })],
        instead: { go: [item(1), ended(1)] },
      },
      { happens: { event: 'cancelled', method: 'ServerStream', seq: 7102, cause: 'cancelled' }, notOf: ['go'] },
    ],
    after: 'usable',
  },
  {
    name: 'a message on a unary call that is being handled',
    section,
    rule: 'never send Data on a unary stream; ours answers INVALID_ARGUMENT once and ends the call',
    notAgainst: { go: 'it does not survive this' },
    steps: [
      { send: [request(1, 'Unary', message({ seq: 7103, delayMs: 60_000 }))] },
      { happens: { event: 'started', method: 'Unary', seq: 7103 } },
      { send: [data(1, message(one)), data(1, message(two)), close(1)] },
      { receive: [failed(1, 'INVALID_ARGUMENT', { pattern: 'unary' })] },
      { happens: { event: 'cancelled', method: 'Unary', seq: 7103, cause: 'cancelled' } },
    ],
    after: 'usable',
  },
];
