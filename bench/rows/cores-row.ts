import type { Row } from '../model.js';

/** Handlers that compute, in processes of node:cluster on one path or in threads behind one server. */
export const coresRow: Row = {
  id: 'cores-100us-x64',
  title: 'unary, 64 B, a handler that computes for 100 µs, 64 in flight over 16 connections',
  load: { kind: 'unary', bytes: 64, inFlight: 64 },
  connections: 16,
  quick: false,
  pairs: ['nest-cluster-1', 'nest-cluster-2', 'nest-threads-1', 'nest-threads-2'].map((server) => ({
    client: 'go-ttrpc',
    server,
  })),
};
