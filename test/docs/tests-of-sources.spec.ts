import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Sources that no test of `test/unit` names, with the reason and the tests that cover them: a folder (`client/`) for all
 * files in it, or one file.
 */
const EXCEPTIONS: Record<string, { why: string; tests: string[] }> = {
  'protocol/core/root-context.ts': {
    why: 'its effect shows only with a caller that has an AsyncLocalStorage',
    tests: ['test/nest/client-context.spec.ts'],
  },
  'protocol/core/guarded-signal.ts': {
    why: 'its effect shows only with a listener of a handler',
    tests: ['test/unit/protocol/server/raw-handlers.spec.ts'],
  },
  'protocol/wire/envelope-fields.ts': {
    why: 'what both envelopes share',
    tests: ['test/unit/protocol/wire/envelope.spec.ts'],
  },
  'protocol/wire/floats.ts': {
    why: 'driven through messages',
    tests: ['test/unit/schema'],
  },
  'protocol/wire/service-descriptor.ts': { why: 'types alone', tests: ['test/unit/protocol'] },
  'protocol/wire/arena-pool.ts': {
    why: 'the buffers of FrameWriter; a pool alone has no behaviour to test',
    tests: ['test/unit/protocol/wire/frames.spec.ts'],
  },
  'protocol/socket/': {
    why: 'these need sockets, files, processes or other users',
    tests: ['test/attacks/socket-file.spec.ts', 'test/faults/socket-life.spec.ts', 'test/faults/cluster.spec.ts'],
  },
  'protocol/connection/': {
    why: 'driven through both sides, frame by frame',
    tests: ['test/unit/protocol/server/server-model.spec.ts', 'test/unit/protocol/client/client-model.spec.ts', 'test/conformance'],
  },
  'protocol/server/': {
    why: 'driven through the wire and the raw API',
    tests: ['test/unit/protocol/server/server-model.spec.ts', 'test/unit/protocol/raw-calls.spec.ts', 'test/conformance'],
  },
  'protocol/client/': {
    why: 'driven through the wire and the raw API',
    tests: ['test/unit/protocol/client/client-model.spec.ts', 'test/unit/protocol/raw-calls.spec.ts', 'test/conformance'],
  },
  'schema/': {
    why: 'driven through loadSchema and its codecs, against protobufjs, Go and the suite of protobuf',
    tests: ['test/unit/schema', 'test/protobuf-conformance'],
  },
  'cli/': { why: 'a program: its tests run it as users do', tests: ['test/cli'] },
  'common/': { why: 'exists only within an application', tests: ['test/nest'] },
  'transport/': { why: 'exists only within a Nest application', tests: ['test/nest'] },
  'client/': { why: 'exists only with a server', tests: ['test/nest'] },
  'gateway/': { why: 'exists only within an HTTP application', tests: ['test/nest/http-gateway.spec.ts'] },
  'nri/': { why: 'driven by the real runtime side', tests: ['test/nri'] },
  'containerd/': { why: 'driven by the real containerd and its shims', tests: ['test/containerd'] },
  'testing/': { why: 'exists only within an application', tests: ['test/nest/testing.spec.ts'] },
  'health/': { why: 'exists only within a Nest application', tests: ['test/health'] },
  'metrics/': { why: 'driven through calls that are counted, and scraped', tests: ['test/metrics'] },
  'opentelemetry/': { why: 'driven through calls that are traced, with Go', tests: ['test/interop/otel'] },
  'reflection/': { why: 'exists only within a Nest application', tests: ['test/reflection'] },
  'grpc/': { why: 'exists only within a Nest application', tests: ['test/grpc'] },
  'decorators/': { why: 'exists only within a Nest application', tests: ['test/nest', 'test/unit/schema'] },
};

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ parentPath, name }) => join(parentPath, name).slice(join(ROOT, folder).length + 1));
}

/** The sources that a file of `test/unit` imports. */
function namedSources(): Set<string> {
  const named = new Set<string>();
  for (const file of filesIn('test/unit')) {
    const text = readFileSync(join(ROOT, 'test/unit', file), 'utf8');
    for (const [, source = ''] of text.matchAll(/\/src\/([\w./-]+)\.js'/g)) named.add(`${source}.ts`);
  }
  return named;
}

const named = namedSources();
// An index only lists what others export.
const sources = filesIn('src').filter((file) => !file.endsWith('index.ts'));
const unnamed = sources.filter((file) => !named.has(file));

describe('each source file', () => {
  it('is there', () => {
    expect(sources.length).toBeGreaterThan(100);
  });

  it('is named by a unit test, or its absence has a reason', () => {
    const covered = (file: string): boolean =>
      Object.keys(EXCEPTIONS).some((place) => file === place || (place.endsWith('/') && file.startsWith(place)));
    expect(unnamed.filter((file) => !covered(file))).toEqual([]);
  });
});

describe('each exception', () => {
  it.each(Object.entries(EXCEPTIONS))('%s is still needed, and its tests exist', (place, { tests }) => {
    expect(unnamed.filter((file) => file.startsWith(place))).not.toEqual([]);
    expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
