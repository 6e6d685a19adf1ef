import { loadSync, type MessageTypeDefinition, type Options } from '@grpc/proto-loader';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import protobuf8 from 'protobufjs';
import type protobuf from 'protobufjs';
import { createRequire } from 'node:module';
import type { MessageCodec, WriteArena } from '../../../src/protocol/wire/message-codec.js';
import { loadSchema } from '../../../src/schema/index.js';
import { cellsOf, KINDS, SYNTAXES, type Cell } from './matrix.js';
import { comparable, OPTIONS } from './parity-messages.js';
import { codecOf } from './proto-fixture.js';
import { withoutZeros } from './without-zeros.js';

/** The protobufjs that `@grpc/proto-loader` uses: version 7, another copy than ours. */
const protobuf7 = createRequire(createRequire(import.meta.url).resolve('@grpc/proto-loader'))(
  'protobufjs',
) as typeof protobuf;

/** What ours and `@grpc/proto-loader` differ in on purpose, by the name that docs/schema.md has for it. */
const DIFFERENCES: Readonly<Record<string, (cell: Cell) => boolean>> = {
  '64-bit map keys': ({ kind, place }) => place === 'keys' && /64$/.test(kind),
  'a map key `false`': ({ kind, place, values }) =>
    place === 'keys' && kind === 'bool' && values.some(({ plain }) => plain === false),
};

interface Theirs {
  serialize(value: object): Buffer;
  deserialize(bytes: Buffer): object;
}

/** How often what was compared, by kind and place and by option. */
const counts = {
  equal: new Map<string, number>(),
  options: new Map<string, number>(),
  differences: new Map<string, number>(),
};
const ways = { messages: 0, encodings: 0 };

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

const arena = new (class implements WriteArena {
  buf = Buffer.alloc(4096);
  pos = 0;
  reserve(bytes: number): void {
    if (this.pos + bytes <= this.buf.length) return;
    this.buf = Buffer.concat([this.buf.subarray(0, this.pos), Buffer.alloc(this.pos + bytes)]);
  }
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buf.set(bytes, this.pos);
    this.pos += bytes.length;
  }
})();

function encodedInPlace(codec: Required<MessageCodec>, value: unknown): Buffer {
  arena.pos = 0;
  codec.encodeInto(value, arena);
  return arena.buf.subarray(0, arena.pos);
}

describe.each(SYNTAXES)('$syntax', ({ file, package: packageName }) => {
  const cells = Object.keys(KINDS).flatMap((kind) => [...cellsOf(packageName, kind)]);

  test.each(OPTIONS)(
    'each kind in each place is what @grpc/proto-loader makes of it, with %s',
    (optionName, options) => {
      const schema = loadSchema({ protoPath: file, loader: options });
      const definitions = loadSync(file, options as Options);
      const types = protobuf8.loadSync(file).resolveAll();
      for (const cell of cells) {
        const ours = codecOf(schema, cell.typeName);
        const theirs = definitions[cell.typeName] as MessageTypeDefinition<object, object>;
        const difference = Object.keys(DIFFERENCES).find((name) => DIFFERENCES[name]?.(cell));
        const type = types.lookupType(cell.typeName);
        const problem = firstDifference(cell, ours, {
          serialize: (value) => withoutZeros(type, theirs.serialize(value)),
          deserialize: theirs.deserialize,
        });
        if (difference === undefined) {
          if (problem !== undefined) throw new Error(`${cell.title}: ${problem}`);
          count(counts.equal, `${cell.kind} ${cell.place}`);
          count(counts.options, optionName);
        } else {
          if (problem === undefined) throw new Error(`${cell.title}: equal, but "${difference}" says it is not`);
          // What differs on purpose is right in itself.
          expect(ours.decode(ours.encode(cell.message))).toMatchObject(cell.message);
          count(counts.differences, difference);
        }
      }
    },
  );

  test('both ways of encoding give the same bytes: without conversion, and with one from every form', () => {
    const schema = loadSchema({ protoPath: file, loader: { keepCase: true } });
    const root = new protobuf7.Root().loadSync(file, { keepCase: true });
    const root8 = protobuf8.loadSync(file).resolveAll();
    for (const cell of cells) {
      const ours = codecOf(schema, cell.typeName);
      const bytes = Buffer.from(ours.encode(cell.message));
      const type = root.lookupType(cell.typeName);
      const type8 = root8.lookupType(cell.typeName);
      ways.messages += 1;
      const encodings: [string, () => Uint8Array][] = [
        ['in place', () => encodedInPlace(ours, cell.message)],
        ...cell.forms.map((form, at): [string, () => Uint8Array] => [`form ${at}`, () => ours.encode(form)]),
        ...cell.forms.map((form, at): [string, () => Uint8Array] => [
          `form ${at} in place`,
          () => encodedInPlace(ours, form),
        ]),
      ];
      // protobufjs takes every string that is a key of a bool for true.
      if (!DIFFERENCES['a map key `false`']?.(cell)) {
        encodings.push(
          ['protobufjs, without conversion', () => withoutZeros(type8, type.encode(cell.message).finish())],
          [
            'protobufjs, with conversion',
            () => withoutZeros(type8, type.encode(type.fromObject(cell.message)).finish()),
          ],
        );
      }
      for (const [name, encode] of encodings) {
        const other = Buffer.from(encode());
        if (!other.equals(bytes)) {
          throw new Error(`${cell.title}: ${name}: ${other.toString('hex')} instead of ${bytes.toString('hex')}`);
        }
        ways.encodings += 1;
      }
    }
  });
});

