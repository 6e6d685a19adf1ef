import type { Case } from '../case.js';
import type { CallSpec } from '../peer.js';

const call = (spec: CallSpec): Case['steps'][number] => ({ do: 'call', call: spec });

/** The four call shapes, empty messages, and how many messages a stream may have. */
export const shapes: readonly Case[] = [
  { name: 'unary call', steps: [call({ op: 'unary', request: { seq: 7, bodyBytes: 300 } })] },
  {
    name: 'server-streaming call',
    steps: [call({ op: 'server-stream', request: { seq: 7, bodyBytes: 300, replyCount: 10, replyBytes: 20 } })],
  },
  {
    name: 'client-streaming call',
    steps: [call({ op: 'client-stream', generate: { count: 10, seq: 7, bodyBytes: 20 } })],
  },
  { name: 'bidi call', steps: [call({ op: 'bidi', generate: { count: 10, seq: 7, bodyBytes: 20 } })] },
  {
    name: 'bidi call, each message sent after the reply to the one before',
    steps: [call({ op: 'bidi', generate: { count: 50, seq: 7, bodyBytes: 20 }, lockstep: true })],
  },
  {
    name: 'bidi call with several replies to each message',
    steps: [call({ op: 'bidi', generate: { count: 10, seq: 7, replyCount: 5, replyBytes: 33 } })],
  },
  {
    name: 'the four shapes one after the other, twice, on one connection',
    steps: [1, 2].flatMap(() => [
      call({ op: 'unary', request: { seq: 1 } }),
      call({ op: 'server-stream', request: { seq: 2, replyCount: 3, replyBytes: 5 } }),
      call({ op: 'client-stream', generate: { count: 3, seq: 3, bodyBytes: 5 } }),
      call({ op: 'bidi', generate: { count: 3, seq: 4, bodyBytes: 5 } }),
    ]),
  },

  { name: 'google.protobuf.Empty: unary', steps: [call({ op: 'unary', empty: true })] },
  { name: 'google.protobuf.Empty: server-streaming', steps: [call({ op: 'server-stream', empty: true })] },
  {
    name: 'google.protobuf.Empty: client-streaming',
    steps: [call({ op: 'client-stream', empty: true, requests: [{}, {}, {}] })],
  },
  { name: 'google.protobuf.Empty: bidi', steps: [call({ op: 'bidi', empty: true, requests: [{}, {}, {}] })] },
  {
    name: 'requests of no bytes, of all shapes',
    steps: [
      call({ op: 'unary', request: {} }),
      call({ op: 'server-stream', request: {} }),
      call({ op: 'client-stream', requests: [{}] }),
      call({ op: 'bidi', requests: [{}] }),
    ],
  },
  {
    name: 'messages of no bytes between others in a request stream',
    steps: [
      call({ op: 'client-stream', requests: [{}, { seq: 1, bodyBytes: 3 }, {}, {}, { seq: 2 }, {}] }),
      // Replies of no bytes, too: a bidi call answers with the seq and the body that it got.
      call({ op: 'bidi', requests: [{}, {}, {}] }),
    ],
  },
  {
    name: 'a first reply of no bytes in a reply stream',
    steps: [call({ op: 'server-stream', request: { replyCount: 3 } })],
  },
  {
    name: 'streams without messages',
    steps: [
      call({ op: 'server-stream', request: { seq: 5, replyCount: 0 } }),
      call({ op: 'client-stream', requests: [] }),
      call({ op: 'bidi', requests: [] }),
      call({ op: 'client-stream', empty: true, requests: [] }),
      call({ op: 'bidi', empty: true, requests: [] }),
    ],
  },

  ...[1, 1_000, 100_000].flatMap((count): Case[] => {
    const messages = `${count.toLocaleString('en')} ${count === 1 ? 'message' : 'messages'}`;
    const limitMs = count > 1_000 ? 90_000 : undefined;
    return [
      {
        name: `${messages}, server-streaming`,
        steps: [call({ op: 'server-stream', request: { seq: 1, replyCount: count, replyBytes: 16 } })],
        limitMs,
      },
      {
        name: `${messages}, client-streaming`,
        steps: [call({ op: 'client-stream', generate: { count, seq: 1, bodyBytes: 16 } })],
        limitMs,
      },
      { name: `${messages}, bidi`, steps: [call({ op: 'bidi', generate: { count, seq: 1, bodyBytes: 16 } })], limitMs },
    ];
  }),
];
