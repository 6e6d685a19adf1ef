import type { Case, Difference, Expected, Pair, Reason, Step } from '../case.js';
import { limits } from '../limits.js';
import type { CallSpec } from '../peer.js';

const LONG_MS = 60_000;

/** A call of each shape that does not end by itself, its rpc, and the replies that it gets nevertheless. */
const pending: readonly [string, string, CallSpec, number][] = [
  ['unary', 'Unary', { op: 'unary', request: { seq: 71, delayMs: LONG_MS } }, 0],
  [
    'server-streaming',
    'ServerStream',
    { op: 'server-stream', request: { seq: 71, replyCount: 2, delayMs: LONG_MS } },
    0,
  ],
  [
    'client-streaming',
    'ClientStream',
    { op: 'client-stream', requests: [{ seq: 71, bodyBytes: 3 }], keepOpen: true },
    0,
  ],
  ['bidi', 'Bidi', { op: 'bidi', generate: { count: 3, seq: 71, bodyBytes: 3 }, keepOpen: true }, 3],
];

const lost: Expected = { status: 'lost', maxElapsedMs: 15_000 };

/** Stream handlers of Rust's that nobody ends. */
function goesOn(method: string): readonly (Pair & Reason)[] {
  return method === 'Unary' ? [] : [{ server: 'rust', ...limits.rustStreamGoesOn }];
}

const dropped: Difference = {
  client: 'rust',
  expect: { status: 1, local: true, maxElapsedMs: 15_000 },
  ...limits.rustNoClose,
};

const ends: readonly [string, Step][] = [
  ['the client closes', { do: 'client', action: 'close' }],
  ['the client closes its half', { do: 'client', action: 'half-close' }],
  ['the server closes', { do: 'server', action: 'drop-connections' }],
  ['the server closes its half', { do: 'server', action: 'half-close' }],
];

/** The end of the connection under a call, by either side, whole and half: the caller and the handler learn of it. */
export const closing: readonly Case[] = [
  ...ends.flatMap(([how, end]) =>
    pending.map(([shape, method, call, replies]): Case => ({
      name: `${how} with a call in flight, ${shape}`,
      // With the socket that stays nobody learns anything at all.
      without: how === 'the client closes its half' ? goesOn(method) : [],
      leaves: goesOn(method),
      steps: [
        { do: 'start', name: 'pending', call },
        { do: 'await-event', event: 'started', method, seq: 71 },
        ...(replies > 0 ? [{ do: 'await-replies', name: 'pending', count: replies } satisfies Step] : []),
        end,
        {
          do: 'end',
          name: 'pending',
          expect: lost,
          differs: end.do === 'client' && end.action === 'close' ? [dropped] : [],
        },
        { do: 'await-event', event: 'cancelled', method, seq: 71, cause: 'cancelled', without: goesOn(method) },
        { do: 'client', action: 'connect' },
        { do: 'call', call: { op: 'unary', request: { seq: 2, bodyBytes: 5 } } },
      ],
    })),
  ),
  ...ends.slice(2).map(([how, end]): Case => ({
    name: `${how} with nothing in flight`,
    steps: [
      { do: 'call', call: { op: 'unary', request: { seq: 1, bodyBytes: 5 } } },
      end,
      { do: 'client', action: 'connect' },
      { do: 'call', call: { op: 'unary', request: { seq: 2, bodyBytes: 5 } } },
    ],
  })),
  {
    name: 'the server closes: the same client connects again by itself',
    without: [
      { client: 'go', ...limits.goOneConnection },
      { client: 'rust', ...limits.rustOneConnection },
    ],
    steps: [
      { do: 'call', call: { op: 'unary', request: { seq: 1, bodyBytes: 5 } } },
      { do: 'start', name: 'pending', call: { op: 'unary', request: { seq: 71, delayMs: LONG_MS } } },
      { do: 'await-event', event: 'started', method: 'Unary', seq: 71 },
      { do: 'server', action: 'drop-connections' },
      { do: 'end', name: 'pending', expect: lost },
      { do: 'call', call: { op: 'unary', request: { seq: 2, bodyBytes: 5 } } },
      { do: 'accepted', count: 2 },
    ],
  },
  ...pending.map(([shape, method, call, replies]): Case => ({
    name: `the caller cancels, ${shape}`,
    leaves: goesOn(method),
    steps: [
      { do: 'start', name: 'pending', call },
      { do: 'await-event', event: 'started', method, seq: 71 },
      ...(replies > 0 ? [{ do: 'await-replies', name: 'pending', count: replies } satisfies Step] : []),
      { do: 'cancel', name: 'pending' },
      { do: 'end', name: 'pending', expect: { status: 1, local: true, maxElapsedMs: 15_000 } },
      { do: 'call', call: { op: 'unary', request: { seq: 2, bodyBytes: 5 } } },
      // There is no cancel frame: a handler on a connection that lives on learns of it with the connection's end.
      { do: 'client', action: 'close' },
      { do: 'await-event', event: 'cancelled', method, seq: 71, cause: 'cancelled', without: goesOn(method) },
    ],
  })),
];
