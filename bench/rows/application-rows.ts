import type { Row } from '../model.js';
import { FLOOR, GO_CLIENT, GRPC, NEST_GRPC, NEST_TCP, OURS } from './pairs.js';

const NEST_SERVERS = [{ client: 'nest-ttrpc', server: 'nest-ttrpc' }, NEST_GRPC, NEST_TCP];

/** Texts: the decoder copies all of them, so that the memory of a request can be used again. */
const textRows: Row[] = (
  [
    ['4k', 4096, '4 KiB'],
    ['64k', 65_536, '64 KiB'],
    ['256k', 262_144, '256 KiB'],
  ] as const
).map(([id, bytes, size]) => ({
  id: `text-${id}-x64`,
  title: `unary, a message with a text of ${size}, 64 in flight`,
  load: { kind: 'order', bytes, inFlight: 64 },
  quick: false,
  pairs: [...GO_CLIENT, { client: 'nest-ttrpc', server: 'go-ttrpc' }, ...GRPC, NEST_GRPC],
}));

/** Calls as applications make them. */
export const applicationRows: Row[] = [
  {
    id: 'order-x64',
    title: 'unary, a message with nested, repeated, map, int64, enum and bytes fields, ~300 B, 64 in flight',
    load: { kind: 'order', bytes: 0, inFlight: 64 },
    quick: false,
    pairs: [...GO_CLIENT, FLOOR, ...GRPC, ...NEST_SERVERS],
  },
  {
    id: 'metadata-64-x64',
    title: 'unary, 64 B, two metadata entries and a deadline on each call, 64 in flight',
    load: { kind: 'unary', bytes: 64, inFlight: 64, metadata: true, deadlineMs: 60_000 },
    quick: false,
    // Nest's TCP transport has neither.
    pairs: [...GO_CLIENT, FLOOR, ...OURS, ...GRPC, NEST_GRPC],
  },
  {
    id: 'guarded-64-x64',
    title: 'unary, 64 B, behind a guard, a pipe and an interceptor, 64 in flight',
    load: { kind: 'guarded', bytes: 64, inFlight: 64 },
    quick: true,
    // Go's first, as everywhere, though it has no such things.
    pairs: [
      { client: 'go-ttrpc', server: 'go-ttrpc' },
      { client: 'go-ttrpc', server: 'nest-ttrpc' },
      { client: 'grpc-go', server: 'nest-grpc' },
      ...NEST_SERVERS,
    ],
  },
  ...textRows,
];

/** Calls spread over many connections. */
export const connectionRows: Row[] = [1, 100, 1000].map((connections) => ({
  id: `connections-${connections}`,
  title: `unary, 64 B, 1,000 calls in flight over ${connections} connection${connections > 1 ? 's' : ''}`,
  load: { kind: 'unary', bytes: 64, inFlight: 1000 },
  connections,
  quick: false,
  pairs: [
    ...GO_CLIENT,
    FLOOR,
    { client: 'grpc-go', server: 'grpc-go' },
    { client: 'grpc-go', server: 'grpc-js' },
    { client: 'grpc-go', server: 'nest-grpc' },
    NEST_TCP,
  ],
}));
