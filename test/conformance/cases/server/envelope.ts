import type { ServerCase, TextMatch } from '../../case.js';
import { echoed, ended, failed, INTEROP, item, message, ok, reply, request } from '../../service.js';
import type { Bytes } from '../../wire/bytes.js';
import { REQUEST } from '../../wire/frame.js';

const section = 'Envelope';
const answers = 'What the server answers';

const hello = { seq: 11, body: { text: 'hello' } };
const doesNotParse: TextMatch = { pattern: '^unmarshal request error: .' };
/** Bytes that are no UTF-8: a lone continuation byte, a cut sequence, an over-long one, a surrogate, beyond U+10FFFF. */
const NOT_UTF8: [what: string, bytes: Bytes][] = [
  ['a lone continuation byte', { hex: '61 80 62' }],
  ['a sequence that is cut off', { hex: '61 e2 82' }],
  ['an over-long sequence', { hex: 'c0 af' }],
  ['a surrogate', { hex: 'ed a0 80' }],
  ['a code point beyond the last', { hex: 'f4 90 80 80' }],
];

/** A Request whose whole data are these bytes, which must be refused. */
function malformed(name: string, data: Bytes): ServerCase {
  return {
    name: `a Request whose envelope ${name}`,
    section: answers,
    rule: 'envelope that does not parse',
    steps: [{ send: [{ id: 1, type: REQUEST, data }] }, { receive: [failed(1, 'INVALID_ARGUMENT', doesNotParse)] }],
    after: 'usable',
  };
}

const names: Bytes = { request: { service: INTEROP, method: 'Unary' } };

/** A unary Request that must be answered like any other, whatever its envelope looks like. */
function accepted(name: string, rule: string, data: Bytes): ServerCase {
  return {
    name: `a Request ${name}`,
    section,
    rule,
    steps: [{ send: [{ id: 1, type: REQUEST, data }] }, { receive: [ok(1, echoed(hello))] }],
    after: 'usable',
  };
}

const service: Bytes = { text: INTEROP };
const method: Bytes = { text: 'Unary' };

const MEMBERS_OF_OBJECT = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

