import { NO_MESSAGES } from '../bodies.js';
import type { Case, Difference, Expected } from '../case.js';
import { limits } from '../limits.js';
import type { CallSpec } from '../peer.js';
import { largestReplyItemBody, largestRequestBody, largestRequestItemBody, largestUnaryReplyBody } from '../sizes.js';

const call = (spec: CallSpec): Case['steps'][number] => ({ do: 'call', call: spec });

const sizes: readonly [string, number][] = [
  ['0 B', 0],
  ['1 B', 1],
  ['4 KiB', 4 << 10],
  ['1 MiB', 1 << 20],
];

/** A client refuses what does not fit, before a byte of it is sent; the connection goes on. */
const refused: Expected = { status: 8, local: true, replies: NO_MESSAGES };
/** A server says so in place of the reply that does not fit. */
const tooLarge: Expected = { status: 8, local: false };
const goGoesAway: Difference = {
  server: 'go',
  expect: { status: 'lost' },
  ...limits.goOversizedReply,
};
const rustSaysInvalid: Difference = {
  server: 'rust',
  expect: { status: 3, local: false },
  ...limits.rustOversizedReply,
};
/** How a Rust client refuses a Request, and a message of a stream. */
const rustRefuses: Difference = {
  client: 'rust',
  expect: { status: { error: 'Others' }, local: true, replies: NO_MESSAGES },
  ...limits.rustOversizedRequest,
};
const rustRefusesMessage: Difference = {
  client: 'rust',
  expect: { status: 3, local: true },
  ...limits.rustOversizedMessage,
};
/** What became of the call a Rust handler does not learn. */
const goesOn = { server: 'rust', ...limits.rustStreamGoesOn } as const;
const oneMore = { seq: 9, bodyBytes: 10 };
/** The server lives: it answers on a new connection whatever became of the old one. */
const serverLives: Case['steps'] = [{ do: 'client', action: 'connect' }, call({ op: 'unary', request: oneMore })];

