import type { Difference, FrameMatch, ServerCase } from '../../case.js';
import { close, data, echoed, ended, failed, item, message, ok, reply, request } from '../../service.js';
import type { Bytes } from '../../wire/bytes.js';
import { DATA, NO_DATA, REMOTE_CLOSED, type FrameSpec } from '../../wire/frame.js';

/* Every flag on every type. What counts is in the lowest three bits; all 256 values are sent in one case of each kind. */

const section = 'Hostile bytes';
const rule = 'all flag combinations on all types';

const one = { seq: 31, body: { text: 'one' } };
const two = { seq: 32, body: { text: 'two' } };
const three = { seq: 33, body: { text: 'three' } };

const LOW = Array.from({ length: 8 }, (_, flags) => flags);
const ALL = Array.from({ length: 256 }, (_, flags) => flags);

const closes = (flags: number): boolean => (flags & REMOTE_CLOSED) !== 0;
const hasData = (flags: number): boolean => (flags & NO_DATA) === 0;

const refusesClosingData: Difference = {
  reason: 'Go refuses a closing frame that has bytes, after it has acted on it, so that the call has two responses.',
  row: 'Never put a payload on the closing frame',
  decision: 'remote-closed closes; the bytes are the last message unless no-data says that they are none',
};

const refusal = (id: number): FrameMatch => failed(id, 'INVALID_ARGUMENT', 'data close message cannot include data');

/** Frames after which the stream is closed by its client, whatever `flags` have done to it. */
function closed(id: number, flags: number): FrameSpec[] {
  return closes(flags) ? [] : [close(id)];
}

/** A Data frame with these flags, with and without a payload, on a client-streaming call. */
function onClientStream(flags: number): ServerCase {
  const full = [one, ...(hasData(flags) ? [two] : [])];
  const empty = [one, ...(hasData(flags) ? [{}] : [])];
  const answers = [ok(1, reply({ seq: 31, received: full })), ok(3, reply({ seq: 31, received: empty }))];
  return {
    name: `client-streaming: Data with the flags ${flags}, with a payload and without`,
    section,
    rule,
    ...(closes(flags) ? { differs: { go: refusesClosingData } } : {}),
    steps: [
      {
        send: [
          request(1, 'ClientStream'),
          data(1, message(one)),
          data(1, message(two), flags),
          ...closed(1, flags),
          request(3, 'ClientStream'),
          data(3, message(one)),
          data(3, undefined, flags),
          ...closed(3, flags),
        ],
      },
      {
        receive: answers,
        ...(closes(flags) ? { instead: { go: [refusal(1), ...answers] } } : {}),
        anyOrder: true,
      },
    ],
    after: 'usable',
  };
}

/** The same on a bidi call, whose answers show when the frame was taken for what. */
function onBidi(flags: number): ServerCase {
  const first = [item(1, reply(one)), item(3, reply(one))];
  const answers: FrameMatch[] = [
    ...(hasData(flags) ? [item(1, reply(two)), item(3, reply({}))] : []),
    ...(closes(flags) ? [ended(1), ended(3)] : []),
  ];
  return {
    name: `bidi: Data with the flags ${flags}, with a payload and without`,
    section,
    rule,
    ...(closes(flags) ? { differs: { go: refusesClosingData } } : {}),
    steps: [
      { send: [request(1, 'Bidi'), data(1, message(one)), request(3, 'Bidi'), data(3, message(one))] },
      { receive: first },
      { send: [data(1, message(two), flags), data(3, undefined, flags)] },
      {
        receive: answers,
        ...(closes(flags) ? { instead: { go: [refusal(1), ...answers] } } : {}),
        anyOrder: true,
      },
      { nothingMoreBy: 5 },
      ...(closes(flags)
        ? []
        : [
            { send: [data(1, message(three)), close(1), data(3, message(three)), close(3)] },
            { receive: [item(1, reply(three)), ended(1), item(3, reply(three)), ended(3)] },
          ]),
    ],
    after: 'usable',
  };
}

