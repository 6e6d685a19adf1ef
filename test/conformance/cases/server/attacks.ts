import type { Difference, ServerCase } from '../../case.js';
import { close, data, echoed, ended, failed, INTEROP, item, message, ok, reply, request } from '../../service.js';
import { toBytes, type Bytes } from '../../wire/bytes.js';
import { REQUEST } from '../../wire/frame.js';
import type { Field } from '../../wire/protobuf.js';

/* Envelopes that somebody has thought about: what protobuf allows and nobody writes, and what it does not allow. */

const section = 'Hostile bytes';

const hello = { seq: 51, body: { text: 'hello' } };
const doesNotParse = { pattern: '^unmarshal request error: .' };

const service: Field = { field: 1, bytes: { text: INTEROP } };
const method: Field = { field: 2, bytes: { text: 'Unary' } };
const payload: Field = { field: 3, bytes: message(hello) };
const NAMES = [service, method];

/** A unary Request whose envelope has these fields. */
function envelopeOf(fields: Field[], id = 1): { id: number; type: number; data: Bytes } {
  return { id, type: REQUEST, data: { message: fields } };
}

/** A Request with a strange envelope that is answered all the same, or is refused because it does not parse. */
function strange(
  name: string,
  fields: Field[],
  parses: boolean,
  rule: string,
  differs?: Partial<Record<'go', Difference & { parses: boolean }>>,
): ServerCase {
  const answer = (good: boolean): ReturnType<typeof ok> =>
    good ? ok(1, echoed(hello)) : failed(1, 'INVALID_ARGUMENT', doesNotParse);
  const go = differs?.go;
  return {
    name: `an envelope ${name}`,
    section,
    rule,
    ...(go ? { differs: { go: { reason: go.reason, row: go.row, decision: go.decision } } } : {}),
    steps: [
      { send: [envelopeOf(fields)] },
      { receive: [answer(parses)], ...(go ? { instead: { go: [answer(go.parses)] } } : {}) },
    ],
    after: 'usable',
  };
}

const FIELDS = ['service', 'method', 'payload', 'timeout_nano', 'metadata'];

/** Field `field` once more, with another wire type than its own. */
function wrongType(field: number, wireType: number): Field[] {
  if (wireType === 0) return [{ field, varint: '1' }];
  if (wireType === 1) return [{ field, fixed64: '1' }];
  if (wireType === 2) return [{ field, bytes: { text: 'x' } }];
  if (wireType === 5) return [{ field, fixed32: '1' }];
  return [
    { field, tagOnly: 3 },
    { field: 1, varint: '1' },
    { field, tagOnly: 4 },
  ];
}

const WIRE_TYPES: [wireType: number, name: string][] = [
  [0, 'varint'],
  [1, '64-bit'],
  [2, 'length-delimited'],
  [3, 'group'],
  [5, '32-bit'],
];

function hex(digits: string): Field {
  return { raw: { hex: digits } };
}

/** Groups in groups, `depth` of them, of field 9. */
function groups(depth: number): Field[] {
  return [{ raw: { repeat: { hex: '4b' }, times: depth } }, { raw: { repeat: { hex: '4c' }, times: depth } }];
}

const tooDeep = (parses: boolean): { go: Difference & { parses: boolean } } => ({
  go: {
    reason: 'Go follows groups 10,000 deep.',
    row: 'envelope that does not parse',
    decision: 'refused beyond 64: an envelope has no groups at all, and what nobody knows may not cost much',
    parses,
  },
});

/** The envelope of a call, cut after each of its bytes: ids 1, 3, 5, …. */
function cuts(): ServerCase {
  const fields = [service, method, payload];
  const whole = toBytes({ message: fields });
  // Where a field ends the rest of the fields is merely absent.
  const serviceEnd = toBytes({ message: [service] }).length;
  const methodEnd = toBytes({ message: NAMES }).length;
  const lengths = Array.from({ length: whole.length }, (_, i) => i);
  return {
    name: 'an envelope that is cut off after each of its bytes',
    section,
    rule: 'an envelope truncated',
    steps: [
      {
        send: lengths.map((length, i) => ({
          id: 2 * i + 1,
          type: REQUEST,
          data: { hex: whole.toString('hex', 0, length) },
        })),
      },
      {
        receive: lengths.map((length, i) => {
          const id = 2 * i + 1;
          if (length === 0) return failed(id, 'UNIMPLEMENTED', 'service ');
          if (length === serviceEnd) return failed(id, 'UNIMPLEMENTED', 'method ');
          if (length === methodEnd) return ok(id, echoed({}));
          return failed(id, 'INVALID_ARGUMENT', doesNotParse);
        }),
      },
    ],
    after: 'usable',
  };
}

