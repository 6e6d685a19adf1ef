import type { Case, Expected, Pair, Reason } from '../case.js';
import { limits } from '../limits.js';
import type { CallSpec } from '../peer.js';

const LONG_MS = 60_000;
const SHORT_MS = 250;
const expired: Expected = { status: 4, maxElapsedMs: 15_000 };

const streams: readonly [string, string, CallSpec][] = [
  ['server-streaming', 'ServerStream', { op: 'server-stream', request: { seq: 41, replyCount: 2, delayMs: LONG_MS } }],
  ['client-streaming', 'ClientStream', { op: 'client-stream', requests: [{ seq: 41, bodyBytes: 3 }], keepOpen: true }],
  [
    'bidi',
    'Bidi',
    {
      op: 'bidi',
      requests: [
        { seq: 41, bodyBytes: 3 },
        { seq: 42, delayMs: LONG_MS },
      ],
      keepOpen: true,
    },
  ],
];

/** Whose streams have no deadline at the server. */
const goSendsNone = { client: 'go', ...limits.goStreamMetadata } as const;
const rustKeepsNone = { server: 'rust', ...limits.rustStreamDeadline } as const;
/** A stream of Rust's with itself: the client leaves it to the server, the server to the client. */
const nobodyKeepsIt = { client: 'rust', server: 'rust', ...limits.rustStreamTimeout } as const;
const goesOn: Pair & Reason = { server: 'rust', ...limits.rustStreamGoesOn };

/** Deadlines: what the server sees of them, and how they expire at either side. */
export const deadlines: readonly Case[] = [
  {
    name: 'a deadline reaches the handler, unary',
    steps: [
      { do: 'call', call: { op: 'unary', request: { seq: 1 }, timeoutMs: 100_000 } },
      {
        do: 'call',
        call: { op: 'unary', request: { seq: 1 }, timeoutMs: 100_000 },
        expect: { status: 0, timeLeftMs: [80_000, 100_000] },
      },
      { do: 'call', call: { op: 'unary', request: { seq: 2 } }, expect: { status: 0, timeLeftMs: [0, 0] } },
    ],
  },
  {
    name: 'a deadline of 100 days',
    // Beyond the 24.8 days that a timer of Node holds.
    steps: [{ do: 'call', call: { op: 'unary', request: { seq: 1, delayMs: 50 }, timeoutMs: 100 * 86_400_000 } }],
  },
  {
    name: 'a deadline reaches the handler, streams',
    without: [goSendsNone],
    steps: [
      { do: 'call', call: { op: 'server-stream', request: { seq: 1, replyCount: 2 }, timeoutMs: 100_000 } },
      { do: 'call', call: { op: 'client-stream', requests: [{ seq: 1 }], timeoutMs: 100_000 } },
      { do: 'call', call: { op: 'bidi', requests: [{ seq: 1 }], timeoutMs: 100_000 } },
    ],
  },
  {
    name: 'the deadline expires at the client and ends the handler, unary',
    steps: [
      {
        do: 'call',
        call: { op: 'unary', request: { seq: 41, delayMs: LONG_MS }, timeoutMs: SHORT_MS },
        expect: expired,
      },
      { do: 'await-event', event: 'cancelled', method: 'Unary', seq: 41, cause: 'deadline' },
      // The late response of that call, if there is one, disturbs nobody.
      { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
      { do: 'accepted', count: 1 },
    ],
  },
  {
    name: 'the deadline expires at the server, which answers so, unary',
    without: [
      { client: 'nest', reason: 'our client always keeps the deadline of its calls itself, so it ends first' },
      { client: 'rust', ...limits.rustOwnTimeout },
    ],
    steps: [
      {
        do: 'call',
        call: { op: 'unary', request: { seq: 41, delayMs: LONG_MS }, wireTimeoutMs: SHORT_MS },
        expect: { ...expired, local: false },
      },
      { do: 'await-event', event: 'cancelled', method: 'Unary', seq: 41, cause: 'deadline' },
      { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
    ],
  },
  ...streams.flatMap(([name, method, call]): Case[] => [
    {
      name: `the deadline expires at the client, ${name}`,
      without: [nobodyKeepsIt],
      leaves: [goesOn],
      steps: [
        { do: 'call', call: { ...call, timeoutMs: SHORT_MS }, expect: expired },
        { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
        // A Go client tells the server nothing of it; the end of the connection does.
        { do: 'client', action: 'close' },
        { do: 'await-event', event: 'cancelled', method, seq: 41, without: [goesOn] },
      ],
    },
    {
      name: `the deadline ends the handler, ${name}`,
      without: [goSendsNone, rustKeepsNone],
      steps: [
        { do: 'call', call: { ...call, timeoutMs: SHORT_MS }, expect: expired },
        { do: 'await-event', event: 'cancelled', method, seq: 41 },
      ],
    },
  ]),
];
