import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import type { MessageCodec } from '../../src/protocol/wire/message-codec.js';
import { loadSchema } from '../../src/schema/index.js';

const RESOURCES = 180;
const PARTS = 12;
const FIELDS = 40;

/** In the shape of GoogleAds: a response whose rows hold one of many resources, each of many fields and messages. */
function source(): string {
  const scalars = Array.from({ length: FIELDS }, (_, index) => {
    const type = ['string', 'int64', 'double', 'bool', 'Status'][index % 5];
    return `optional ${type} field_${index} = ${index + 1};`;
  });
  const part = (index: number): string =>
    `message Part${index} { enum Kind { A = 0; B = 1; } string name = 1; int64 value = 2; repeated Kind kinds = 3; }
     optional Part${index} part_${index} = ${100 + index};`;
  const parts = Array.from({ length: PARTS }, (_, index) => part(index)).join('\n');
  const resources = Array.from(
    { length: RESOURCES },
    (_, index) => `message Resource${index} { enum Status { UNSET = 0; ON = 1; } ${scalars.join(' ')} ${parts} }`,
  );
  const row = Array.from({ length: RESOURCES }, (_, index) => `Resource${index} resource_${index} = ${index + 1};`);
  return `syntax = "proto3"; package large;
    ${resources.join('\n')}
    message Row { ${row.join(' ')} }
    message Response { repeated Row results = 1; string next_page_token = 2; }`;
}

const MESSAGE = {
  results: [{ resource_0: { field_0: 'name', field_1: '17', part_0: { name: 'a' } }, resource_1: { field_2: 0.5 } }],
};

/** How many types the measured one reaches. */
export const FIRST_USE_TYPES = 1 + RESOURCES * (1 + PARTS);

/** What the first message of a type costs, in milliseconds: the event loop stands still for so long. */
export interface FirstUse {
  readonly name: string;
  readonly decode: number;
  readonly encode: number;
}

function once(run: () => unknown): number {
  const from = performance.now();
  run();
  return performance.now() - from;
}

/** Measures the first use with new types: once for each call, since a second use would not be the first. */
export function firstUse(): FirstUse[] {
  const folder = mkdtempSync(join(tmpdir(), 'bench-codec-'));
  try {
    const file = join(folder, 'large.proto');
    writeFileSync(file, source());
    const build = protobuf.loadSync(file).lookupType('large.Response');
    const bytes = Buffer.from(build.encode(build.fromObject(MESSAGE)).finish());
    // Loaded anew for each figure: what one way makes ready would spare the other its work.
    const load = {
      ours: () => loadSchema({ protoPath: file }).findType('large.Response') as MessageCodec,
      loader: () => loadSync(file)['large.Response'] as MessageTypeDefinition<object, object>,
      bare: () => protobuf.loadSync(file).resolveAll().lookup('large.Response') as protobuf.Type,
    };
    const ours = [load.ours(), load.ours()] as const;
    const loader = [load.loader(), load.loader()] as const;
    const bare = [load.bare(), load.bare()] as const;
    return [
      { name: 'ours', decode: once(() => ours[0].decode(bytes)), encode: once(() => ours[1].encode(MESSAGE)) },
      {
        name: 'proto-loader',
        decode: once(() => loader[0].deserialize(bytes)),
        encode: once(() => loader[1].serialize(MESSAGE)),
      },
      {
        name: 'protobufjs, converted',
        decode: once(() => bare[0].toObject(bare[0].decode(bytes))),
        encode: once(() => bare[1].encode(bare[1].fromObject(MESSAGE)).finish()),
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