test('docs/schema.md has these counts', () => {
  const docs = readFileSync(new URL('../../../docs/schema.md', import.meta.url), 'utf8').replace(/ +/g, ' ');
  for (const row of parityTable().slice(1)) expect(docs).toContain(`\n| ${row} |\n`);
});

/** What is not the same for ours and theirs; undefined when all is. */
function firstDifference(cell: Cell, ours: Required<MessageCodec>, theirs: Theirs): string | undefined {
  const wanted = theirs.serialize(cell.message);
  const bytes = Buffer.from(ours.encode(cell.message));
  if (!bytes.equals(wanted)) return `encoded ${bytes.toString('hex')} instead of ${wanted.toString('hex')}`;
  if (!encodedInPlace(ours, cell.message).equals(wanted)) return 'encoded in place it is something else';
  const decoded = ours.decode(wanted);
  const expected = theirs.deserialize(wanted);
  if (!isDeepStrictEqual(comparable(decoded), comparable(expected))) {
    return `decoded ${JSON.stringify(comparable(decoded))} instead of ${JSON.stringify(comparable(expected))}`;
  }
  return undefined;
}

/** The counts as docs/schema.md has them, one line for each kind. */
function parityTable(): string[] {
  const places = ['single', 'maybe', 'member', 'list', 'packed', 'unpacked', 'values', 'keys'];
  const rows = Object.keys(KINDS).map((kind) => {
    const numbers = places.map((place) => counts.equal.get(`${kind} ${place}`) ?? 0);
    return [kind, ...numbers, numbers.reduce((sum, number) => sum + number, 0)];
  });
  const totals = places.map((_, at) => rows.reduce((sum, row) => sum + (row[at + 1] as number), 0));
  rows.push(['all', ...totals, totals.reduce((sum, number) => sum + number, 0)]);
  return [['kind', ...places, 'all'], ...rows].map((row) => row.join(' | '));
}

afterAll(() => {
  const options = [...counts.options].map(([name, number]) => `${name}: ${number}`);
  const differences = [...counts.differences].map(([name, number]) => `${name}: ${number}`);
  console.log(
    [
      'messages encoded, encoded in place and decoded as by @grpc/proto-loader, in proto3 and proto2:',
      ...parityTable(),
      `by option: ${options.join('; ')}`,
      `different on purpose: ${differences.join('; ')}`,
      `both ways of encoding: ${ways.messages} messages, ${ways.encodings} further encodings, all the same bytes`,
    ].join('\n'),
  );
});
