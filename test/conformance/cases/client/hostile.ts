import type { CallShape, ClientCase, ClientStep, EndMatch, StatusName } from '../../case.js';
import { toBytes, type Bytes } from '../../wire/bytes.js';
import { DATA, HEADER_BYTES, NO_DATA, REMOTE_CLOSED, REQUEST, RESPONSE, type FrameSpec } from '../../wire/frame.js';
import type { Field } from '../../wire/protobuf.js';
import { answer, begun, close, data, failed, failure, text } from './frames.js';

/* A server that is out to break its client: what our client makes of it. */

const section = 'Hostile bytes';
const SHAPES: CallShape[] = ['unary', 'server-streaming', 'client-streaming', 'bidi'];
const STREAMING: CallShape[] = ['server-streaming', 'bidi'];
const SINGLE: CallShape[] = ['unary', 'client-streaming'];

const LOW = Array.from({ length: 8 }, (_, flags) => flags);
const ALL = Array.from({ length: 256 }, (_, flags) => flags);

const PAYLOAD: Field = { field: 2, bytes: text('say') };
const doesNotParse = failed('INTERNAL', 'Response that does not parse');

/** A Response on a unary call, and how the call ends with it: with the message `say` unless said otherwise. */
function response(name: string, rule: string, fields: Field[], as: EndMatch = 'ok', message = text('say')): ClientCase {
  return {
    name: `a response ${name}`,
    section,
    rule,
    steps: [
      ...begun('unary'),
      { send: [{ id: 1, type: RESPONSE, data: { message: fields } }] },
      ...(as === 'ok' ? [{ delivers: 'a', messages: [message] }] : []),
      { ends: 'a', as },
    ],
    after: 'usable',
  };
}

function hex(digits: string): Field {
  return { raw: { hex: digits } };
}

function status(...fields: Field[]): Field {
  return { field: 1, bytes: { message: fields } };
}

function error(code: StatusName, message: string): EndMatch {
  return { error: { code, message } };
}

/** Field `field` once more, with another wire type than its own. */
function wrongType(field: number, wireType: number): Field[] {
  if (wireType === 0) return [{ field, varint: '1' }];
  if (wireType === 1) return [{ field, fixed64: '1' }];
  if (wireType === 2) return [{ field, bytes: text('x') }];
  if (wireType === 5) return [{ field, fixed32: '1' }];
  return [
    { field, tagOnly: 3 },
    { field: 1, varint: '1' },
    { field, tagOnly: 4 },
  ];
}

/** A response, cut off after each of its bytes, each on a call of its own. */
function cuts(): ClientCase {
  const status: Field = {
    field: 1,
    bytes: {
      message: [
        { field: 1, varint: '5' },
        { field: 2, bytes: text('none') },
      ],
    },
  };
  const whole = toBytes({ message: [status, PAYLOAD] });
  const statusEnd = toBytes({ message: [status] }).length;
  const steps: ClientStep[] = Array.from({ length: whole.length }, (_, length): ClientStep[] => {
    const call = `cut ${length}`;
    const id = 2 * length + 1;
    return [
      ...begun('unary', call, id),
      { send: [{ id, type: RESPONSE, data: { hex: whole.toString('hex', 0, length) } }] },
      ...(length === 0 ? [{ delivers: call, messages: [{ hex: '' }] }] : []),
      { ends: call, as: length === 0 ? 'ok' : length === statusEnd ? error('NOT_FOUND', 'none') : doesNotParse },
    ];
  }).flat();
  return {
    name: 'a response that is cut off after each of its bytes',
    section,
    rule: 'an envelope truncated; truncated varints',
    steps,
    after: 'usable',
  };
}

