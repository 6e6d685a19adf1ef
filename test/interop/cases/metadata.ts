import type { Case } from '../case.js';
import { limits } from '../limits.js';

const several = { 'single-key': ['one'], 'several-values': ['b', 'a', 'c', 'a'], 'Upper-Case': ['Kept As It Is'] };

/** Metadata of a request. */
export const metadata: readonly Case[] = [
  {
    name: 'metadata with several values for one key, unary',
    steps: [{ do: 'call', call: { op: 'unary', request: { seq: 1 }, metadata: several } }],
  },
  {
    name: 'metadata with empty values and values beyond ASCII, unary',
    steps: [
      { do: 'call', call: { op: 'unary', request: { seq: 1 }, metadata: { empty: [''], text: ['ß ☺ 😈', ' \t\n'] } } },
    ],
  },
  {
    name: 'metadata of 64 KiB, unary',
    steps: [{ do: 'call', call: { op: 'unary', request: { seq: 1 }, metadata: { large: ['x'.repeat(65_536), 'y'] } } }],
  },
  {
    name: 'metadata that is not handed on to the next call',
    steps: [
      { do: 'call', call: { op: 'unary', request: { seq: 1 }, metadata: several } },
      { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
    ],
  },
  {
    name: 'metadata with several values for one key, streams',
    without: [{ client: 'go', ...limits.goStreamMetadata }],
    steps: [
      { do: 'call', call: { op: 'server-stream', request: { seq: 1, replyCount: 2 }, metadata: several } },
      { do: 'call', call: { op: 'client-stream', requests: [{ seq: 1 }], metadata: several } },
      { do: 'call', call: { op: 'bidi', requests: [{ seq: 1 }, { seq: 2 }], metadata: several } },
    ],
  },
];
