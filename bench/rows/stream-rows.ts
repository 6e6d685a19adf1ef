import { pairName, type Load, type Pair, type Row } from '../model.js';
import { FLOOR, GO_CLIENT, GO_SERVER, GRPC, NEST_GRPC, NEST_TCP, OURS } from './pairs.js';

const SHAPES: readonly [id: string, kind: Load['kind'], title: string, pairs: Pair[]][] = [
  ['download', 'download', 'server-streaming', [NEST_TCP]],
  ['upload', 'upload', 'client-streaming', [FLOOR]],
  ['chat', 'chat', 'bidi echo, 64 outstanding', []],
];
const SIZES: readonly [id: string, bytes: number, title: string, maxCalls: number][] = [
  ['64', 64, '64 B', 100_000],
  // What Nest's clients hold in memory when they are fed faster than the socket takes.
  ['16k', 16_384, '16 KiB', 4000],
];

/** Go opens a client-streaming or bidi call without a payload. */
const RUST_SERVER = {
  [pairName({ client: 'go-ttrpc', server: 'rust-ttrpc' })]:
    'ttrpc-rust takes the opening of the call for one more, empty message',
};

/** The three streaming shapes, one stream each. */
export const streamRows: Row[] = SHAPES.flatMap(([id, kind, shape, more]) =>
  SIZES.map(([sizeId, bytes, size, maxCalls]) => ({
    id: `${id}-${sizeId}`,
    title: `${shape}, ${size}`,
    load: { kind, bytes, inFlight: 64 },
    maxCalls,
    quick: bytes === 64,
    ...(kind === 'download' ? {} : { leftOut: RUST_SERVER }),
    pairs: [...GO_CLIENT, ...GO_SERVER, ...OURS, ...GRPC, NEST_GRPC, ...more],
  })),
);
