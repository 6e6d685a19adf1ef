// Makes test/unit/schema/generated from the .proto files: `node test/unit/schema/generate.mjs`. It needs Go, which
// compiles the files, and npx, which fetches the two code generators in the versions below.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const here = dirname(fileURLToPath(import.meta.url));
const protos = join(here, 'protos');
const generated = join(here, 'generated');
const set = join(generated, 'descriptors.binpb');

/** Plugins of protoc, each an npm package: what is put before its files, its options, and its folder. */
const plugins = [
  {
    folder: 'protobuf-es',
    packages: ['@bufbuild/protoc-gen-es@2.17.0', '@bufbuild/protobuf@2.17.0'],
    command: 'protoc-gen-es',
    parameter: 'target=ts,import_extension=js',
    files: ['library.proto', 'kitchen-sink.proto', 'old.proto'],
  },
  {
    folder: 'ts-proto',
    packages: ['ts-proto@2.18.0'],
    command: 'protoc-gen-ts_proto',
    parameter:
      'outputServices=generic-definitions,outputTypeAnnotations=static-only,importSuffix=.js,esModuleInterop=true,' +
      'forceLong=bigint,oneof=unions-value,useOptionals=messages,outputJsonMethods=false,useExactTypes=false',
    files: ['library.proto', 'google/protobuf/timestamp.proto', 'google/protobuf/empty.proto'],
  },
  {
    // As ts-proto does it without options, but for the service.
    folder: 'ts-proto-plain',
    packages: ['ts-proto@2.18.0'],
    command: 'protoc-gen-ts_proto',
    parameter: 'outputServices=generic-definitions,importSuffix=.js,esModuleInterop=true',
    files: ['library.proto', 'google/protobuf/timestamp.proto', 'google/protobuf/empty.proto'],
  },
  {
    // As users of Nest's gRPC transport have it.
    folder: 'ts-proto-nest',
    packages: ['ts-proto@2.18.0'],
    command: 'protoc-gen-ts_proto',
    parameter: 'nestJs=true,addGrpcMetadata=true,importSuffix=.js,esModuleInterop=true',
    files: ['library.proto', 'google/protobuf/timestamp.proto', 'google/protobuf/empty.proto'],
  },
];

for (const version of [3, 2]) {
  const text = execFileSync(process.execPath, [join(protos, 'matrix.mjs'), `proto${version}`]);
  writeFileSync(join(protos, `matrix${version}.proto`), text);
}
rmSync(generated, { recursive: true, force: true });
mkdirSync(generated);
const names = ['kitchen-sink.proto', 'old.proto', 'matrix3.proto', 'matrix2.proto', 'library.proto'];
execFileSync('go', ['run', './descriptors', '-I', protos, '-o', set, ...names], {
  cwd: join(here, '../../interop/go/gen'),
  stdio: 'inherit',
});

const types = protobuf.parse(`
  syntax = "proto3";
  message Set { repeated bytes file = 1; }
  message Request { repeated string file_to_generate = 1; string parameter = 2; repeated bytes proto_file = 15; }
  message Response { string error = 1; repeated File file = 15; message File { string name = 1; string content = 15; } }
`).root;
const { file: files } = types.lookupType('Set').decode(readFileSync(set));
const Request = types.lookupType('Request');
const Response = types.lookupType('Response');

for (const { folder, packages, command, parameter, files: fileToGenerate } of plugins) {
  const request = Request.encode(Request.create({ fileToGenerate, parameter, protoFile: files })).finish();
  const args = ['--yes', ...packages.map((name) => `--package=${name}`), '--', command];
  const answer = execFileSync('npx', args, { input: request, maxBuffer: 2 ** 26 });
  const { error, file } = Response.decode(answer);
  if (error) throw new Error(`${command}: ${error}`);
  for (const { name, content } of file) {
    const target = join(generated, folder, name);
    mkdirSync(dirname(target), { recursive: true });
    // Jest compiles each file on its own, and cannot know that these two are types.
    const types = folder === 'ts-proto-nest' ? /^import \{ (Empty|Timestamp) \}/gm : /(?!)/;
    writeFileSync(target, content.replace(types, 'import type { $1 }'));
  }
}
