import { pairName, type Row } from '../model.js';
import {
  FLOOR,
  GO_CLIENT,
  GO_SERVER,
  GRPC,
  LARGE_HEAP,
  LARGE_HEAP_CLIENT,
  NEST_GRPC,
  NEST_TCP,
  OURS,
} from './pairs.js';

const SIZES = [
  ['64', 64, '64 B'],
  ['4k', 4096, '4 KiB'],
  ['16k', 16_384, '16 KiB'],
  ['256k', 262_144, '256 KiB'],
] as const;
const IN_FLIGHT = [1, 64, 512];
/** From here on a message takes more than the sockets' buffers hold. */
const LARGE = 65_536;

const OUR_CLIENTS: ReadonlySet<string> = new Set(['nest-ttrpc', 'nest-ttrpc-heap', 'engine']);

function unaryRow(id: string, bytes: number, size: string, inFlight: number): Row {
  const large = bytes >= LARGE;
  const row: Row = {
    id: `unary-${id}-x${inFlight}`,
    title: `unary, ${size}, ${inFlight} in flight`,
    load: { kind: 'unary', bytes, inFlight },
    quick: inFlight !== 512 && !(inFlight === 1 && bytes > 64),
    pairs: [
      ...GO_CLIENT,
      ...(bytes > 64 ? [LARGE_HEAP] : []),
      FLOOR,
      ...GO_SERVER,
      ...(bytes > 64 ? [LARGE_HEAP_CLIENT] : []),
      ...OURS,
      ...GRPC,
      NEST_GRPC,
      NEST_TCP,
    ],
  };
  row.leftOut = {};
  if (large && inFlight > 1) {
    row.leftOut[pairName(NEST_TCP)] = 'hangs: both sides stop reading while their own writes wait';
  }
  if (large && inFlight > 100) {
    for (const pair of [...GO_SERVER, LARGE_HEAP_CLIENT, ...OURS].filter(({ client }) => OUR_CLIENTS.has(client))) {
      row.leftOut[pairName(pair)] = 'fails: 128 MiB of requests exceed what our client lets wait by default';
    }
  }
  if (inFlight > 100) {
    const pair = { client: 'rust-ttrpc', server: 'go-ttrpc' };
    row.leftOut[pairName(pair)] =
      "fails: ttrpc-rust's client puts ids on the wire out of order, which Go's server refuses";
  }
  return row;
}

/** Four sizes, each with three numbers of calls in flight; 16 KiB with one, as it lies between the others. */
export const unaryRows: Row[] = SIZES.flatMap(([id, bytes, size]) =>
  (id === '16k' ? [64] : IN_FLIGHT).map((inFlight) => unaryRow(id, bytes, size, inFlight)),
);

/** 256 KiB on servers that have answered small calls for a while. */
export const agedRow: Row = {
  id: 'aged-256k-x64',
  title: 'unary, 256 KiB, 64 in flight, after minutes of small calls',
  load: { kind: 'unary', bytes: 262_144, inFlight: 64 },
  age: { kind: 'unary', bytes: 64, inFlight: 64 },
  quick: false,
  pairs: [...GO_CLIENT, LARGE_HEAP, FLOOR],
};