/** What a Data frame with these flags and a message delivers and whether it ends the stream. */
function dataFlags(shape: CallShape, flags: number): ClientCase {
  const closes = (flags & REMOTE_CLOSED) !== 0;
  // No-data without remote-closed is a message to the peers' clients, too: the frame's bytes, as a rule none.
  const delivers = !closes || (flags & NO_DATA) === 0;
  return {
    name: `Data with the flags ${flags}, with a payload and without, on ${shape} calls`,
    section,
    rule: 'all flag combinations on all types',
    steps: [
      ...begun(shape, 'a', 1),
      ...begun(shape, 'b', 3),
      { send: [data(1, text('one')), data(1, text('two'), flags), data(3, text('one')), data(3, undefined, flags)] },
      { delivers: 'a', messages: [text('one'), ...(delivers ? [text('two')] : [])] },
      { delivers: 'b', messages: [text('one'), ...(delivers ? [{ hex: '' }] : [])] },
      ...(closes
        ? []
        : [{ send: [data(1, text('three')), close(1), close(3)] }, { delivers: 'a', messages: [text('three')] }]),
      { ends: 'a', as: 'ok' },
      { ends: 'b', as: 'ok' },
    ],
    after: 'usable',
  };
}

/** One call for each value, in one case. */
function forEach(
  values: readonly number[],
  shape: CallShape,
  frame: (value: number, id: number) => FrameSpec,
  end: (value: number) => { messages: Bytes[]; as: EndMatch },
): ClientStep[] {
  return values.flatMap((value, i) => {
    const call = `call ${value}`;
    const id = 2 * i + 1;
    const { messages, as } = end(value);
    return [
      ...begun(shape, call, id),
      { send: [frame(value, id)] },
      { delivers: call, messages },
      { ends: call, as },
    ] as ClientStep[];
  });
}

const UNKNOWN_TYPES = ALL.filter((type) => type !== RESPONSE && type !== DATA);

