import type { Row } from '../model.js';

/** Every row of the bench, in the order of the report. */
export const rows: Row[] = [
  {
    id: 'unary-64-x64',
    title: 'unary, 64 B, 64 in flight',
    load: { kind: 'unary', bytes: 64, inFlight: 64 },
    pairs: [
      { client: 'go-ttrpc', server: 'go-ttrpc' },
      { client: 'go-ttrpc', server: 'nest-ttrpc' },
      { client: 'go-ttrpc', server: 'engine' },
      { client: 'go-ttrpc', server: 'floor' },
    ],
  },
];
