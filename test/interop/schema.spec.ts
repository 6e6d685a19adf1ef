/**
 * What our codec writes is compared with what Go's (google.golang.org/protobuf) writes of the same messages, and each
 * reads what the other wrote.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { MessageCodec } from '../../src/protocol/wire/message-codec.js';
import { loadSchema } from '../../src/schema/index.js';
import { PROTOS } from '../unit/schema/kitchen-sink.js';
import { cellsOf, KINDS, SYNTAXES, type Cell } from '../unit/schema/matrix.js';
import { comparable, MESSAGES } from '../unit/schema/parity-messages.js';
import { codecOf } from '../unit/schema/proto-fixture.js';
import { goVersion, startGoCodec } from './go-peer.js';
import type { Program } from './program.js';

const set = readFileSync(new URL('../unit/schema/generated/descriptors.binpb', import.meta.url));

/** What the Go program makes of one message: base64, of the message as JSON and as bytes, in Go's order. */
interface Made {
  fromJson: string | null;
  fromBytes: string | null;
  error?: string;
}

interface Item {
  title: string;
  typeName: string;
  codec: Required<MessageCodec>;
  message: unknown;
  json?: unknown;
  /** Why Go's bytes are others, though the message is the same. */
  differs?: string;
}

const go = await goVersion();
if (go === undefined) {
  process.stderr.write('No Go toolchain ("go" in PATH): our encoded bytes are not compared with those of Go\n');
}

const counts = new Map<string, number>();

