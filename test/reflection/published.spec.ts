import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import type descriptor from 'protobufjs/ext/descriptor.js';
import { PROTOS as HEALTH } from '../../src/health/generated/protos.js';
import { describeRoot } from '../../src/reflection/describe-root.js';
import { PROTOS as REFLECTION } from '../../src/reflection/generated/protos.js';
import { descriptorTypes } from '../../src/schema/sources/descriptor-types.js';
import { goVersion } from '../interop/go-peer.js';

const GO_MODULE = fileURLToPath(new URL('../interop/go', import.meta.url));
const { FileDescriptorProto } = descriptorTypes();

type File = descriptor.IFileDescriptorProto;
type Message = descriptor.IDescriptorProto;

/** The FileDescriptorProto that Go's generated code carries, in the literals of a constant. */
function published(path: string): Uint8Array {
  const folder = execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', 'google.golang.org/grpc'], {
    cwd: GO_MODULE,
    encoding: 'utf8',
  }).trim();
  const source = readFileSync(join(folder, path), 'utf8');
  const lines = source.slice(source.indexOf('_rawDesc = ')).split('\n');
  const last = lines.findIndex((line) => !line.endsWith('+'));
  const pieces = lines.slice(0, last + 1).map((line) => goBytes(/"(.*)"/.exec(line)?.[1] ?? ''));
  return Buffer.concat(pieces);
}

const SINGLE: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 };

/** The bytes of a Go string literal. */
function goBytes(text: string): Buffer {
  const parts = [...text.matchAll(/\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\(.)|([^\\]+)/g)];
  return Buffer.concat(
    parts.map(([, hex, unicode, single, plain]) => {
      if (hex !== undefined) return Buffer.from(hex, 'hex');
      if (unicode !== undefined) return Buffer.from(String.fromCharCode(parseInt(unicode, 16)));
      if (single !== undefined) return Buffer.from([SINGLE[single] ?? NaN]);
      return Buffer.from(plain ?? '');
    }),
  );
}

function ours({ name, text }: { name: string; text: string }): Uint8Array {
  const { root } = protobuf.parse(text, { keepCase: true });
  root.resolveAll();
  const [file] = describeRoot(root, () => name);
  if (!file) throw new Error(`${name} defines nothing`);
  return file;
}

/** What travels: neither the options of languages nor the order of definitions. */
function comparable(bytes: Uint8Array): object {
  const { options: _options, ...file } = FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes)) as File;
  const byName = (a: { name?: string | null }, b: { name?: string | null }): number =>
    `${a.name}` < `${b.name}` ? -1 : 1;
  const sorted = (messages: Message[] = []): Message[] =>
    [...messages].sort(byName).map((each) => ({ ...each, field: [...(each.field ?? [])].sort(byName) }));
  return {
    ...file,
    messageType: sorted(file.messageType),
    service: file.service?.map((each) => ({
      ...each,
      method: [...(each.method ?? [])].sort(byName).map((method) => ({ ...method, options: undefined })),
    })),
  };
}

const go = await goVersion();

(go === undefined ? describe.skip : describe)('what this library serves is what grpc has published', () => {
  it.each([
    ['health/grpc_health_v1/health.pb.go', HEALTH.health],
    ['reflection/grpc_reflection_v1/reflection.pb.go', REFLECTION.v1],
    ['reflection/grpc_reflection_v1alpha/reflection.pb.go', REFLECTION.v1alpha],
  ])('%s', (path, proto) => {
    expect(comparable(ours(proto))).toEqual(comparable(published(path)));
  });
});
