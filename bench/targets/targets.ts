import { growthFigures } from '../figures/growth.js';
import { figure, figureRatio } from '../results/ratio.js';
import { slope } from '../results/slope.js';
import { figureTarget, ratioTarget, type Target } from './target.js';

const GO = 'go-ttrpc -> go-ttrpc';
const OURS = 'go-ttrpc -> nest-ttrpc';
const LARGE_HEAP = 'go-ttrpc -> nest-ttrpc-heap';
const OUR_CLIENT = 'nest-ttrpc -> go-ttrpc';
const OUR_CLIENT_LARGE_HEAP = 'nest-ttrpc-heap -> go-ttrpc';
const BOTH_OURS = 'nest-ttrpc -> nest-ttrpc';
const GRPC_GO = 'grpc-go -> grpc-go';
const NEST_GRPC = 'nest-grpc -> nest-grpc';
const NEST_TCP = 'nest-tcp -> nest-tcp';

/** Compares our server, or that of another pair, with Go's under Go's client, in one row. */
function withGoClient(row: string, what: string, throughput?: number, cpu?: number, pair = OURS): Target[] {
  const targets: Target[] = [];
  if (throughput !== undefined) {
    targets.push(
      ratioTarget(`${what}, Go client: throughput, ours : Go`, '>=', throughput, 'perSecond', [row, pair], [row, GO]),
    );
  }
  if (cpu !== undefined) {
    targets.push(
      ratioTarget(`${what}, Go client: server CPU, ours : Go`, '<=', cpu, 'serverCpuUs', [row, pair], [row, GO]),
    );
  }
  return targets;
}

/** Compares our client, or that of another pair, with Go's against Go's server, in one row. */
function withGoServer(row: string, what: string, pair = OUR_CLIENT): Target[] {
  return [
    ratioTarget(
      `Go server, ${what}, 64 in flight: client CPU, our Nest client : Go client`,
      '<=',
      0.5,
      'clientCpuUs',
      [row, pair],
      [row, GO],
    ),
  ];
}

/** What the library is held to: the Nest strategy with a decorated controller, unless the measure says otherwise. */
export const targets: Target[] = [
  ...withGoClient('unary-64-x64', 'unary 64 B, 64 in flight', 1.5, 0.4),
  ratioTarget(
    'unary 64 B, 1 in flight, Go client: p50, ours : Go',
    '<=',
    1,
    'p50Us',
    ['unary-64-x1', OURS],
    ['unary-64-x1', GO],
  ),
  ...withGoClient('unary-4k-x64', 'unary 4 KiB, 64 in flight', 1.6, 0.4),
  ...withGoClient('unary-16k-x64', 'unary 16 KiB, 64 in flight', 1.8, 0.4),
  ...withGoClient('unary-256k-x64', 'unary 256 KiB, 64 in flight', 1.6, 0.65),
  ...withGoClient('aged-256k-x64', 'the same after minutes of small calls', 1.6, 0.65),
  ...withGoClient('unary-256k-x64', '256 KiB, our server in a heap that may grow fourfold', 1.6, 0.65, LARGE_HEAP),
  ...withGoClient('aged-256k-x64', 'that after minutes of small calls', 1.6, 0.65, LARGE_HEAP),
  ratioTarget(
    'Nest client to Nest server, 64 B, 64 in flight: throughput, ours : Nest gRPC',
    '>=',
    30,
    'perSecond',
    ['unary-64-x64', BOTH_OURS],
    ['unary-64-x64', NEST_GRPC],
  ),
  ratioTarget(
    'Nest client to Nest server, 64 B, 64 in flight: throughput, ours : Nest TCP',
    '>=',
    2,
    'perSecond',
    ['unary-64-x64', BOTH_OURS],
    ['unary-64-x64', NEST_TCP],
  ),
  ...withGoServer('unary-64-x64', '64 B'),
  ...withGoServer('unary-4k-x64', '4 KiB'),
  ...withGoServer('unary-16k-x64', '16 KiB'),
  ...withGoServer('unary-256k-x64', '256 KiB'),
  ...withGoServer('unary-256k-x64', '256 KiB, in a heap that may grow fourfold', OUR_CLIENT_LARGE_HEAP),
  ...withGoClient('download-64', 'server-streaming 64 B', 3.5),
  ratioTarget(
    'server-streaming 64 B: server CPU, ours (Go client) : grpc-go',
    '<=',
    0.4,
    'serverCpuUs',
    ['download-64', OURS],
    ['download-64', GRPC_GO],
  ),
  ratioTarget(
    'server-streaming 64 B: throughput, our Nest client and server : grpc-go',
    '>=',
    2.5,
    'perSecond',
    ['download-64', BOTH_OURS],
    ['download-64', GRPC_GO],
  ),
  ...withGoClient('chat-64', 'bidi echo 64 B, 64 outstanding', 1.7),
  ...withGoClient('upload-64', 'client-streaming 64 B', 1.2, 0.65),
  ratioTarget(
    'unary 64 B, 64 in flight, Go client: server CPU, engine alone : bare Node floor',
    '<=',
    1.2,
    'serverCpuUs',
    ['unary-64-x64', 'go-ttrpc -> engine'],
    ['unary-64-x64', 'go-ttrpc -> floor'],
  ),
  figureTarget('memory for each of 1,000 connections after one call', 4, 'KiB', 'memory', 'per connection KiB'),
  figureTarget(
    'peak memory with 64 calls of 256 KiB in flight, above idle',
    40,
    'MiB',
    'memory',
    'peak above idle MiB',
  ),
  ratioTarget(
    'a handler that computes for 100 µs, our client: throughput, two workers : one',
    '>=',
    1.8,
    'perSecond',
    ['cores-100us-x256', 'engine -> nest-cluster-2'],
    ['cores-100us-x256', 'engine -> nest-cluster-1'],
  ),
  ...growthFigures.map(({ id, growth }): Target => ({
    measure: `slope of the server CPU by ${growth?.what} (\`${id}\`)${id === 'growth-connections' ? ', above that of bare Node' : ''}`,
    bound: '<=',
    limit: (growth?.work ?? 0) + 0.1,
    measured: ({ figures }) => {
      const found = figures.find((each) => each.id === id);
      const overall = found && slope(found);
      if (!found || overall === undefined) return undefined;
      // Where bare Node was measured too, what it feels is not ours.
      return overall - (slope(found, 'floor') ?? 0);
    },
  })),
  {
    measure: 'start to first reply, ours : Nest TCP',
    bound: '<=',
    limit: 0.9,
    measured: (results) => figureRatio(results, 'start', 'ms', 'nest-ttrpc', 'nest-tcp'),
  },
  {
    measure: 'start to first reply, engine alone : bare Node floor, in ms more',
    bound: '<=',
    limit: 60,
    unit: 'ms',
    measured: (results) => {
      const [engine, floor] = ['engine', 'floor'].map((server) => figure(results, 'start', server, 'ms'));
      return engine !== undefined && floor !== undefined ? engine - floor : undefined;
    },
  },
];