/** A unary call with each of the 256 flags, and one of each other shape. */
function requests(method: string, payload: Bytes | undefined, answer: (id: number) => FrameMatch[]): ServerCase {
  const streams = method === 'ClientStream' || method === 'Bidi';
  return {
    name: `${method}: a Request with each of the 256 flags`,
    section,
    rule: "a Request's flags are only hints; all flag combinations on all types",
    steps: [
      {
        send: ALL.flatMap((flags) => {
          const id = 2 * flags + 1;
          return [request(id, method, payload, { flags }), ...(streams ? [data(id, message(one)), close(id)] : [])];
        }),
      },
      { receive: ALL.flatMap((flags) => answer(2 * flags + 1)) },
    ],
    after: 'usable',
  };
}

export const flags: ServerCase[] = [
  requests('Unary', message(one), (id) => [ok(id, echoed(one))]),
  requests('ServerStream', message({ replyCount: 1 }), (id) => [item(id), ended(id)]),
  requests('ClientStream', undefined, (id) => [ok(id, reply({ seq: 31, received: [one] }))]),
  requests('Bidi', undefined, (id) => [item(id, reply(one)), ended(id)]),
  ...LOW.map(onClientStream),
  ...LOW.map(onBidi),
  {
    name: 'bidi: a Data frame with each of the 256 flags that does not close',
    section,
    rule,
    steps: [
      {
        send: [
          request(1, 'Bidi'),
          ...ALL.filter((each) => !closes(each)).map((each): FrameSpec => data(1, message({ seq: each + 1 }), each)),
          close(1),
        ],
      },
      {
        receive: [
          ...ALL.filter((each) => !closes(each) && hasData(each)).map((each) => item(1, reply({ seq: each + 1 }))),
          ended(1),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'bidi: a closing frame without bytes, with each of the 128 flags that close without a message',
    section,
    rule,
    steps: [
      {
        send: ALL.filter((each) => closes(each) && !hasData(each)).flatMap((each) => [
          request(2 * each + 1, 'Bidi'),
          { id: 2 * each + 1, type: DATA, flags: each },
        ]),
      },
      { receive: ALL.filter((each) => closes(each) && !hasData(each)).map((each) => ended(2 * each + 1)) },
    ],
    after: 'usable',
  },
  {
    name: 'each type that nobody knows, with each of the eight flags, before a stream, on it and after it',
    section,
    rule: 'unknown types and flags: servers ignore unknown types on odd ids',
    steps: [
      { send: unknownTypes(1) },
      { nothingMoreBy: 1 },
      { send: [request(3, 'Bidi'), data(3, message(one))] },
      { receive: [item(3, reply(one))] },
      { send: unknownTypes(3) },
      { nothingMoreBy: 5 },
      { send: [data(3, message(two)), close(3)] },
      { receive: [item(3, reply(two)), ended(3)] },
      { send: unknownTypes(3) },
    ],
    after: 'usable',
  },
  ...[NO_DATA, REMOTE_CLOSED | NO_DATA].map((each): ServerCase => ({
    name: `server-streaming: Data with the flags ${each} and no bytes while its handler is at work`,
    section,
    rule,
    steps: [
      { send: [request(1, 'ServerStream', message({ seq: 7601 + each, replyCount: 1, delayMs: 50 }))] },
      { happens: { event: 'started', method: 'ServerStream', seq: 7601 + each } },
      { send: [data(1, undefined, each), data(1, undefined, each)] },
      { receive: [item(1), ended(1)] },
    ],
    after: 'usable',
  })),
  ...LOW.map((each): ServerCase => ({
    name: `Data with the flags ${each} on a unary call that is being handled`,
    section,
    rule: 'data on a unary stream; all flag combinations on all types',
    notAgainst: { go: 'the connection, or more, does not outlive it' },
    steps: [
      { send: [request(1, 'Unary', message({ seq: 7611 + each, delayMs: 60_000 }))] },
      { happens: { event: 'started', method: 'Unary', seq: 7611 + each } },
      { send: [data(1, undefined, each)] },
      { receive: [failed(1, 'INVALID_ARGUMENT', { pattern: 'unary' })] },
      { happens: { event: 'cancelled', method: 'Unary', seq: 7611 + each, cause: 'cancelled' } },
    ],
    after: 'usable',
  })),
];

/** A frame of each type but Request and Data, with each of the eight flags, on one id. */
function unknownTypes(id: number): FrameSpec[] {
  return ALL.filter((type) => type !== 1 && type !== 3).flatMap((type) =>
    LOW.map((each): FrameSpec => ({ id, type, flags: each, data: { text: '?' } })),
  );
}