/** Bodies of all sizes up to the largest that fits, and of one byte more, as requests, replies and stream messages. */
export const payloads: readonly Case[] = [
  ...sizes.flatMap(([name, bytes]): Case[] => [
    { name: `body of ${name}, unary both ways`, steps: [call({ op: 'unary', request: { seq: 3, bodyBytes: bytes } })] },
    {
      name: `body of ${name}, request and replies of a server-streaming call`,
      steps: [call({ op: 'server-stream', request: { seq: 3, bodyBytes: bytes, replyCount: 3, replyBytes: bytes } })],
    },
    {
      name: `body of ${name}, messages of a client-streaming call`,
      steps: [call({ op: 'client-stream', generate: { count: 3, seq: 3, bodyBytes: bytes } })],
    },
    {
      name: `body of ${name}, messages of a bidi call both ways`,
      steps: [call({ op: 'bidi', generate: { count: 3, seq: 3, bodyBytes: bytes } })],
    },
  ]),

  {
    name: 'the largest request that fits, unary',
    steps: [call({ op: 'unary', request: { seq: 1, replyBytes: 1, bodyBytes: largestRequestBody('unary') } })],
  },
  {
    name: 'the largest reply that fits, unary',
    steps: [
      {
        do: 'call',
        call: { op: 'unary', request: { seq: 1, replyBytes: largestUnaryReplyBody() } },
        differs: [{ server: 'rust', expect: { status: 3, local: false }, ...limits.rustStatusOk }],
      },
    ],
  },
  {
    name: 'the largest reply that fits beside an empty status, unary',
    steps: [call({ op: 'unary', request: { seq: 1, replyBytes: largestUnaryReplyBody() - 2 } })],
  },
  {
    name: 'the largest request that fits, server-streaming',
    steps: [
      call({
        op: 'server-stream',
        request: {
          seq: 1,
          replyBytes: 1,
          replyCount: 1,
          bodyBytes: largestRequestBody('server-stream', { replyCount: true }),
        },
      }),
    ],
  },
  {
    name: 'the largest message that fits, server-streaming',
    steps: [call({ op: 'server-stream', request: { seq: 1, replyCount: 1, replyBytes: largestReplyItemBody(0) } })],
  },
  {
    name: 'the largest message that fits, client-streaming, twice',
    steps: [
      call({
        op: 'client-stream',
        generate: { count: 2, seq: 1, replyBytes: 1, bodyBytes: largestRequestItemBody() },
      }),
    ],
  },
  {
    name: 'the largest message that fits, bidi, as request',
    steps: [call({ op: 'bidi', generate: { count: 2, seq: 1, replyBytes: 1, bodyBytes: largestRequestItemBody() } })],
  },
  {
    name: 'the largest message that fits, bidi, as reply',
    steps: [call({ op: 'bidi', generate: { count: 2, seq: 1, replyBytes: largestReplyItemBody(1) } })],
  },

  {
    name: 'one byte over the limit: unary request',
    steps: [
      {
        do: 'call',
        call: { op: 'unary', request: { seq: 1, replyBytes: 1, bodyBytes: largestRequestBody('unary') + 1 } },
        expect: refused,
        differs: [rustRefuses],
      },
      call({ op: 'unary', request: oneMore }),
      { do: 'accepted', count: 1 },
    ],
  },
  {
    name: 'one byte over the limit: unary reply',
    steps: [
      {
        do: 'call',
        call: { op: 'unary', request: { seq: 1, replyBytes: largestUnaryReplyBody() + 1 } },
        expect: tooLarge,
        differs: [goGoesAway, rustSaysInvalid],
      },
      ...serverLives,
    ],
  },
  {
    name: 'one byte over the limit: server-streaming request',
    steps: [
      {
        do: 'call',
        call: {
          op: 'server-stream',
          request: {
            seq: 1,
            replyBytes: 1,
            replyCount: 1,
            bodyBytes: largestRequestBody('server-stream', { replyCount: true }) + 1,
          },
        },
        expect: refused,
        differs: [rustRefuses],
      },
      call({ op: 'unary', request: oneMore }),
    ],
  },
  {
    name: 'one byte over the limit: message from the server',
    steps: [
      {
        do: 'call',
        call: { op: 'server-stream', request: { seq: 1, replyCount: 2, replyBytes: largestReplyItemBody(0) + 1 } },
        expect: tooLarge,
        differs: [goGoesAway, rustSaysInvalid],
      },
      ...serverLives,
    ],
  },
  {
    name: 'one byte over the limit: second message of a client-streaming call',
    leaves: [goesOn],
    steps: [
      {
        do: 'call',
        call: {
          op: 'client-stream',
          requests: [
            { seq: 1, bodyBytes: 5 },
            { seq: 2, replyBytes: 1, bodyBytes: largestRequestItemBody() + 1 },
            { seq: 3, bodyBytes: 5 },
          ],
        },
        expect: refused,
        differs: [rustRefusesMessage],
      },
      call({ op: 'unary', request: oneMore }),
    ],
  },
  {
    name: 'one byte over the limit: second message of a bidi call',
    leaves: [goesOn],
    steps: [
      {
        do: 'call',
        call: {
          op: 'bidi',
          lockstep: true,
          requests: [
            { seq: 1, bodyBytes: 5 },
            { seq: 2, replyBytes: 1, bodyBytes: largestRequestItemBody() + 1 },
          ],
        },
        expect: { status: 8, local: true },
        differs: [rustRefusesMessage],
      },
      call({ op: 'unary', request: oneMore }),
    ],
  },
  {
    name: 'one byte over the limit: second reply of a bidi call',
    steps: [
      {
        do: 'call',
        call: {
          op: 'bidi',
          lockstep: true,
          requests: [
            { seq: 1, bodyBytes: 5 },
            { seq: 2, replyBytes: largestReplyItemBody(2) + 1 },
          ],
        },
        expect: tooLarge,
        differs: [goGoesAway, rustSaysInvalid],
      },
      ...serverLives,
    ],
  },
];