const TEN_THOUSAND = 10_000;
/** Our default limit for the metadata of a request, in bytes of its encoded pairs without their own tags and lengths. */
const METADATA_LIMIT = 256 * 1024;

function pairs(count: number, make: (i: number) => [key: string, value: string]): [key: string, value: string][] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const limited: Difference = {
  reason: 'Go has no limit for metadata but that of the frame.',
  row: 'metadata repeated KeyValue = 5',
  decision: 'RESOURCE_EXHAUSTED above maxMetadataBytes, 256 KiB by default',
};

/** One pair whose encoding has `total` bytes: key `k`, and a value that needs a length of three bytes. */
function pairOf(total: number): [key: string, value: string][] {
  return [['k', 'v'.repeat(total - 3 - 4)]];
}

export const attacks: ServerCase[] = [
  cuts(),

  // Wire types
  ...FIELDS.flatMap((name, i) =>
    WIRE_TYPES.filter(([wireType]) => wireType !== (i === 3 ? 0 : 2)).map(([wireType, typeName]) =>
      strange(
        `whose ${name} stands there once more as a ${typeName} field`,
        [...NAMES, ...wrongType(i + 1, wireType), payload],
        true,
        'wrong wire types: a field of another wire type is an unknown one',
      ),
    ),
  ),
  ...FIELDS.flatMap((name, i) =>
    [4, 6, 7].map((wireType) =>
      strange(
        `whose ${name} has the wire type ${wireType}`,
        [...NAMES, payload, { field: i + 1, tagOnly: wireType }],
        false,
        'wrong wire types that say no length',
      ),
    ),
  ),

  // Varints
  strange(
    'with a length in ten bytes',
    [hex('0a 92 80 80 80 80 80 80 80 80 00'), { raw: { text: INTEROP } }, method, payload],
    true,
    'over-long varints of up to ten bytes are varints',
  ),
  strange(
    'with a tag in ten bytes',
    [...NAMES, hex('9a 80 80 80 80 80 80 80 80 00 00'), payload],
    true,
    'over-long varints of up to ten bytes are varints',
  ),
  strange(
    'with a timeout in ten bytes',
    [...NAMES, payload, hex('20 80 80 80 80 80 80 80 80 80 00')],
    true,
    'over-long varints of up to ten bytes are varints',
  ),
  strange(
    'with a length in eleven bytes',
    [...NAMES, payload, hex('4a 80 80 80 80 80 80 80 80 80 80 00')],
    false,
    'over-long varints',
  ),
  strange(
    'with a tag in eleven bytes',
    [...NAMES, payload, hex('c8 80 80 80 80 80 80 80 80 80 80 00 01')],
    false,
    'over-long varints',
  ),
  strange(
    'with a varint of more than 64 bits',
    [...NAMES, payload, hex('20 ff ff ff ff ff ff ff ff ff 02')],
    false,
    'over-long varints',
  ),
  ...['80', '80 80', 'ff ff ff ff ff ff ff ff ff'].map((digits) =>
    strange(`that ends in the varint ${digits}`, [...NAMES, payload, hex(`48 ${digits}`)], false, 'truncated varints'),
  ),

  // Lengths and field numbers
  ...[
    ['one more byte than there is', '01'],
    ['2^31 - 1 bytes', 'ff ff ff ff 07'],
    ['2^31 bytes', '80 80 80 80 08'],
    ['2^32 - 1 bytes', 'ff ff ff ff 0f'],
    ['2^32 + 1 bytes', '81 80 80 80 10'],
    ['2^63 bytes', '80 80 80 80 80 80 80 80 80 01'],
    ['2^64 - 1 bytes', 'ff ff ff ff ff ff ff ff ff 01'],
  ].flatMap(([what, digits]) => [
    strange(`whose payload has ${what ?? ''}`, [...NAMES, hex(`1a ${digits ?? ''}`)], false, 'lengths that lie'),
    strange(
      `with an unknown field of ${what ?? ''}`,
      [...NAMES, payload, hex(`4a ${digits ?? ''}`)],
      false,
      'lengths that lie',
    ),
  ]),
  strange('with the highest field number', [...NAMES, hex('f8 ff ff ff 0f 01'), payload], true, 'unknown fields'),
  strange(
    'with a field number one above the highest',
    [...NAMES, payload, hex('80 80 80 80 10 01')],
    false,
    'unknown fields',
  ),
  strange('with a field number of 2^32 + 1', [...NAMES, payload, hex('88 80 80 80 80 01 01')], false, 'unknown fields'),
  strange(
    'with 100,000 unknown fields',
    [...NAMES, { raw: { repeat: { hex: '48 01' }, times: 100_000 } }, payload],
    true,
    'unknown fields',
  ),
  strange(
    'with an unknown field that is no UTF-8',
    [...NAMES, { field: 9, bytes: { hex: 'ff fe' } }, payload],
    true,
    'unknown fields',
  ),

  // Groups
  strange('with groups 64 deep', [...NAMES, ...groups(64), payload], true, 'unknown fields: groups'),
  strange('with groups 65 deep', [...NAMES, ...groups(65), payload], false, 'unknown fields: groups', tooDeep(true)),
  strange('with groups 1,000,000 deep', [...NAMES, ...groups(1_000_000), payload], false, 'unknown fields: groups'),
  strange(
    'with a group that does not end',
    [...NAMES, payload, { field: 9, tagOnly: 3 }, { field: 1, varint: '1' }],
    false,
    'unknown fields: groups',
  ),
  strange(
    'with a group that another one ends',
    [...NAMES, payload, { field: 9, tagOnly: 3 }, { field: 8, tagOnly: 4 }],
    false,
    'unknown fields: groups',
  ),

  // What stands twice
  {
    name: 'an envelope whose payload is followed by an empty one',
    section,
    rule: 'repeated fields: the last wins',
    steps: [
      { send: [envelopeOf([...NAMES, payload, { field: 3, bytes: { hex: '' } }])] },
      { receive: [ok(1, echoed({}))] },
    ],
    after: 'usable',
  },
  {
    name: 'an envelope whose timeout stands twice',
    section,
    rule: 'repeated fields: the last wins',
    steps: [
      { send: [envelopeOf([...NAMES, payload, { field: 4, varint: '-1' }, { field: 4, varint: '0' }])] },
      { receive: [ok(1, echoed(hello))] },
      { send: [envelopeOf([...NAMES, payload, { field: 4, varint: '0' }, { field: 4, varint: '-1' }], 3)] },
      { receive: [failed(3, 'DEADLINE_EXCEEDED', { pattern: 'deadline' })] },
    ],
    after: 'usable',
  },
  {
    name: 'a metadata pair whose key and value stand twice',
    section,
    rule: 'repeated fields: the last wins',
    steps: [
      {
        send: [
          envelopeOf([
            ...NAMES,
            payload,
            {
              field: 5,
              bytes: {
                message: [
                  { field: 1, bytes: { text: 'a' } },
                  { field: 2, bytes: { text: 'b' } },
                  { field: 3, varint: '1' },
                  { field: 1, bytes: { text: 'c' } },
                  { field: 2, bytes: { text: 'd' } },
                ],
              },
            },
          ]),
        ],
      },
      { receive: [ok(1, reply({ ...hello, received: [hello], metadata: [['c', 'd']] }))] },
    ],
    after: 'usable',
  },
  strange(
    'whose service stands twice, the first one being no UTF-8',
    [{ field: 1, bytes: { hex: 'ff' } }, service, method, payload],
    true,
    'repeated fields: the last wins; invalid UTF-8',
    {
      go: {
        reason: 'Go looks at every string, also at those that do not count.',
        row: 'Every string must be valid UTF-8 or Go refuses the whole envelope',
        decision: 'only the last one counts, and only it is looked at',
        parses: false,
      },
    },
  ),

  // Metadata
  {
    name: '10,000 metadata pairs with one key',
    section,
    rule: '10,000 metadata pairs',
    steps: [
      { send: [request(1, 'Unary', message(hello), { metadata: pairs(TEN_THOUSAND, (i) => ['k', String(i)]) })] },
      {
        receive: [
          ok(1, reply({ ...hello, received: [hello], metadata: pairs(TEN_THOUSAND, (i) => ['k', String(i)]) })),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: '10,000 metadata pairs, each with a key of its own, on a call of each shape',
    section,
    rule: '10,000 metadata pairs',
    steps: [
      {
        send: [
          ...['Nothing', 'NothingServerStream', 'NothingClientStream', 'NothingStream'].map((name, i) =>
            request(2 * i + 1, name, undefined, { metadata: pairs(TEN_THOUSAND, (n) => [`key-${n}`, 'value']) }),
          ),
          close(5),
          data(7),
          close(7),
        ],
      },
      { receive: [ok(1), item(3), item(3), item(3), ended(3), ok(5), item(7), ended(7)] },
    ],
    after: 'usable',
  },
  {
    name: '10,000 metadata pairs that are too large together',
    section,
    rule: '10,000 metadata pairs; a limit of ours',
    differs: { go: limited },
    steps: [
      {
        send: [
          request(1, 'Nothing', undefined, { metadata: pairs(TEN_THOUSAND, (i) => [`key-${i}`, 'v'.repeat(32)]) }),
        ],
      },
      {
        receive: [failed(1, 'RESOURCE_EXHAUSTED', { pattern: `metadata.*${METADATA_LIMIT}` })],
        instead: { go: [ok(1)] },
      },
    ],
    after: 'usable',
  },
  {
    name: 'metadata of exactly 256 KiB',
    section,
    rule: 'metadata size: a limit of ours',
    steps: [{ send: [request(1, 'Nothing', undefined, { metadata: pairOf(METADATA_LIMIT) })] }, { receive: [ok(1)] }],
    after: 'usable',
  },
  {
    name: 'metadata of one byte over 256 KiB',
    section,
    rule: 'metadata size: a limit of ours',
    differs: { go: limited },
    steps: [
      { send: [request(1, 'Nothing', undefined, { metadata: pairOf(METADATA_LIMIT + 1) })] },
      {
        receive: [failed(1, 'RESOURCE_EXHAUSTED', { pattern: `metadata.*${METADATA_LIMIT}` })],
        instead: { go: [ok(1)] },
      },
    ],
    after: 'usable',
  },
  {
    name: 'a million empty metadata pairs',
    section,
    rule: '10,000 metadata pairs',
    steps: [
      {
        send: [
          envelopeOf([
            service,
            { field: 2, bytes: { text: 'Nothing' } },
            { raw: { repeat: { hex: '2a 00' }, times: 1_000_000 } },
          ]),
        ],
      },
      { receive: [ok(1)] },
    ],
    after: 'usable',
  },
  ...(
    [
      ['a length that is too long', '2a 05 0a 01 6b'],
      ['a key that is too long', '2a 04 0a 05 6b 6b'],
      ['a field number 0', '2a 02 00 00'],
      ['a field of wire type 7', '2a 01 0f'],
      ['a group that does not end', '2a 01 4b'],
    ] as const
  ).map(([what, digits]) =>
    strange(
      `whose metadata pair has ${what}`,
      [...NAMES, payload, hex(digits)],
      false,
      'an envelope truncated, in a metadata pair',
    ),
  ),

  // Names
  {
    name: 'a service and a method of 100,000 bytes',
    section,
    rule: 'unknown service, unknown method',
    steps: [
      {
        send: [
          envelopeOf([{ field: 1, bytes: { fill: 0x61, length: 100_000 } }, method]),
          envelopeOf([service, { field: 2, bytes: { fill: 0x62, length: 100_000 } }], 3),
        ],
      },
      {
        receive: [
          failed(1, 'UNIMPLEMENTED', `service ${'a'.repeat(100_000)}`),
          failed(3, 'UNIMPLEMENTED', `method ${'b'.repeat(100_000)}`),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'names with control characters, zeros and line ends',
    section,
    rule: 'unknown service, unknown method',
    steps: [
      {
        send: [
          request(1, 'Unary', undefined, { service: 'a\u0000b\r\n\u001b[31m' }),
          request(3, '../../etc\n', message(hello)),
          request(5, 'Unary\u0000', message(hello)),
        ],
      },
      {
        receive: [
          failed(1, 'UNIMPLEMENTED', 'service a\u0000b\r\n\u001b[31m'),
          failed(3, 'UNIMPLEMENTED', 'method ../../etc\n'),
          failed(5, 'UNIMPLEMENTED', 'method Unary\u0000'),
        ],
      },
    ],
    after: 'usable',
  },
];
