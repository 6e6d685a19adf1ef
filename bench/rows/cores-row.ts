import { pairName, type Row } from '../model.js';

/** The less the client takes of the cores, the more is left for the workers: ours costs least. Hence many calls at once, too. */
const CLIENTS = ['engine', 'go-ttrpc'];

const pair = (client: string, server: string, workers: number) => ({ client, server: `nest-${server}-${workers}` });

/** Handlers that compute, in processes of node:cluster on one path or in threads behind one server. */
export const coresRow: Row = {
  id: 'cores-100us-x256',
  title: 'unary, 64 B, a handler that computes for 100 µs, 256 in flight over 16 connections',
  load: { kind: 'unary', bytes: 64, inFlight: 256 },
  // Some thousand calls in a second would leave the clients half compiled.
  warmUp: { kind: 'guarded', bytes: 64, inFlight: 256 },
  connections: 16,
  quick: false,
  pairs: CLIENTS.flatMap((client) =>
    ['cluster', 'threads'].flatMap((server) => [pair(client, server, 1), pair(client, server, 2)]),
  ),
  scaling: CLIENTS.flatMap((client) =>
    ['cluster', 'threads'].map((server) => ({
      one: pairName(pair(client, server, 1)),
      two: pairName(pair(client, server, 2)),
    })),
  ),
};