function count(what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** Why Go writes other bytes for this message of the matrix. */
function difference({ kind, place, values, message }: Cell): string | undefined {
  if (values.some(({ plain }) => Number.isNaN(plain) && kind === 'double')) {
    // Go makes another NaN of the text.
    return 'a NaN of another bit pattern';
  }
  const entries = Object.keys(message[place] as object);
  if (place === 'values' || place === 'keys')
    return entries.length > 1 ? 'map entries are in order of their keys' : undefined;
  return undefined;
}

/** The well-known types have forms of their own in JSON. */
const WELL_KNOWN: readonly [string, object, unknown, string?][] = [
  ['Timestamp', { at: new Date('2026-01-02T03:04:05.678Z') }, { at: '2026-01-02T03:04:05.678Z' }],
  ['Timestamp before 1970', { at: new Date(-1) }, { at: '1969-12-31T23:59:59.999Z' }],
  ['Timestamp to the nanosecond', { at: { seconds: 1, nanos: 1 } }, { at: '1970-01-01T00:00:01.000000001Z' }],
  ['Duration', { took: { seconds: '315576000000', nanos: 999999999 } }, { took: '315576000000.999999999s' }],
  ['a negative Duration', { took: { seconds: -5, nanos: -1 } }, { took: '-5.000000001s' }],
  ['Empty', { empty: {} }, { empty: {} }],
  ['FieldMask', { mask: { paths: ['a', 'b.c'] } }, { mask: 'a,b.c' }],
  [
    'Struct',
    { struct: { fields: { a: { listValue: { values: [{ numberValue: 1.5 }, { stringValue: 's' }] } } } } },
    { struct: { a: [1.5, 's'] } },
  ],
  ['Struct within Struct', { struct: { fields: { a: { structValue: { fields: {} } } } } }, { struct: { a: {} } }],
  ['Value: null', { value: { nullValue: 0 } }, { value: null }],
  ['Value: false', { value: { boolValue: false } }, { value: false }],
  ['ListValue', { list: { values: [{ nullValue: 'NULL_VALUE' }] } }, { list: [null] }],
  ['Int64Value', { int64Value: { value: -(2n ** 63n) } }, { int64Value: '-9223372036854775808' }],
  ['StringValue', { stringValue: { value: '😀' } }, { stringValue: '😀' }],
  ['an empty StringValue', { stringValue: {} }, { stringValue: '' }],
  ['BytesValue', { bytesValue: { value: [255] } }, { bytesValue: '/w==' }],
  ['BoolValue', { boolValue: { value: true } }, { boolValue: true }],
  [
    'Any of a type of the schema',
    { any: { '@type': 'type.googleapis.com/parity.v1.Leaf', name: 'w', weight: 4 } },
    { any: { '@type': 'type.googleapis.com/parity.v1.Leaf', name: 'w', weight: '4' } },
  ],
  [
    'Any of a well-known type',
    { any: { '@type': 'type.googleapis.com/google.protobuf.Duration', seconds: 1 } },
    { any: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1s' } },
  ],
  [
    'Any by its bytes',
    { any: { type_url: 'type.googleapis.com/parity.v1.Leaf', value: Buffer.from('0a0161', 'hex') } },
    { any: { '@type': 'type.googleapis.com/parity.v1.Leaf', name: 'a' } },
  ],
];

(go === undefined ? describe.skip : describe)('our codec and that of Go', () => {
  let program: Program;

  beforeAll(async () => {
    program = await startGoCodec();
    await program.command('load', { set: set.toString('base64') });
  }, 120_000);

  afterAll(async () => {
    await program.stop();
    console.log(
      ['compared with google.golang.org/protobuf:', ...[...counts].map((entry) => entry.join(': '))].join('\n'),
    );
  });

  async function compare(items: readonly Item[], group: string): Promise<void> {
    expect(items.length).toBeGreaterThan(0);
    const ours = items.map(({ codec, message }) => Buffer.from(codec.encode(message)));
    const { results } = (await program.command('encode', {
      items: items.map(({ typeName, json }, at) => ({
        type: typeName,
        json: json === undefined ? '' : JSON.stringify(json),
        bytes: (ours[at] as Buffer).toString('base64'),
      })),
    })) as { results: Made[] };
    for (const [at, item] of items.entries()) {
      const made = results[at] as Made;
      const problem = made.error ?? problemOf(item, ours[at] as Buffer, made);
      if (problem !== undefined) throw new Error(`${item.title}: ${problem}`);
      count(
        item.differs === undefined ? `${group}: the same bytes` : `${group}: the same message, but ${item.differs}`,
      );
    }
  }

  describe.each(SYNTAXES)('$syntax', ({ syntax, file, package: packageName }) => {
    const schema = loadSchema({ protoPath: file, loader: { longs: BigInt } });

    test.each(Object.keys(KINDS))('%s in each place', async (kind) => {
      const cells = [...cellsOf(packageName, kind)]
        // What a closed enum does not know is no value of it in Go.
        .filter(({ values }) => syntax === 'proto3' || values.every(({ isUnknown }) => !isUnknown));
      const items = cells.map((cell): Item => {
        const differs = difference(cell);
        const { title, typeName, message, json } = cell;
        const item = { title, typeName, codec: codecOf(schema, typeName), message, json };
        return differs === undefined ? item : { ...item, differs };
      });
      await compare(items, syntax);
    });
  });

  test.each(MESSAGES)('the messages of %s', async (typeName, messages) => {
    // With defaults, since Go leaves out zeros without presence.
    const loader = { defaults: true, oneofs: true };
    const schema = loadSchema({ protoPath: [`${PROTOS}kitchen-sink.proto`, `${PROTOS}old.proto`], loader });
    const codec = codecOf(schema, typeName);
    // These have values for more than one reason to differ: each side reads what the other wrote.
    const items = messages
      .filter((message) => !/:"[^"]*unknown\.Type/.test(JSON.stringify(message)))
      .map((message, at) => ({
        title: `${typeName} ${at}`,
        typeName,
        codec,
        message,
        differs: 'Go has its own order',
      }));
    await compare(items, 'kitchen sink');
  });

  test('the well-known types', async () => {
    const codec = codecOf(loadSchema({ protoPath: `${PROTOS}kitchen-sink.proto` }), 'parity.v1.WellKnown');
    const items = WELL_KNOWN.map(([title, message, json]) => ({
      title,
      typeName: 'parity.v1.WellKnown',
      codec,
      message,
      json,
    }));
    await compare(items, 'well-known types');
  });

  test('the Go program says what is wrong', async () => {
    const items = [
      { type: 'no.Such', json: '{}' },
      { type: 'parity.v1.Leaf', json: '{"name":5}' },
      { type: 'parity.v1.Leaf', bytes: Buffer.from([1]).toString('base64') },
    ];
    const { results } = (await program.command('encode', { items })) as { results: Made[] };
    expect(results.map(({ error }) => typeof error)).toEqual(['string', 'string', 'string']);
  });
});

/** What is wrong between ours and Go's; undefined when nothing is. */
function problemOf(item: Item, ours: Buffer, made: Made): string | undefined {
  const [fromJson, fromBytes] = [made.fromJson, made.fromBytes].map((text) =>
    text === null ? undefined : Buffer.from(text, 'base64'),
  );
  if (fromBytes === undefined) return 'Go gave nothing';
  const { codec, differs } = item;
  const same = (a: Uint8Array, b: Uint8Array): boolean =>
    isDeepStrictEqual(comparable(codec.decode(a)), comparable(codec.decode(b)));
  if (differs === undefined) {
    if (!ours.equals(fromBytes)) return `ours are ${ours.toString('hex')}, Go wrote again ${fromBytes.toString('hex')}`;
    if (fromJson && !ours.equals(fromJson)) return `ours are ${ours.toString('hex')}, Go's ${fromJson.toString('hex')}`;
    return undefined;
  }
  // Go's own form of both must be one, and ours must read it.
  if (fromJson && !differs.includes('NaN') && !fromJson.equals(fromBytes)) {
    return `Go's are ${fromJson.toString('hex')}, of ours it makes ${fromBytes.toString('hex')}`;
  }
  if (differs.includes('left out')) return undefined;
  if (!same(fromBytes, ours)) return `ours reads ${fromBytes.toString('hex')} as another message than its own`;
  return undefined;
}
