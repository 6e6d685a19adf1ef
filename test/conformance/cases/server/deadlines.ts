import type { ServerCase, TextMatch } from '../../case.js';
import { close, data, echoed, ended, failed, message, reply, request } from '../../service.js';

const section = 'Envelope';

const timeIsUp: TextMatch = { pattern: 'deadline' };
const MINUTE_NANO = '60000000000';
const FIFTY_MS_NANO = '50000000';

/** The field timeout_ms of a reply. */
const TIMEOUT_MS = 7;

export const deadlines: ServerCase[] = [
  {
    name: 'a deadline reaches the handler',
    section,
    rule: 'timeout_nano is relative',
    steps: [
      { send: [request(1, 'Unary', message({ seq: 1 }), { timeoutNano: MINUTE_NANO })] },
      {
        receive: [
          { id: 1, ok: echoed({ seq: 1 }), numbers: [{ field: TIMEOUT_MS, atLeast: '50000', atMost: '60000' }] },
        ],
      },
      { send: [request(3, 'ClientStream', undefined, { timeoutNano: MINUTE_NANO }), close(3)] },
      {
        receive: [
          { id: 3, ok: reply({ received: [] }), numbers: [{ field: TIMEOUT_MS, atLeast: '50000', atMost: '60000' }] },
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'no deadline',
    section,
    rule: 'timeout_nano: 0 is none',
    steps: [
      { send: [request(1, 'Unary', message({ seq: 1, delayMs: 20 }), { timeoutNano: '0' })] },
      { receive: [{ id: 1, ok: echoed({ seq: 1 }), numbers: [{ field: TIMEOUT_MS, atLeast: '0', atMost: '0' }] }] },
    ],
    after: 'usable',
  },
  ...(
    [
      ['-1', 7401],
      ['-1000000000', 7402],
      ['-9223372036854775808', 7403],
    ] as const
  ).map(([timeoutNano, seq]): ServerCase => ({
    name: `a timeout of ${timeoutNano} ns`,
    section,
    rule: 'negative means expired; answered DEADLINE_EXCEEDED without calling the handler',
    steps: [
      {
        send: [
          request(1, 'Unary', message({ seq }), { timeoutNano }),
          request(3, 'ClientStream', undefined, { timeoutNano }),
          request(5, 'Bidi', undefined, { timeoutNano }),
        ],
      },
      {
        receive: [
          failed(1, 'DEADLINE_EXCEEDED', timeIsUp),
          failed(3, 'DEADLINE_EXCEEDED', timeIsUp),
          failed(5, 'DEADLINE_EXCEEDED', timeIsUp),
        ],
      },
      { neverStarted: { method: 'Unary', seq }, notOf: ['go'] },
    ],
    after: 'usable',
  })),
  {
    name: 'a server-streaming call with a timeout that is negative',
    section,
    rule: 'negative means expired; answered DEADLINE_EXCEEDED without calling the handler',
    notAgainst: { go: 'its response depends on chance: DEADLINE_EXCEEDED, or UNKNOWN and DEADLINE_EXCEEDED after it' },
    steps: [
      { send: [request(1, 'ServerStream', message({ seq: 7404, replyCount: 1 }), { timeoutNano: '-1' })] },
      { receive: [failed(1, 'DEADLINE_EXCEEDED', timeIsUp)] },
      { neverStarted: { method: 'ServerStream', seq: 7404 } },
    ],
    after: 'usable',
  },
  {
    name: 'an unknown method with a timeout that is negative',
    section: 'What the server answers',
    rule: 'unknown method: UNIMPLEMENTED',
    steps: [
      { send: [request(1, 'NoSuch', undefined, { timeoutNano: '-1' })] },
      { receive: [failed(1, 'UNIMPLEMENTED', 'method NoSuch')] },
    ],
    after: 'usable',
  },
  {
    name: 'a timeout of one nanosecond',
    section,
    rule: 'timeout_nano is relative',
    steps: [
      { send: [request(1, 'Unary', message({ seq: 7411, delayMs: 60_000 }), { timeoutNano: '1' })] },
      { receive: [failed(1, 'DEADLINE_EXCEEDED', timeIsUp)] },
    ],
    after: 'usable',
  },
  {
    name: 'a deadline that passes, of each shape',
    section: 'Limits and faults of the peers',
    rule: 'its server reads timeouts for all shapes; ours answers DEADLINE_EXCEEDED itself and sends no OK after it',
    steps: [
      {
        send: [
          request(1, 'Unary', message({ seq: 7421, delayMs: 60_000 }), { timeoutNano: FIFTY_MS_NANO }),
          request(3, 'ServerStream', message({ seq: 7422, delayMs: 60_000, replyCount: 1 }), {
            timeoutNano: FIFTY_MS_NANO,
          }),
          request(5, 'ClientStream', undefined, { timeoutNano: FIFTY_MS_NANO }),
          request(7, 'Bidi', undefined, { timeoutNano: FIFTY_MS_NANO }),
        ],
      },
      {
        receive: [
          failed(1, 'DEADLINE_EXCEEDED', timeIsUp),
          failed(3, 'DEADLINE_EXCEEDED', timeIsUp),
          failed(5, 'DEADLINE_EXCEEDED', timeIsUp),
          failed(7, 'DEADLINE_EXCEEDED', timeIsUp),
        ],
      },
      { happens: { event: 'cancelled', method: 'Unary', seq: 7421, cause: 'deadline' } },
      { happens: { event: 'cancelled', method: 'ServerStream', seq: 7422, cause: 'deadline' } },
    ],
    after: 'usable',
  },
  {
    name: 'a stream whose deadline passes after some messages',
    section: 'Limits and faults of the peers',
    rule: 'a response after the deadline does not count',
    differs: {
      go: {
        reason: 'Go has forgotten the stream and refuses what its client still sends.',
        row: 'Data for an id that is not active',
        decision: 'swallowed until remote-closed: the client could not know yet',
      },
    },
    steps: [
      { send: [request(1, 'Bidi', undefined, { timeoutNano: '300000000' }), data(1, message({ seq: 3 }))] },
      { receive: [{ id: 1, data: reply({ seq: 3 }), numbers: [{ field: TIMEOUT_MS, atLeast: '1', atMost: '300' }] }] },
      { receive: [failed(1, 'DEADLINE_EXCEEDED', timeIsUp)] },
      { nothingMoreBy: 3 },
      { send: [data(1, message({ seq: 4 })), close(1)] },
      {
        receive: [],
        instead: { go: Array.from({ length: 2 }, () => failed(1, 'INVALID_ARGUMENT', 'StreamID is no longer active')) },
      },
    ],
    after: 'usable',
  },
  ...(
    [
      ['just above 2^31 - 1 ms', '2147483648000000', '2147483000', '2147483648'],
      ['the longest there is', '9223372036854775807', '9223372000000', '9223372036855'],
    ] as const
  ).map(([what, timeoutNano, atLeast, atMost]): ServerCase => ({
    name: `a timeout ${what}`,
    section,
    rule: 'clamp what you receive before setTimeout: above 2^31-1 ms Node fires after 1 ms',
    steps: [
      { send: [request(1, 'Unary', message({ seq: 1, delayMs: 50 }), { timeoutNano })] },
      { receive: [{ id: 1, ok: echoed({ seq: 1 }), numbers: [{ field: TIMEOUT_MS, atLeast, atMost }] }] },
      { send: [request(3, 'ServerStream', message({ replyCount: 1, delayMs: 50 }), { timeoutNano })] },
      { receive: [{ id: 3, data: reply({}), numbers: [{ field: TIMEOUT_MS, atLeast, atMost }] }, ended(3)] },
    ],
    after: 'usable',
  })),
];
