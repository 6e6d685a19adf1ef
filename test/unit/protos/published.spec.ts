import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import protobuf from 'protobufjs';
import { describe, expect, it } from '@jest/globals';
import { GO_MODULES, goModule, hasGo } from '../../support/go-module.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** protobufjs brings Google's own files. */
const googles = fileURLToPath(new URL('../../../node_modules/protobufjs', import.meta.url));
const withGo = (await hasGo()) ? describe : describe.skip;

/** What the published files define that ours leave out, and why. */
const LEFT_OUT: Record<string, readonly string[]> = {
  // Plugins compiled to WebAssembly call it, not over ttrpc.
  'api.proto': [
    'nri.pkg.api.v1alpha1.HostFunctions',
    'nri.pkg.api.v1alpha1.LogRequest',
    'nri.pkg.api.v1alpha1.LogRequest.Level',
  ],
};

const SETS = [
  { ours: 'proto/nri', module: GO_MODULES.nri, under: 'pkg/api' },
  { ours: 'proto/containerd', module: GO_MODULES.containerdApi, under: '.' },
];

describe('TypeScript made of the .proto files', () => {
  it('is what the files say', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['scripts/protos.mjs', '--check'], { cwd: root });
    expect(stdout).toContain('are as generated');
  });
});

withGo.each(SETS)('.proto files of $ours, beside those of $module', ({ ours, module, under }) => {
  const folder = join(root, ours);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

  it('has files to look at', () => {
    expect(files.length).toBeGreaterThan(0);
  });

  it.each(files)('%s defines the same', async (file) => {
    const published = definitions(join(await goModule(module), under), file);
    for (const name of LEFT_OUT[file] ?? []) {
      expect(published).toHaveProperty([name]);
      delete published[name];
    }
    expect(definitions(folder, file)).toEqual(published);
  });
});

/** What one file defines, by full name: each field with its number and type, each value, each rpc. */
function definitions(folder: string, file: string): Record<string, unknown> {
  const loaded = new protobuf.Root();
  loaded.resolvePath = (_origin, name) => join(name.startsWith('google/') ? googles : folder, name);
  loaded.loadSync(file, { keepCase: true });
  loaded.resolveAll();
  const found: Record<string, unknown> = {};
  const path = join(folder, file);
  const visit = (object: protobuf.ReflectionObject): void => {
    if (object.filename === path && !(object instanceof protobuf.Field)) {
      const name = object.fullName.slice(1);
      if (object instanceof protobuf.Type) found[name] = object.fieldsArray.map(fieldOf);
      else if (object instanceof protobuf.Enum) found[name] = { ...object.values };
      else if (object instanceof protobuf.Service) found[name] = object.methodsArray.map(methodOf);
    }
    if (object instanceof protobuf.Namespace) for (const nested of object.nestedArray) visit(nested);
  };
  visit(loaded);
  return found;
}

function fieldOf(field: protobuf.Field): unknown {
  return {
    name: field.name,
    id: field.id,
    type: field.resolvedType?.fullName ?? field.type,
    key: field instanceof protobuf.MapField ? field.keyType : undefined,
    repeated: field.repeated,
    optional: field.options?.['proto3_optional'] === true,
    packed: field.packed,
  };
}

function methodOf(method: protobuf.Method): unknown {
  return {
    name: method.name,
    request: method.resolvedRequestType?.fullName,
    response: method.resolvedResponseType?.fullName,
    streams: [method.requestStream === true, method.responseStream === true],
  };
}
