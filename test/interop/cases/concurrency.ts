import type { Case } from '../case.js';
import type { CallSpec } from '../peer.js';

const mixed = (index: number): CallSpec => {
  const seq = 100 * index;
  switch (index % 4) {
    case 0:
      return { op: 'unary', request: { seq, bodyBytes: 500, delayMs: (index * 7) % 40 } };
    case 1:
      return { op: 'server-stream', request: { seq, replyCount: 50, replyBytes: 100 } };
    case 2:
      return { op: 'client-stream', generate: { count: 50, seq, bodyBytes: 100 } };
    default:
      return { op: 'bidi', generate: { count: 50, seq, bodyBytes: 100 } };
  }
};
const names = Array.from({ length: 24 }, (_, index) => `call ${index}`);

/** Many calls at the same time. */
export const concurrency: readonly Case[] = [
  {
    name: '500 concurrent calls on one connection, answered out of order',
    steps: [
      {
        do: 'burst',
        burst: { count: 500, firstSeq: 1000, bodyBytes: 100, maxDelayMs: 400 },
        expect: {
          is: { statuses: { 0: 500 }, transportErrors: {}, wrong: 0 },
          atLeast: { overtaken: 200, mostOpen: 400 },
        },
      },
      { do: 'accepted', count: 1 },
    ],
  },
  {
    name: '500 concurrent calls with bodies of 16 KiB',
    steps: [
      {
        do: 'burst',
        burst: { count: 500, firstSeq: 1, bodyBytes: 16 << 10, maxDelayMs: 100 },
        expect: { is: { statuses: { 0: 500 }, transportErrors: {}, wrong: 0 } },
      },
      { do: 'accepted', count: 1 },
    ],
  },
  {
    name: '24 concurrent calls of all shapes',
    steps: [
      ...names.map((name, index): Case['steps'][number] => ({ do: 'start', name, call: mixed(index) })),
      ...names.map((name): Case['steps'][number] => ({ do: 'end', name })),
    ],
  },
];
