import type { ServerCase } from '../../case.js';
import { data, echoed, item, message, ok, reply, request } from '../../service.js';

const section = 'Call shapes';
const rule = "half-close is close: Go's server, on EOF, cancels every call of the connection and answers none";

/** Calls of each shape that are being handled, and stay so. */
function openCalls(seq: number): ServerCase['steps'] {
  return [
    {
      send: [
        request(1, 'Unary', message({ seq, delayMs: 60_000 })),
        request(3, 'ServerStream', message({ seq, delayMs: 60_000, replyCount: 1 })),
        request(5, 'ClientStream'),
        data(5, message({ seq })),
        request(7, 'Bidi'),
        data(7, message({ seq })),
      ],
    },
    { receive: [item(7, reply({ seq }))] },
    { happens: { event: 'started', method: 'Unary', seq } },
    { happens: { event: 'started', method: 'ServerStream', seq } },
    { happens: { event: 'started', method: 'ClientStream', seq } },
  ];
}

/** Each handler learns that its call is over. */
function cancelled(seq: number): ServerCase['steps'] {
  return ['Unary', 'ServerStream', 'ClientStream', 'Bidi'].map((method) => ({
    happens: { event: 'cancelled', method, seq, cause: 'cancelled' },
  }));
}

export const closing: ServerCase[] = [
  {
    name: 'half-close without a call',
    section,
    rule,
    steps: [{ send: [request(1, 'Nothing')] }, { receive: [ok(1)] }, { halfClose: true }, { closedByServer: true }],
    after: 'closed',
  },
  {
    name: 'half-close before anything was sent',
    section,
    rule,
    steps: [{ halfClose: true }, { closedByServer: true }],
    after: 'closed',
  },
  {
    name: 'half-close with calls of each shape open',
    section,
    rule,
    steps: [...openCalls(7501), { halfClose: true }, { closedByServer: true }, ...cancelled(7501)],
    after: 'closed',
  },
  {
    name: 'half-close in the middle of a frame, with calls of each shape open',
    section,
    rule,
    steps: [
      ...openCalls(7502),
      { send: [{ bytes: { hex: '00000005 0000' } }] },
      { halfClose: true },
      { closedByServer: true },
      ...cancelled(7502),
    ],
    after: 'closed',
  },
  {
    name: 'the whole connection closed with calls of each shape open',
    section: 'Limits and faults of the peers',
    rule: 'closing the connection cancels every Go handler',
    steps: [...openCalls(7503), { close: true }, ...cancelled(7503)],
    after: 'closed',
  },
  {
    name: 'a connection that closes leaves the others alone',
    section: 'Limits and faults of the peers',
    rule: 'closing the connection cancels its handlers, and only those',
    steps: [
      { send: [request(1, 'Bidi'), data(1, message({ seq: 7504 }))] },
      { receive: [item(1, reply({ seq: 7504 }))] },
      { on: 'other', send: [request(1, 'Unary', message({ seq: 7505, delayMs: 60_000 }))] },
      { happens: { event: 'started', method: 'Unary', seq: 7505 } },
      { on: 'other', close: true },
      { happens: { event: 'cancelled', method: 'Unary', seq: 7505, cause: 'cancelled' } },
      { send: [data(1, message({ seq: 3 }))] },
      { receive: [item(1, reply({ seq: 3 }))] },
    ],
    after: 'usable',
  },
  {
    name: 'ids are those of their connection',
    section: 'Frame',
    rule: 'stream ids belong to one connection',
    steps: [
      { send: [request(1, 'Unary', message({ seq: 1 }))] },
      { receive: [ok(1, echoed({ seq: 1 }))] },
      { on: 'other', send: [request(1, 'Unary', message({ seq: 2 }))] },
      { on: 'other', receive: [ok(1, echoed({ seq: 2 }))] },
    ],
    after: 'usable',
  },
];