export const envelope: ServerCase[] = [
  {
    name: 'an unknown service',
    section: answers,
    rule: 'unknown service: UNIMPLEMENTED "service NAME"',
    steps: [
      {
        send: [
          request(1, 'Unary', message(hello), { service: 'interop.v1.Interop2' }),
          request(3, 'Nothing', undefined, { service: 'Interop' }),
        ],
      },
      {
        receive: [
          failed(1, 'UNIMPLEMENTED', 'service interop.v1.Interop2'),
          failed(3, 'UNIMPLEMENTED', 'service Interop'),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'an unknown method',
    section: answers,
    rule: 'unknown method: UNIMPLEMENTED "method NAME"',
    steps: [
      {
        send: [request(1, 'Unimplemented', message(hello)), request(3, 'unary', message(hello)), request(5, '/Unary')],
      },
      {
        receive: [
          failed(1, 'UNIMPLEMENTED', 'method Unimplemented'),
          failed(3, 'UNIMPLEMENTED', 'method unary'),
          failed(5, 'UNIMPLEMENTED', 'method /Unary'),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'an unknown service and method with names beyond ASCII',
    section: answers,
    rule: 'unknown service: UNIMPLEMENTED "service NAME"',
    steps: [
      { send: [request(1, 'Unary', undefined, { service: 'dienst.Grüße🙂' }), request(3, 'Grüße🙂')] },
      { receive: [failed(1, 'UNIMPLEMENTED', 'service dienst.Grüße🙂'), failed(3, 'UNIMPLEMENTED', 'method Grüße🙂')] },
    ],
    after: 'usable',
  },
  {
    name: 'services and methods named as the members that every object has',
    section: answers,
    rule: 'unknown service: UNIMPLEMENTED "service NAME"',
    steps: [
      { send: MEMBERS_OF_OBJECT.map((name, i) => request(2 * i + 1, 'Unary', undefined, { service: name })) },
      { receive: MEMBERS_OF_OBJECT.map((name, i) => failed(2 * i + 1, 'UNIMPLEMENTED', `service ${name}`)) },
      { send: MEMBERS_OF_OBJECT.map((name, i) => request(2 * i + 9, name)) },
      { receive: MEMBERS_OF_OBJECT.map((name, i) => failed(2 * i + 9, 'UNIMPLEMENTED', `method ${name}`)) },
    ],
    after: 'usable',
  },
  {
    name: 'a Request without an envelope, and one without a method',
    section: answers,
    rule: 'unknown service, unknown method: an absent name is the empty one',
    steps: [
      {
        send: [
          { id: 1, type: REQUEST },
          { id: 3, type: REQUEST, data: { request: { service: INTEROP } } },
        ],
      },
      { receive: [failed(1, 'UNIMPLEMENTED', 'service '), failed(3, 'UNIMPLEMENTED', 'method ')] },
    ],
    after: 'usable',
  },
  malformed('is no protobuf', { text: 'GET / HTTP/1.1\r\n' }),
  malformed('ends in a tag', { join: [names, { hex: '9a' }] }),
  malformed('ends in a varint', { join: [names, { hex: '20 ff' }] }),
  malformed('ends in a string', { hex: '0a 12 69' }),
  malformed('has a varint of eleven bytes', { join: [names, { hex: '20 ff ff ff ff ff ff ff ff ff ff 01' }] }),
  malformed('has field number 0', { join: [names, { hex: '02 00' }] }),
  malformed('has a field of wire type 7', { join: [names, { hex: '37' }] }),
  malformed('has an end of group that nothing began', { join: [names, { hex: '34' }] }),
  malformed('has a metadata pair that is cut off', {
    join: [names, { message: [{ field: 5, bytes: { hex: '0a 05 6b' } }] }],
  }),
  ...NOT_UTF8.flatMap(([what, bytes]) => [
    malformed(`has ${what} in the service`, { request: { service: bytes, method: 'Unary' } }),
    malformed(`has ${what} in the method`, { request: { service: INTEROP, method: bytes } }),
    malformed(`has ${what} in a metadata key`, {
      join: [
        names,
        {
          message: [
            {
              field: 5,
              bytes: {
                message: [
                  { field: 1, bytes },
                  { field: 2, bytes: { text: 'v' } },
                ],
              },
            },
          ],
        },
      ],
    }),
    malformed(`has ${what} in a metadata value`, {
      join: [
        names,
        {
          message: [
            {
              field: 5,
              bytes: {
                message: [
                  { field: 1, bytes: { text: 'k' } },
                  { field: 2, bytes },
                ],
              },
            },
          ],
        },
      ],
    }),
  ]),
  accepted('with fields that nobody knows', 'unknown fields are passed over', {
    message: [
      { field: 15, varint: '1' },
      { field: 1, bytes: service },
      { field: 1000, bytes: { text: 'later' } },
      { field: 2, bytes: method },
      { field: 16, fixed32: '1' },
      { field: 3, bytes: message(hello) },
      { field: 17, fixed64: '1' },
    ],
  }),
  accepted('with a group that nobody knows', 'unknown fields are passed over', {
    message: [
      { field: 1, bytes: service },
      { field: 2, bytes: method },
      { field: 9, tagOnly: 3 },
      { field: 1, varint: '3' },
      { field: 9, tagOnly: 4 },
      { field: 3, bytes: message(hello) },
    ],
  }),
  accepted('with its fields in another order', 'fields may stand in any order', {
    message: [
      { field: 3, bytes: message(hello) },
      { field: 2, bytes: method },
      { field: 1, bytes: service },
    ],
  }),
  accepted('with fields that stand twice', 'of a repeated single field the last counts', {
    message: [
      { field: 1, bytes: { text: 'no.Such' } },
      { field: 2, bytes: { text: 'NoSuch' } },
      { field: 3, bytes: message({ seq: 1, body: { text: 'not this' } }) },
      { field: 1, bytes: service },
      { field: 2, bytes: method },
      { field: 3, bytes: message(hello) },
    ],
  }),
  accepted('with known fields of another wire type', 'a field of another wire type is an unknown one', {
    message: [
      { field: 1, bytes: service },
      { field: 1, varint: '1' },
      { field: 2, bytes: method },
      { field: 4, bytes: { text: 'soon' } },
      { field: 3, bytes: message(hello) },
      { field: 5, varint: '7' },
    ],
  }),
  accepted('with lengths written in more bytes than they need', 'an over-long varint of up to ten bytes is a varint', {
    join: [
      { hex: '0a 92 80 80 00' },
      service,
      { hex: '92 00 85 00' },
      method,
      { message: [{ field: 3, bytes: message(hello) }] },
    ],
  }),
  accepted('with a timeout of 0 that is written out', 'timeout_nano: 0 is none', {
    request: { service: INTEROP, method: 'Unary', payload: message(hello), timeoutNano: '0' },
  }),

  {
    name: 'metadata: several values of a key, in their order',
    section,
    rule: 'a key with several values is several KeyValues',
    steps: [
      {
        send: [
          request(1, 'Unary', message(hello), {
            metadata: [
              ['trace', 'one'],
              ['trace', 'two'],
              ['trace', ''],
              ['trace', 'one'],
            ],
          }),
        ],
      },
      {
        receive: [
          ok(
            1,
            reply({
              ...hello,
              received: [hello],
              metadata: [
                ['trace', 'one'],
                ['trace', 'two'],
                ['trace', ''],
                ['trace', 'one'],
              ],
            }),
          ),
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'metadata: several keys, among them those that every object has',
    section,
    rule: 'metadata repeated KeyValue',
    steps: [
      {
        send: [
          request(1, 'Unary', message(hello), {
            metadata: [
              ['__proto__', 'polluted'],
              ['constructor', 'grüße 🙂'],
            ],
          }),
        ],
      },
      {
        receive: [
          {
            ...ok(
              1,
              reply({
                ...hello,
                received: [hello],
                metadata: [
                  ['__proto__', 'polluted'],
                  ['constructor', 'grüße 🙂'],
                ],
              }),
            ),
            or: reply({
              ...hello,
              received: [hello],
              metadata: [
                ['constructor', 'grüße 🙂'],
                ['__proto__', 'polluted'],
              ],
            }),
          },
        ],
      },
    ],
    after: 'usable',
  },
  {
    name: 'metadata: a key in capitals',
    section,
    rule: 'metadata keys: lower-case on send and on look-up',
    differs: {
      go: {
        reason:
          'Go keeps the key as it came, so that its own look-up, which lower-cases what it is asked for, does not find it.',
        row: "Metadata keys: Go's Set and Append lower-case, its raw writer and its reader do not",
        decision: 'keys are lower-cased on arrival, so that the handler finds them',
      },
    },
    steps: [
      { send: [request(1, 'Unary', message(hello), { metadata: [['X-Request-Id', 'abc']] })] },
      {
        receive: [ok(1, reply({ ...hello, received: [hello], metadata: [['x-request-id', 'abc']] }))],
        instead: { go: [ok(1, reply({ ...hello, received: [hello], metadata: [['X-Request-Id', 'abc']] }))] },
      },
    ],
    after: 'usable',
  },
  ...(
    [
      ['Unary', [ok(1, reply({ ...hello, received: [hello], metadata: [['a', 'b']] }))]],
      ['ServerStream', [item(1, reply({ metadata: [['a', 'b']] })), item(1, reply({ seq: 1 })), ended(1)]],
      ['ClientStream', [ok(1, reply({ seq: 11, received: [hello], metadata: [['a', 'b']] }))]],
      ['Bidi', [item(1, reply({ ...hello, metadata: [['a', 'b']] })), ended(1)]],
    ] as const
  ).map(([name, received]): ServerCase => ({
    name: `metadata of a call of ${name}`,
    section: 'Limits and faults of the peers',
    rule: 'its server reads metadata and timeouts for all shapes',
    steps: [
      {
        send:
          name === 'ClientStream' || name === 'Bidi'
            ? [
                request(1, name, undefined, { metadata: [['a', 'b']] }),
                { id: 1, type: 3, data: message(hello) },
                { id: 1, type: 3, flags: 5 },
              ]
            : [
                request(1, name, message(name === 'ServerStream' ? { seq: 1, replyCount: 2 } : hello), {
                  metadata: [['a', 'b']],
                }),
              ],
      },
      { receive: [...received] },
    ],
    after: 'usable',
  })),
  {
    name: 'an empty metadata pair',
    section,
    rule: 'metadata repeated KeyValue: both strings may be absent',
    differs: {
      go: {
        reason: 'Go keeps a pair with an empty key.',
        row: 'metadata repeated KeyValue = 5',
        decision: 'dropped: nobody can ask for it',
      },
    },
    steps: [
      {
        send: [
          {
            id: 1,
            type: REQUEST,
            data: {
              join: [
                names,
                {
                  message: [
                    { field: 5, bytes: { hex: '' } },
                    { field: 3, bytes: message(hello) },
                  ],
                },
              ],
            },
          },
        ],
      },
      {
        receive: [ok(1, echoed(hello))],
        instead: { go: [ok(1, { join: [echoed(hello), { message: [{ field: 6, bytes: { hex: '' } }] }] })] },
      },
    ],
    after: 'usable',
  },
];
