// Makes modules of .proto files that the library reads at run time: bundles and CommonJS find no files beside them, and
// Node 20 warns of imported JSON. Google's files are those that protobufjs brings where it has today's; the others, and
// those of our optional entries, are in proto/.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const OURS = 'proto';
const PROTOBUFJS = 'node_modules/protobufjs';

/** A file by the name that an import of it has, from a folder. */
const file = (folder, name) => ({ name, path: join(folder, name) });
const reflection = file(OURS, 'grpc/reflection/v1/reflection.proto');

/** The files of each module by the keys that they have in it. */
const MODULES = {
  'src/schema/sources/generated/protos.ts': {
    sourceContext: file(PROTOBUFJS, 'google/protobuf/source_context.proto'),
    type: file(OURS, 'google/protobuf/type.proto'),
    api: file(OURS, 'google/protobuf/api.proto'),
    descriptor: file(PROTOBUFJS, 'google/protobuf/descriptor.proto'),
    code: file(OURS, 'google/rpc/code.proto'),
    status: file(OURS, 'google/rpc/status.proto'),
    errorDetails: file(OURS, 'google/rpc/error_details.proto'),
    http: file(OURS, 'google/api/http.proto'),
    annotations: file(PROTOBUFJS, 'google/api/annotations.proto'),
  },
  'src/health/generated/protos.ts': {
    health: file(OURS, 'grpc/health/v1/health.proto'),
    kata: { name: 'health.proto', path: join(OURS, 'kata/health.proto') },
  },
  'src/reflection/generated/protos.ts': {
    v1: reflection,
    // The same but for the name of its package.
    v1alpha: {
      name: 'grpc/reflection/v1alpha/reflection.proto',
      path: reflection.path,
      edit: (text) => text.replace('package grpc.reflection.v1;', 'package grpc.reflection.v1alpha;'),
    },
  },
};

/** Path and text of each module. */
export function protoTextModules() {
  return Object.entries(MODULES).map(([module, files]) => [module, moduleOf(files)]);
}

function moduleOf(files) {
  const entries = Object.entries(files).map(([key, { name, path, edit = (text) => text }]) => {
    const text = JSON.stringify(edit(condensed(readFileSync(join(root, path), 'utf8'))));
    return `  ${key}: { name: '${name}', text: ${text} },\n`;
  });
  return `// Made by scripts/protos.mjs of .proto files: do not edit.
/** Each file with the name that an import of it has. */
export const PROTOS = {
${entries.join('')}} as const;
`;
}

/** A .proto file without its comments, its indentation and its empty lines. */
function condensed(text) {
  return text
    .replace(/("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\/\/[^\n]*|\/\*[^]*?\*\//g, (_, string = '') => string)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}
