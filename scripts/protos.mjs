// Makes TypeScript of the .proto files in proto/: a descriptor that loadSchema takes (bundles and CommonJS find no files
// beside them), and the types of its messages and rpcs as the codecs give them; of small ones their text alone (see
// proto-texts.mjs). `--check` says whether that was done.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import protobuf from 'protobufjs';
import { protoTextModules } from './proto-texts.mjs';
import { root as folder } from './run.mjs';

const TARGETS = [
  {
    from: 'proto/nri',
    files: ['api.proto'],
    to: 'src/nri/generated',
    rename: {},
    skipTypes: [],
  },
  {
    from: 'proto/containerd',
    files: [
      'events/container.proto',
      'events/content.proto',
      'events/image.proto',
      'events/namespace.proto',
      'events/sandbox.proto',
      'events/snapshot.proto',
      'events/task.proto',
      'runtime/bootstrap/v1/bootstrap.proto',
      'runtime/task/v2/shim.proto',
      'runtime/task/v3/shim.proto',
      'services/ttrpc/events/v1/events.proto',
      'types/introspection.proto',
      'types/runc/options/oci.proto',
    ],
    to: 'src/containerd/generated',
    // Names that say too little outside their package.
    rename: {
      'containerd.v1.types.Status': 'TaskStatus',
      'containerd.v1.types.Process': 'TaskProcess',
      'containerd.runc.v1.Options': 'RuncOptions',
      'containerd.runc.v1.CheckpointOptions': 'RuncCheckpointOptions',
      'containerd.runc.v1.ProcessDetails': 'RuncProcessDetails',
      'containerd.runtime.bootstrap.v1.Extension': 'BootstrapExtension',
      'containerd.runtime.bootstrap.v1.LogLevel': 'BootstrapLogLevel',
      'containerd.runtime.bootstrap.v1.Capability': 'BootstrapCapability',
    },
    // The same messages as v2.
    skipTypes: ['containerd.task.v3'],
  },
];

const NUMBERS = ['int32', 'uint32', 'sint32', 'fixed32', 'sfixed32', 'float', 'double'];
const BIGINTS = ['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64'];
const HEADER = '// Made by scripts/protos.mjs of the .proto files in FROM: do not edit.\n';

const check = process.argv.includes('--check');
let stale = false;
for (const target of TARGETS) {
  const root = load(target);
  const header = HEADER.replace('FROM', target.from);
  write(join(target.to, 'descriptor.ts'), header + descriptorModule(root));
  write(join(target.to, 'messages.ts'), header + typesModule(root, target));
}
for (const [file, text] of protoTextModules()) write(file, text);
if (stale) process.exitCode = 1;
else if (check) console.log('src: the modules made of .proto files are as generated');

function load({ from, files }) {
  const base = join(folder, from);
  const root = new protobuf.Root();
  root.resolvePath = (origin, name) =>
    /^google\/protobuf\//.test(name) ? name : join(base, relative(base, join(base, name)));
  root.loadSync(files);
  root.resolveAll();
  return root;
}

function descriptorModule(root) {
  const { nested } = root.toJSON();
  return `/** The definitions as protobufjs's JSON has them. */
export const descriptor = {
  nested: ${JSON.stringify(nested)},
};
`;
}

function typesModule(root, { rename, skipTypes }) {
  const typeName = (object) => {
    const full = object.fullName.slice(1);
    if (rename[full]) return rename[full];
    return object.parent instanceof protobuf.Type ? typeName(object.parent) + object.name : object.name;
  };
  const out = [];
  const used = new Set();
  let methods = false;
  const scalar = (field) => {
    const { type, resolvedType } = field;
    if (type === 'string') return 'string';
    if (type === 'bool') return 'boolean';
    if (type === 'bytes') return 'Uint8Array';
    if (NUMBERS.includes(type)) return 'number';
    if (BIGINTS.includes(type)) return 'bigint';
    return typeName(resolvedType);
  };
  const property = (field) => {
    const name = field.name;
    if (field instanceof protobuf.MapField) return `  ${name}: Record<string, ${scalar(field)}>;\n`;
    if (field.repeated)
      return `  ${name}: ${arrayOf(field.resolvedType instanceof protobuf.Enum ? scalar(field) : scalar(field))};\n`;
    if (field.options?.proto3_optional) return `  ${name}?: ${scalar(field)};\n`;
    if (field.resolvedType instanceof protobuf.Type) return `  ${name}: ${scalar(field)} | null;\n`;
    return `  ${name}: ${scalar(field)};\n`;
  };
  const add = (object) => {
    if (object instanceof protobuf.Service) {
      methods = true;
      const rpcs = object.methodsArray.map((method) => {
        const request = typeName(method.resolvedRequestType);
        const response = typeName(method.resolvedResponseType);
        return `  readonly ${method.name}: Rpc<${request}, ${response}>;\n`;
      });
      out.push(
        `/** The rpcs of ${object.fullName.slice(1)}. */\nexport type ${object.name}Methods = {\n${rpcs.join('')}};\n`,
      );
      return;
    }
    if (object instanceof protobuf.Type || object instanceof protobuf.Enum) {
      const name = typeName(object);
      if (used.has(name)) throw new Error(`two types are named ${name}: rename one in scripts/protos.mjs`);
      used.add(name);
      const doc = `/** ${object.fullName.slice(1)} */\n`;
      if (object instanceof protobuf.Enum) {
        const names = Object.keys(object.values).map((value) => `'${value}'`);
        out.push(
          `${doc}export type ${name} =${names.map((value) => `\n  | ${value}`).join('')}\n  // A value that these definitions do not know.\n  | number;\n`,
        );
        return;
      }
      const properties = object.fieldsArray.map(property).join('');
      out.push(
        properties === ''
          ? `${doc}export type ${name} = Record<never, never>;\n`
          : `${doc}export interface ${name} {\n${properties}}\n`,
      );
    }
    for (const nested of object.nestedArray ?? []) {
      if (!skipTypes.includes(nested.fullName.slice(1))) add(nested);
    }
  };
  for (const nested of root.nestedArray) add(nested);
  const imports = methods ? "import type { Rpc } from '../../schema/message-init.js';\n\n" : '';
  return imports + out.join('\n');
}

function arrayOf(type) {
  return `${type}[]`;
}

function write(file, text) {
  const path = join(folder, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  if (check) {
    console.error(`${file} is not what proto/ says: run node scripts/protos.mjs`);
    stale = true;
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(file);
}
