import type { Case, Difference } from '../case.js';
import { limits } from '../limits.js';
import type { CallOp, CallSpec, FailSpec } from '../peer.js';

const base64 = (bytes: readonly number[]): string => Buffer.from(bytes).toString('base64');

/** A failure with a message beyond ASCII and two details, of which nobody but the caller knows the second one's type. */
function failure(code: number, after?: number): FailSpec {
  return {
    code,
    message: `\t\ncode ${code}, whitespace, ß, ☺ and 😈\r\n`,
    details: [
      // interop.v1.Pair { key: "k", value: "v" }
      { typeUrl: 'type.googleapis.com/interop.v1.Pair', value: base64([0x0a, 1, 0x6b, 0x12, 1, 0x76]) },
      { typeUrl: 'example.com/unknown', value: base64([0, 255, 128, code]) },
    ],
    after,
  };
}

/** What a Rust server may say to a client that is still sending, or closing, when its handler fails. */
function rustMaySay(code: number): Difference {
  return { server: 'rust', expect: { status: [code, 3] }, ...limits.rustNoLongerActive };
}

function failing(op: CallOp, code: number): CallSpec {
  const request = { seq: code, fail: failure(code) };
  return op === 'unary' || op === 'server-stream' ? { op, request } : { op, requests: [request] };
}

const codes = Array.from({ length: 16 }, (_, index) => index + 1);
const ops: readonly CallOp[] = ['unary', 'server-stream', 'client-stream', 'bidi'];

/** Every status code with details, in every shape. */
export const statuses: readonly Case[] = [
  ...ops.map((op): Case => ({
    name: `status codes 1 to 16 with message and details, ${op}`,
    steps: codes.map((code) => ({
      do: 'call',
      call: failing(op, code),
      differs: op === 'client-stream' || op === 'bidi' ? [rustMaySay(code)] : [],
    })),
  })),
  {
    name: 'a status without message and details',
    steps: ops.map((op) => {
      const request = { seq: 1, fail: { code: 5, message: '' } };
      const call: CallSpec = op === 'unary' || op === 'server-stream' ? { op, request } : { op, requests: [request] };
      return { do: 'call', call, differs: op === 'client-stream' || op === 'bidi' ? [rustMaySay(5)] : [] };
    }),
  },
  {
    name: 'a detail of 64 KiB',
    steps: [
      {
        do: 'call',
        call: {
          op: 'unary',
          request: {
            seq: 1,
            fail: {
              code: 9,
              message: 'large detail',
              details: [
                { typeUrl: 'example.com/large', value: base64(Array.from({ length: 65_536 }, (_, i) => i % 251)) },
              ],
            },
          },
        },
      },
    ],
  },
];

/** Handlers that fail before, amid and after the messages of a stream. */
export const failures: readonly Case[] = [
  ...(
    [
      ['before the first message', 0],
      ['in the middle of the messages', 4],
      ['after the last message', 10],
    ] as const
  ).flatMap(([where, after]): Case[] => [
    {
      name: `the handler fails ${where}, server-streaming`,
      steps: [
        {
          do: 'call',
          call: { op: 'server-stream', request: { seq: 1, replyCount: 10, replyBytes: 9, fail: failure(10, after) } },
        },
        { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
      ],
    },
    ...(['client-stream', 'bidi'] as const).map((op): Case => ({
      name: `the handler fails ${where}, ${op === 'bidi' ? 'bidi' : 'client-streaming'}`,
      steps: [
        {
          do: 'call',
          call: { op, generate: { count: 10, seq: 1, bodyBytes: 9, fail: failure(10, after) } },
          differs: [rustMaySay(10)],
        },
        { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
      ],
    })),
  ]),
  ...(['client-stream', 'bidi'] as const).map((op): Case => ({
    name: `the handler fails while the client goes on sending, ${op === 'bidi' ? 'bidi' : 'client-streaming'}`,
    steps: [
      {
        do: 'call',
        call: { op, generate: { count: 5_000, seq: 1, bodyBytes: 1024, fail: failure(10, 5) } },
        differs: [rustMaySay(10)],
      },
      { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
    ],
  })),
  ...(['client-stream', 'bidi'] as const).map((op): Case => ({
    name: `the handler fails while the client waits and has not closed, ${op === 'bidi' ? 'bidi' : 'client-streaming'}`,
    steps: [
      { do: 'call', call: { op, generate: { count: 3, seq: 1, bodyBytes: 9, fail: failure(10, 3) }, keepOpen: true } },
      { do: 'call', call: { op: 'unary', request: { seq: 2 } } },
    ],
  })),
];
