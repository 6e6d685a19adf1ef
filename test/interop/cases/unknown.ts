import { NO_MESSAGES } from '../bodies.js';
import type { Case, Difference } from '../case.js';
import { limits } from '../limits.js';
import type { CallSpec } from '../peer.js';

const calls: readonly [string, CallSpec][] = [
  ['Unary', { op: 'unary', request: { seq: 1, bodyBytes: 5 } }],
  ['ServerStream', { op: 'server-stream', request: { seq: 1, replyCount: 2 } }],
  ['ClientStream', { op: 'client-stream', generate: { count: 3, seq: 1, bodyBytes: 5 } }],
  ['Bidi', { op: 'bidi', generate: { count: 3, seq: 1, bodyBytes: 5 } }],
];

const unimplemented = (message: string) => ({ status: 12, message, replies: NO_MESSAGES });
const rustKnowsNoService: Difference = {
  server: 'rust',
  expect: { status: 3, message: 'interop.v1.Nowhere service does not exist', replies: NO_MESSAGES },
  ...limits.rustUnknownService,
};
const rustKnowsNo = (method: string): Difference => ({
  server: 'rust',
  expect: unimplemented(`${method} method`),
  ...limits.rustUnknownMethod,
});

/**
 * Services and methods that the server does not have. Drivers with a schema need these names in it: the service
 * interop.v1.Nowhere with the four rpcs of Interop, and in Interop the rpcs NowhereUnary and so on.
 */
export const unknown: readonly Case[] = [
  ...calls.flatMap(([method, call]): Case[] => [
    {
      name: `unknown service, ${call.op}`,
      steps: [
        {
          do: 'call',
          call: { ...call, service: 'interop.v1.Nowhere', method },
          expect: unimplemented('service interop.v1.Nowhere'),
          differs: [rustKnowsNoService],
        },
        { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
      ],
    },
    {
      name: `unknown method, ${call.op}`,
      steps: [
        {
          do: 'call',
          call: { ...call, method: `Nowhere${method}` },
          expect: unimplemented(`method Nowhere${method}`),
          differs: [rustKnowsNo(`Nowhere${method}`)],
        },
        { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
      ],
    },
  ]),
  {
    name: 'a method of the schema that nobody implements',
    steps: [
      {
        do: 'call',
        call: { op: 'unary', method: 'Unimplemented', request: { seq: 1 } },
        expect: unimplemented('method Unimplemented'),
        differs: [rustKnowsNo('Unimplemented')],
      },
    ],
  },
];
