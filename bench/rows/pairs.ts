import { pairName, type Pair } from '../model.js';

/** Each client with the server of its own library, and across libraries where ttrpc is compared with ttrpc. */
export const REFERENCE: Pair = { client: 'go-ttrpc', server: 'go-ttrpc' };

/** Everything that speaks ttrpc, called by Go's client. */
export const GO_CLIENT: Pair[] = [
  REFERENCE,
  { client: 'go-ttrpc', server: 'rust-ttrpc' },
  { client: 'go-ttrpc', server: 'nest-ttrpc' },
  { client: 'go-ttrpc', server: 'engine' },
];

/** Our server in a heap that may grow: where messages are large, V8 collects all of a small one often. */
export const LARGE_HEAP: Pair = { client: 'go-ttrpc', server: 'nest-ttrpc-heap' };

/** Our client in such a heap. */
export const LARGE_HEAP_CLIENT: Pair = { client: 'nest-ttrpc-heap', server: 'go-ttrpc' };

/** The floor answers unary calls, and counts what a client streams. */
export const FLOOR: Pair = { client: 'go-ttrpc', server: 'floor' };

/** Our clients, and Rust's, against Go's server. */
export const GO_SERVER: Pair[] = [
  { client: 'rust-ttrpc', server: 'go-ttrpc' },
  { client: 'nest-ttrpc', server: 'go-ttrpc' },
  { client: 'engine', server: 'go-ttrpc' },
];

/** Both sides ours. */
export const OURS: Pair[] = [
  { client: 'nest-ttrpc', server: 'nest-ttrpc' },
  { client: 'engine', server: 'engine' },
];

/** The other transports of Nest. */
export const NEST_TCP: Pair = { client: 'nest-tcp', server: 'nest-tcp' };
export const NEST_GRPC: Pair = { client: 'nest-grpc', server: 'nest-grpc' };

/** gRPC of Go and of Node. */
export const GRPC: Pair[] = [
  { client: 'grpc-go', server: 'grpc-go' },
  { client: 'grpc-js', server: 'grpc-js' },
];

/** What a quick run is about. */
export const QUICK_PAIRS: ReadonlySet<string> = new Set(
  [
    REFERENCE,
    { client: 'go-ttrpc', server: 'nest-ttrpc' },
    { client: 'go-ttrpc', server: 'engine' },
    FLOOR,
    { client: 'nest-ttrpc', server: 'go-ttrpc' },
    { client: 'nest-ttrpc', server: 'nest-ttrpc' },
    { client: 'grpc-go', server: 'grpc-go' },
    NEST_GRPC,
    NEST_TCP,
  ].map(pairName),
);
