// `npm run bench:codec [-- --quick] [--only 'decode Cluster']`: what our codec takes to decode and encode, and what others take in proportion. All
// take turns in one process, in short rounds; a figure is the lower quartile of its rounds, so that what else runs on the
// machine counts little.
import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { loadSync, type MessageTypeDefinition, type Options } from '@grpc/proto-loader';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { loadSchema, type LoaderOptions } from '../../src/schema/index.js';
import { FIRST_USE_TYPES, firstUse } from './first-use.js';
import { SAMPLES, type Sample } from './messages.js';

const PROTO = fileURLToPath(new URL('./messages.proto', import.meta.url));

const OPTIONS: Readonly<Record<string, LoaderOptions>> = {
  'no options': {},
  defaults: { defaults: true },
  'longs, enums: String': { longs: String, enums: String },
  all: { longs: String, enums: String, defaults: true, oneofs: true },
};

const isQuick = process.argv.includes('--quick');
const only = process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '') : '';
const ROUNDS = isQuick ? 20 : 100;
const ROUND_MS = 6;
const WARM_UP_MS = isQuick ? 150 : 400;

/** What is compared; the first is ours. */
interface Codec {
  readonly name: string;
  readonly decode: () => unknown;
  readonly encode: () => unknown;
}

function codecsOf({ typeName, value }: Sample, loader: LoaderOptions): Codec[] {
  const ours = loadSchema({ protoPath: PROTO, loader }).findType(typeName);
  const loaded = loadSync(PROTO, loader as Options)[typeName] as MessageTypeDefinition<object, object>;
  const type = protobuf.loadSync(PROTO).lookupType(typeName);
  const file = loaded.fileDescriptorProtos.map((proto) => fromBinary(FileDescriptorProtoSchema, proto));
  // protobufjs writes names as they are in the file; protobuf-es wants them qualified.
  for (const { package: scope, messageType } of file) {
    for (const { name, field, nestedType } of messageType) {
      for (const one of field) {
        if (one.typeName === '' || one.typeName.startsWith('.')) continue;
        const isNested = nestedType.some((nested) => nested.name === one.typeName);
        one.typeName = `.${scope}.${isNested ? `${name}.` : ''}${one.typeName}`;
      }
    }
  }
  const es = createFileRegistry(create(FileDescriptorSetSchema, { file })).getMessage(typeName);
  if (!ours || !es) throw new Error(`no type ${typeName}`);
  const bytes = Buffer.from(type.encode(type.fromObject(value)).finish());
  const bare = type.decode(bytes);
  const esMessage = fromBinary(es, bytes);
  // What a program has that has received such a message.
  const ourMessage = ours.decode(bytes);
  const loadedMessage = loaded.deserialize(bytes);
  const conversion = loader as protobuf.IConversionOptions;
  const plain = type.toObject(bare, conversion);
  return [
    { name: 'ours', decode: () => ours.decode(bytes), encode: () => ours.encode(ourMessage) },
    {
      name: 'proto-loader',
      decode: () => loaded.deserialize(bytes),
      encode: () => loaded.serialize(loadedMessage),
    },
    {
      name: 'protobufjs, converted',
      decode: () => type.toObject(type.decode(bytes), conversion),
      encode: () => type.encode(type.fromObject(plain)).finish(),
    },
    { name: 'protobufjs, bare', decode: () => type.decode(bytes), encode: () => type.encode(bare).finish() },
    { name: 'protobuf-es', decode: () => fromBinary(es, bytes), encode: () => toBinary(es, esMessage) },
  ];
}

/** Microseconds that one run takes, in a round of about `ms`. */
function round(run: () => unknown, ms: number): number {
  const from = performance.now();
  let runs = 0;
  let now = from;
  while (now - from < ms) {
    for (let i = 0; i < 20; i += 1) run();
    runs += 20;
    now = performance.now();
  }
  return ((now - from) / runs) * 1000;
}

function lowerQuartile(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 2] ?? Number.NaN;
}

/** Microseconds, in the order of `runs`, which take turns. */
function compare(runs: readonly (() => unknown)[]): number[] {
  for (const run of runs) round(run, WARM_UP_MS);
  const rounds = Array.from({ length: ROUNDS }, () => runs.map((run) => round(run, ROUND_MS)));
  return runs.map((_, index) => lowerQuartile(rounds.map((times) => times[index] ?? Number.NaN)));
}

if ('first use'.includes(only)) {
  console.log(
    `\n| first use of a type that reaches ${FIRST_USE_TYPES} others, ms | decode | encode |\n| --- | --- | --- |`,
  );
  // The first round is a process's first use of a codec at all: none of its code is compiled yet.
  const [first = [], ...later] = Array.from({ length: isQuick ? 3 : 9 }, firstUse);
  for (const [index, { name, decode, encode }] of first.entries()) {
    const among = (way: 'decode' | 'encode'): string =>
      lowerQuartile(later.map((all) => all[index]?.[way] ?? Number.NaN)).toFixed(1);
    console.log(`| ${name}, of the process | ${decode.toFixed(1)} | ${encode.toFixed(1)} |`);
    console.log(`| ${name}, of a later type | ${among('decode')} | ${among('encode')} |`);
  }
}

for (const way of ['decode', 'encode'] as const) {
  console.log(
    `\n| ${way} | options | ours, µs | proto-loader | protobufjs, converted | protobufjs, bare | protobuf-es |`,
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const [name, sample] of Object.entries(SAMPLES)) {
    for (const [options, loader] of Object.entries(OPTIONS)) {
      if (!`${way} ${name} ${options}`.includes(only)) continue;
      const [ours = Number.NaN, ...others] = compare(codecsOf(sample, loader).map((codec) => codec[way]));
      const ratios = others.map((time) => `x${(time / ours).toFixed(2)}`);
      console.log(`| ${[name, options, ours.toFixed(2), ...ratios].join(' | ')} |`);
    }
  }
}

if ('unknown properties'.includes(only)) {
  console.log('\n| encode, in proportion to `ignore` | warn | error |\n| --- | --- | --- |');
  for (const [name, { typeName, value }] of Object.entries(SAMPLES)) {
    const runs = (['ignore', 'warn', 'error'] as const).map((unknownProperties) => {
      const codec = loadSchema({ protoPath: PROTO, unknownProperties }).findType(typeName);
      const type = protobuf.loadSync(PROTO).lookupType(typeName);
      const message = codec?.decode(Buffer.from(type.encode(type.fromObject(value)).finish()));
      return () => codec?.encode(message);
    });
    const [ignore = Number.NaN, ...others] = compare(runs);
    console.log(`| ${[name, ...others.map((time) => `x${(time / ignore).toFixed(2)}`)].join(' | ')} |`);
  }
}

const [{ model } = { model: 'unknown' }] = cpus();
console.log(
  `\nNode ${process.version}, ${cpus().length} cores of ${model.trim()}, ${process.platform} ${process.arch}`,
);