export const hostile: ClientCase[] = [
  // Flags and types
  ...SINGLE.map((shape): ClientCase => ({
    name: `a Response with each of the 256 flags, on ${shape} calls`,
    section,
    rule: 'all flag combinations on all types',
    steps: forEach(
      ALL,
      shape,
      (flags, id) => ({ ...answer(id, text('say')), flags }),
      () => ({ messages: [text('say')], as: 'ok' }),
    ),
    after: 'usable',
  })),
  ...STREAMING.map((shape): ClientCase => ({
    name: `a Response that fails with each of the 256 flags, on ${shape} calls`,
    section,
    rule: 'all flag combinations on all types',
    steps: forEach(
      ALL,
      shape,
      (flags, id) => ({ ...failure(id, { code: '5', message: 'none' }), flags }),
      () => ({ messages: [], as: error('NOT_FOUND', 'none') }),
    ),
    after: 'usable',
  })),
  ...STREAMING.flatMap((shape) => LOW.map((flags) => dataFlags(shape, flags))),
  {
    name: 'Data with each of the 256 flags, on a bidi call that it does not close',
    section,
    rule: 'all flag combinations on all types',
    steps: [
      ...begun('bidi'),
      {
        send: [
          ...ALL.filter((flags) => !(flags & REMOTE_CLOSED)).map((flags) => data(1, text(`${flags}`), flags)),
          close(1),
        ],
      },
      { delivers: 'a', messages: ALL.filter((flags) => !(flags & REMOTE_CLOSED)).map((flags) => text(`${flags}`)) },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  },
  ...SINGLE.map((shape): ClientCase => ({
    name: `Data with each of the 256 flags, on ${shape} calls, which it ends`,
    section,
    rule: 'all flag combinations on all types; a response of another shape',
    steps: forEach(
      ALL,
      shape,
      (flags, id) => data(id, text('?'), flags),
      () => ({ messages: [], as: failed('INTERNAL', 'Data') }),
    ),
    after: 'usable',
  })),
  ...SHAPES.map((shape): ClientCase => ({
    name: `each type that nobody knows, on ${shape} calls, which it ends`,
    section,
    rule: 'unknown types and flags',
    steps: forEach(
      UNKNOWN_TYPES,
      shape,
      (type, id) => ({ id, type, flags: type, data: text('?') }),
      (type) => ({ messages: [], as: failed('INTERNAL', `type ${type}\\b`) }),
    ),
    after: 'usable',
  })),

  // Ids and order
  {
    name: 'frames for a call that is not made yet',
    section,
    rule: 'data before its request; answers to unknown ids',
    steps: [
      ...begun('unary', 'a', 1),
      {
        send: [
          answer(3, text('early')),
          data(5, text('early')),
          close(5),
          { id: 5, type: 200 },
          failure(7, { code: '5', message: 'early' }),
          answer(1, text('say')),
        ],
      },
      { delivers: 'a', messages: [text('say')] },
      { ends: 'a', as: 'ok' },
      ...begun('unary', 'b', 3),
      ...begun('server-streaming', 'c', 5),
      ...begun('bidi', 'd', 7),
      { send: [answer(3, text('B')), data(5, text('C')), close(5), data(7, text('D')), close(7)] },
      { delivers: 'b', messages: [text('B')] },
      { ends: 'b', as: 'ok' },
      { delivers: 'c', messages: [text('C')] },
      { ends: 'c', as: 'ok' },
      { delivers: 'd', messages: [text('D')] },
      { ends: 'd', as: 'ok' },
    ],
    after: 'usable',
  },
  {
    name: 'answers on the ids 0, 2, 2^31 and 2^32 - 1, of every type',
    section,
    rule: 'answers to unknown ids; ids even, zero, 2^32-1',
    steps: [
      ...begun('bidi'),
      {
        send: [
          ...[0, 2, 0x80000000, 0xffffffff].flatMap((id): FrameSpec[] =>
            [0, REQUEST, RESPONSE, DATA, 9, 255].map((type) => ({ id, type, flags: 5, data: { response: {} } })),
          ),
          data(1, text('one')),
          close(1),
        ],
      },
      { delivers: 'a', messages: [text('one')] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  },
  ...STREAMING.map((shape): ClientCase => ({
    name: `remote-closed a hundred times, and messages after each, on a ${shape} call`,
    section,
    rule: 'remote-closed twice; data after the end',
    steps: [
      ...begun(shape),
      { send: [data(1, text('one')), ...Array.from({ length: 100 }, () => [close(1), data(1, text('late'))]).flat()] },
      { delivers: 'a', messages: [text('one')] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  })),
  ...SHAPES.map((shape): ClientCase => ({
    name: `a hundred responses at once, on a ${shape} call`,
    section,
    rule: 'two responses: the first counts',
    steps: [
      ...begun(shape),
      { send: Array.from({ length: 100 }, (_, i) => answer(1, text(`answer ${i}`))) },
      { delivers: 'a', messages: [text('answer 0')] },
      { ends: 'a', as: 'ok' },
    ],
    after: 'usable',
  })),
  {
    name: 'the response of one call on the id of another one that is open',
    section,
    rule: 'a response of another shape',
    steps: [
      ...begun('unary', 'a', 1),
      ...begun('server-streaming', 'b', 3),
      { send: [answer(3, text('for a')), data(1, text('for b')), close(3)] },
      { delivers: 'b', messages: [text('for a')] },
      { ends: 'b', as: 'ok' },
      { ends: 'a', as: failed('INTERNAL', 'Data') },
    ],
    after: 'usable',
  },

  // Pieces and lengths
  ...Array.from({ length: HEADER_BYTES + 2 }, (_, i): ClientCase => ({
    name: `the connection ends ${i + 1} ${i === 0 ? 'byte' : 'bytes'} into a response`,
    section,
    rule: 'the header cut at each byte',
    steps: [
      ...begun('unary', 'a', 1),
      ...begun('bidi', 'b', 3),
      // A Response for stream 1 with five bytes of data.
      { send: [{ bytes: { hex: '00000005000000010200 1203616263'.replaceAll(' ', '').slice(0, 2 * (i + 1)) } }] },
      { serverCloses: 'half' },
      { ends: 'a', as: failed('UNAVAILABLE', 'frame') },
      { ends: 'b', as: failed('UNAVAILABLE', 'frame') },
      { closedByClient: true },
    ],
    after: 'closed',
  })),
  ...Array.from({ length: HEADER_BYTES + 1 }, (_, i): ClientCase => ({
    name: `a piece that ends ${i + 1} ${i === 0 ? 'byte' : 'bytes'} into the second of three responses`,
    section,
    rule: 'the header cut at each byte',
    steps: [
      ...begun('unary', 'a', 1),
      ...begun('unary', 'b', 3),
      ...begun('unary', 'c', 5),
      // Each has five bytes of data.
      {
        send: [answer(1, text('AAA')), answer(3, text('BBB')), answer(5, text('CCC'))],
        chunks: [HEADER_BYTES + 5 + i + 1],
      },
      { delivers: 'a', messages: [text('AAA')] },
      { ends: 'a', as: 'ok' },
      { delivers: 'b', messages: [text('BBB')] },
      { ends: 'b', as: 'ok' },
      { delivers: 'c', messages: [text('CCC')] },
      { ends: 'c', as: 'ok' },
    ],
    after: 'usable',
  })),
  {
    name: 'answers of length 0, on calls of each shape',
    section,
    rule: 'length 0',
    steps: [
      ...SHAPES.flatMap((shape, i) => begun(shape, shape, 2 * i + 1)),
      { send: [1, 3, 5, 7].map((id) => ({ id, type: RESPONSE })) },
      { delivers: 'unary', messages: [{ hex: '' }] },
      { ends: 'unary', as: 'ok' },
      { ends: 'server-streaming', as: 'ok' },
      { delivers: 'client-streaming', messages: [{ hex: '' }] },
      { ends: 'client-streaming', as: 'ok' },
      { ends: 'bidi', as: 'ok' },
    ],
    after: 'usable',
  },
  ...[RESPONSE, DATA, 9].map((type): ClientCase => ({
    name: `a frame of type ${type} of 2^32 - 1 bytes on a bidi call, with another call open`,
    section,
    rule: 'length 2^32-1',
    steps: [
      ...begun('bidi', 'a', 1),
      ...begun('unary', 'b', 3),
      { send: [{ id: 1, type, saysLength: 0xffffffff, data: { fill: 0, length: 100_000 } }] },
      { ends: 'a', as: failed('RESOURCE_EXHAUSTED', '4294967295.*4194304') },
      { serverCloses: 'half' },
      { ends: 'b', as: failed('UNAVAILABLE', 'frame') },
      { closedByClient: true },
    ],
    after: 'closed',
  })),

  // Envelopes
  cuts(),
  ...([0, 1, 3, 5] as const).flatMap((wireType) =>
    (['status', 'payload'] as const).map((name, i) =>
      response(
        `whose ${name} stands there once more with the wire type ${wireType}`,
        'wrong wire types: a field of another wire type is an unknown one',
        [PAYLOAD, ...wrongType(i + 1, wireType)],
      ),
    ),
  ),
  ...([1, 2, 3, 5] as const).map((wireType) =>
    response(
      `whose status code stands there once more with the wire type ${wireType}`,
      'wrong wire types: a field of another wire type is an unknown one',
      [status({ field: 1, varint: '5' }, ...wrongType(1, wireType), { field: 2, bytes: text('none') })],
      error('NOT_FOUND', 'none'),
    ),
  ),
  ...[4, 6, 7].flatMap((wireType) => [
    response(
      `with a field of wire type ${wireType}`,
      'wrong wire types that say no length',
      [PAYLOAD, { field: 9, tagOnly: wireType }],
      doesNotParse,
    ),
    response(
      `whose status has a field of wire type ${wireType}`,
      'wrong wire types that say no length',
      [PAYLOAD, status({ field: 1, varint: '5' }, { field: 9, tagOnly: wireType })],
      doesNotParse,
    ),
  ]),
  response('with a length in ten bytes', 'over-long varints of up to ten bytes are varints', [
    hex('12 83 80 80 80 80 80 80 80 80 00 736179'),
  ]),
  response(
    'with a length in eleven bytes',
    'over-long varints',
    [hex('12 83 80 80 80 80 80 80 80 80 80 00 736179')],
    doesNotParse,
  ),
  response(
    'with a varint of more than 64 bits',
    'over-long varints',
    [PAYLOAD, hex('48 ff ff ff ff ff ff ff ff ff 02')],
    doesNotParse,
  ),
  response('with a field number 0', 'unknown fields', [PAYLOAD, hex('02 00')], doesNotParse),
  response('with the highest field number', 'unknown fields', [hex('f8 ff ff ff 0f 01'), PAYLOAD]),
  response(
    'with a field number one above the highest',
    'unknown fields',
    [PAYLOAD, hex('80 80 80 80 10 01')],
    doesNotParse,
  ),
  response('with 100,000 unknown fields', 'unknown fields', [
    { raw: { repeat: { hex: '48 01' }, times: 100_000 } },
    PAYLOAD,
  ]),
  response('with an unknown field that is no UTF-8', 'unknown fields', [
    { field: 9, bytes: { hex: 'ff fe' } },
    PAYLOAD,
  ]),
  response('with groups 64 deep', 'unknown fields: groups', [
    { raw: { repeat: { hex: '4b' }, times: 64 } },
    { raw: { repeat: { hex: '4c' }, times: 64 } },
    PAYLOAD,
  ]),
  response(
    'with groups 1,000,000 deep',
    'unknown fields: groups',
    [
      PAYLOAD,
      { raw: { repeat: { hex: '4b' }, times: 1_000_000 } },
      { raw: { repeat: { hex: '4c' }, times: 1_000_000 } },
    ],
    doesNotParse,
  ),
  ...[
    ['one more byte than there is', '01'],
    ['2^32 - 1 bytes', 'ff ff ff ff 0f'],
    ['2^64 - 1 bytes', 'ff ff ff ff ff ff ff ff ff 01'],
  ].flatMap(([what, digits]) => [
    response(`whose payload has ${what ?? ''}`, 'lengths that lie', [hex(`12 ${digits ?? ''}`)], doesNotParse),
    response(`whose status has ${what ?? ''}`, 'lengths that lie', [PAYLOAD, hex(`0a ${digits ?? ''}`)], doesNotParse),
    response(
      `whose status message has ${what ?? ''}`,
      'lengths that lie, inside a length that does not',
      [status({ field: 1, varint: '5' }, hex(`12 ${digits ?? ''}`)), PAYLOAD],
      doesNotParse,
    ),
    response(
      `whose detail has ${what ?? ''}`,
      'details that do not decode',
      [status({ field: 1, varint: '5' }, { field: 3, bytes: { hex: `0a ${digits ?? ''}` } }), PAYLOAD],
      doesNotParse,
    ),
  ]),
  ...(
    [
      ['status message', status({ field: 1, varint: '5' }, { field: 2, bytes: { hex: '61 80' } })],
      ['type of a detail', status({ field: 1, varint: '5' }, { field: 3, bytes: { hex: '0a 02 c0 af' } })],
    ] as const
  ).map(([what, field]) => response(`whose ${what} is no UTF-8`, 'invalid UTF-8', [field], doesNotParse)),

  // What stands twice
  response('whose payload stands twice', 'repeated fields: the last wins', [
    { field: 2, bytes: text('first') },
    PAYLOAD,
  ]),
  response(
    'whose payload is followed by an empty one',
    'repeated fields: the last wins',
    [PAYLOAD, { field: 2, bytes: { hex: '' } }],
    'ok',
    { hex: '' },
  ),
  response(
    'whose status stands twice, with a part in each',
    'repeated fields: of a message that stands twice the fields are put together',
    [status({ field: 1, varint: '5' }), PAYLOAD, status({ field: 2, bytes: text('none') })],
    error('NOT_FOUND', 'none'),
  ),
  response(
    'whose status is followed by an empty one',
    'repeated fields: of a message that stands twice the fields are put together',
    [status({ field: 1, varint: '5' }, { field: 2, bytes: text('none') }), status(), PAYLOAD],
    error('NOT_FOUND', 'none'),
  ),
  response(
    'whose status is followed by another one',
    'repeated fields: the last wins',
    [
      status({ field: 1, varint: '5' }, { field: 2, bytes: text('none') }),
      status({ field: 1, varint: '7' }, { field: 2, bytes: text('forbidden') }),
    ],
    error('PERMISSION_DENIED', 'forbidden'),
  ),
  response(
    'whose status code and message stand twice',
    'repeated fields: the last wins',
    [
      status(
        { field: 1, varint: '5' },
        { field: 2, bytes: text('none') },
        { field: 1, varint: '7' },
        { field: 2, bytes: text('forbidden') },
      ),
    ],
    error('PERMISSION_DENIED', 'forbidden'),
  ),
  response(
    'whose details are spread over two statuses',
    'repeated fields: of a message that stands twice the fields are put together',
    [
      status({ field: 1, varint: '5' }, { field: 3, bytes: { message: [{ field: 1, bytes: text('a') }] } }),
      status({
        field: 3,
        bytes: {
          message: [
            { field: 2, bytes: { hex: 'ff' } },
            { field: 1, bytes: text('b') },
          ],
        },
      }),
    ],
    {
      error: {
        code: 'NOT_FOUND',
        message: '',
        details: [
          { typeUrl: 'a', value: { hex: '' } },
          { typeUrl: 'b', value: { hex: 'ff' } },
        ],
      },
    },
  ),

  // Statuses
  response('with the status code 2^32, whose low half is 0', 'a status out of range', [
    status({ field: 1, varint: '4294967296' }),
    PAYLOAD,
  ]),
  response(
    'with the status code 2^32 + 5, whose low half is 5',
    'a status out of range',
    [status({ field: 1, varint: '4294967301' })],
    error('NOT_FOUND', ''),
  ),
  response(
    'with the status code -1 in five bytes',
    'a status out of range',
    [status(hex('08 ff ff ff ff 0f'), { field: 2, bytes: text('minus') })],
    error('UNKNOWN', 'minus'),
  ),
  response('with the status code 2^63', 'a status out of range', [
    status({ field: 1, varint: '-9223372036854775808' }),
    PAYLOAD,
  ]),
  response(
    'with 10,000 details',
    '10,000 metadata pairs, as far as a response has such a thing',
    [
      status(
        { field: 1, varint: '8' },
        { raw: { repeat: { message: [{ field: 3, bytes: { hex: '0a 01 74 12 01 ff' } }] }, times: 10_000 } },
      ),
    ],
    {
      error: {
        code: 'RESOURCE_EXHAUSTED',
        message: '',
        details: Array.from({ length: 10_000 }, () => ({ typeUrl: 't', value: { hex: 'ff' } })),
      },
    },
  ),
  response(
    'with a status message of 1 MiB',
    'a status message is as long as it is',
    [status({ field: 1, varint: '9' }, { field: 2, bytes: { fill: 0x61, length: 1024 * 1024 } })],
    error('FAILED_PRECONDITION', 'a'.repeat(1024 * 1024)),
  ),
  response(
    'with a status message of control characters',
    'a status message is as it is',
    [status({ field: 1, varint: '9' }, { field: 2, bytes: text('a\u0000b\r\n\u001b[31m') })],
    error('FAILED_PRECONDITION', 'a\u0000b\r\n\u001b[31m'),
  ),
];
