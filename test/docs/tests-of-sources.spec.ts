import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Rooms that are tested as their users use them, through the entry or the program, with the folder of those tests. */
const TESTED_FROM_OUTSIDE: Record<string, string> = {
  cli: 'test/cli',
  containerd: 'test/containerd',
  grpc: 'test/grpc',
  health: 'test/health',
  metrics: 'test/metrics',
  nri: 'test/nri',
  opentelemetry: 'test/interop/otel',
  reflection: 'test/reflection',
};

interface Exception {
  /** The room, then files of it. */
  readonly in: string;
  readonly files: readonly string[];
  readonly why: string;
  /** The tests that cover them. */
  readonly tests: readonly string[];
}

/** Sources of the other rooms that no test of `test/unit` names, with the reason and the tests that cover them. */
const EXCEPTIONS: readonly Exception[] = [
  {
    in: 'client',
    files: ['calls/guarded-subscriber.ts', 'calls/request-source.ts'],
    why: 'request streams of every kind, well-behaved or not, need calls',
    tests: ['test/nest/client-calls.spec.ts', 'test/nest/client-failures.spec.ts', 'test/nest/client-retry.spec.ts'],
  },
  {
    in: 'client',
    files: ['api/retry-options.ts', 'calls/replayed-requests.ts', 'calls/retry-policy.ts', 'calls/retrying-call.ts'],
    why: 'retries need servers that fail and come back',
    tests: ['test/nest/client-retry.spec.ts'],
  },
  {
    in: 'client',
    files: ['api/service-of.ts', 'calls/direct-calls.ts'],
    why: 'the client itself, in an application with a server',
    tests: ['test/nest/service-of.spec.ts'],
  },
  {
    in: 'transport',
    files: ['call/checked-delivery.ts', 'call/message-check.ts', 'nest-seam/message-pipes.ts'],
    why: 'pipes over the messages of a stream, in an application',
    tests: ['test/nest/validate-messages.spec.ts', 'test/unit/transport/nest-seam'],
  },
  {
    in: 'schema',
    files: ['idempotency.ts'],
    why: 'a field of the descriptors that loading makes',
    tests: ['test/unit/schema/idempotency.spec.ts'],
  },
  {
    in: 'protocol/client',
    files: ['raw-options.ts'],
    why: 'names of options',
    tests: ['test/unit/protocol/core/option-names.spec.ts'],
  },
  {
    in: 'protocol/server',
    files: ['option-names.ts'],
    why: 'names of options',
    tests: ['test/unit/protocol/core/option-names.spec.ts'],
  },
  {
    in: 'common',
    files: ['option-names.ts'],
    why: 'names of options',
    tests: ['test/nest/misspelt-options.spec.ts'],
  },
  {
    in: 'schema',
    files: ['option-names.ts'],
    why: 'names of options',
    tests: ['test/nest/misspelt-options.spec.ts'],
  },
  {
    in: 'protocol/socket',
    files: ['accepted-connections.ts'],
    why: 'driven over sockets, with a peer that dials',
    tests: ['test/unit/protocol/socket/accepted-connections.spec.ts'],
  },
  {
    in: 'protocol/core',
    files: ['root-context.ts'],
    why: 'its effect shows only with a caller that has an AsyncLocalStorage',
    tests: ['test/nest/client-context.spec.ts'],
  },
  {
    in: 'protocol/core',
    files: ['guarded-signal.ts'],
    why: 'its effect shows only with a listener of a handler',
    tests: ['test/unit/protocol/server/raw-handlers.spec.ts'],
  },
  {
    in: 'protocol/wire',
    files: ['envelope-fields.ts'],
    why: 'what both envelopes share',
    tests: ['test/unit/protocol/wire/envelope.spec.ts'],
  },
  {
    in: 'protocol/wire',
    files: ['floats.ts'],
    why: 'driven through messages',
    tests: ['test/unit/schema/encode-values.spec.ts', 'test/unit/schema/decode-wire.spec.ts'],
  },
  {
    in: 'protocol/wire',
    files: ['method-types.ts', 'service-descriptor.ts'],
    why: 'types alone',
    tests: ['test/unit/protocol/typed-services.spec.ts'],
  },
  {
    in: 'protocol/wire',
    files: ['arena-pool.ts'],
    why: 'the buffers of FrameWriter; a pool alone has no behaviour to test',
    tests: ['test/unit/protocol/wire/frames.spec.ts'],
  },
  {
    in: 'protocol/socket',
    files: ['socket-file.ts', 'unix-listener.ts'],
    why: 'their promises are about files, other processes and other users',
    tests: ['test/attacks/socket-file.spec.ts', 'test/faults/socket-life.spec.ts'],
  },
  {
    in: 'protocol/socket',
    files: ['cluster-worker.ts', 'shared-unix-listener.ts'],
    why: 'they exist only in the processes of a cluster',
    tests: ['test/faults/cluster.spec.ts'],
  },
  {
    in: 'protocol/socket',
    files: ['duplex.ts', 'keep-alive.ts', 'listener.ts', 'memory-names.ts'],
    why: 'driven through every kind of address',
    tests: ['test/unit/protocol/socket/sockets.spec.ts', 'test/unit/protocol/socket/memory.spec.ts'],
  },
  {
    in: 'protocol/socket',
    files: ['peer-probe.ts'],
    why: 'a peer that is gone while it is not read takes two processes',
    tests: ['test/faults/processes.spec.ts'],
  },
  {
    in: 'protocol/connection',
    files: ['connection.ts', 'send-queue.ts', 'watchdog.ts'],
    why: 'driven frame by frame through both sides, with a clock of the test for the watchdog',
    tests: [
      'test/unit/protocol/server/server-model.spec.ts',
      'test/unit/protocol/client/client-model.spec.ts',
      'test/unit/protocol/server/server-clock.spec.ts',
      'test/faults/closing-duplex.spec.ts',
    ],
  },
  {
    in: 'protocol/server',
    files: ['server-connection.ts'],
    why: 'driven frame by frame',
    tests: ['test/unit/protocol/server/server-model.spec.ts', 'test/conformance/server.spec.ts'],
  },
  {
    in: 'protocol/server',
    files: ['call-context.ts', 'handler-run.ts', 'implement.ts', 'serve.ts'],
    why: 'the raw and the typed API, used as users do',
    tests: [
      'test/unit/protocol/raw-calls.spec.ts',
      'test/unit/protocol/server/raw-handlers.spec.ts',
      'test/unit/protocol/typed-services.spec.ts',
    ],
  },
  {
    in: 'protocol/server',
    files: ['authorize-gate.ts', 'peer-credentials.ts', 'peer.ts'],
    why: 'they need peers that are other processes and other users',
    tests: ['test/attacks/who-may-connect.spec.ts'],
  },
  {
    in: 'protocol/client',
    files: ['dialer.ts', 'shared-connection.ts', 'stream-pool.ts'],
    why: 'driven through servers that come, go and refuse',
    tests: ['test/nest/client-connection.spec.ts', 'test/faults/restart.spec.ts', 'test/faults/shared-streams.spec.ts'],
  },
  {
    in: 'protocol/client',
    files: [
      'bound-call.ts',
      'call-errors.ts',
      'call-limits.ts',
      'connect.ts',
      'iterable-feed.ts',
      'iterator-call.ts',
      'one-reader.ts',
      'promise-call.ts',
      'raw-stream.ts',
      'rejection.ts',
      'response-reader.ts',
      'runtime-calls.ts',
      'service-client.ts',
    ],
    why: 'the raw and the typed API, used as users do',
    tests: ['test/unit/protocol/raw-calls.spec.ts', 'test/unit/protocol/typed-services.spec.ts'],
  },
  {
    in: 'protocol/client',
    files: ['caller-context.ts'],
    why: 'its effect shows only with a caller that has an AsyncLocalStorage',
    tests: ['test/nest/client-context.spec.ts'],
  },
  {
    in: 'protocol/client',
    files: ['trace-call.ts'],
    why: 'seen through the channels that it publishes to',
    tests: ['test/unit/protocol/core/diagnostics.spec.ts'],
  },
  {
    in: 'schema',
    files: [
      'codec/encode/encode-error.ts',
      'codec/encode/field-plan.ts',
      'codec/encode/field-writers.ts',
      'codec/encode/fields-writer.ts',
      'codec/encode/impostor.ts',
      'codec/encode/message-encoder.ts',
      'codec/encode/oneof-check.ts',
      'codec/encode/properties.ts',
      'codec/encode/scalar-writers.ts',
      'codec/encode/unknown-properties.ts',
      'codec/encode/wire-writer.ts',
      'codec/long-values.ts',
      'codec/reflection.ts',
      'codec/well-known-types.ts',
      'any-value.ts',
    ],
    why: 'the encoder, through loadSchema: each kind of field against protobufjs and Go',
    tests: [
      'test/unit/schema/encode-values.spec.ts',
      'test/unit/schema/encode-wire.spec.ts',
      'test/unit/schema/matrix.spec.ts',
      'test/interop/schema.spec.ts',
    ],
  },
  {
    in: 'schema',
    files: [
      'codec/decode/decode-error.ts',
      'codec/decode/field-readers.ts',
      'codec/decode/message-decoder.ts',
      'codec/decode/message-maker.ts',
      'codec/decode/nested-decoder.ts',
      'codec/decode/scalar-readers.ts',
      'codec/message-object.ts',
      'codec/reflection-codec.ts',
    ],
    why: "the decoder, through loadSchema, and by protobuf's own suite",
    tests: ['test/unit/schema/decode-wire.spec.ts', 'test/unit/schema/parity.spec.ts', 'test/protobuf-conformance'],
  },
  {
    in: 'schema',
    files: ['codec/depth.ts', 'codec/stack-overflow.ts'],
    why: 'they show only with messages that nest deep',
    tests: ['test/unit/schema/nesting.spec.ts'],
  },
  {
    in: 'schema',
    files: ['adapters/generated-codec.ts'],
    why: 'what both adapters of generated code share',
    tests: ['test/unit/schema/generated-code.spec.ts'],
  },
  {
    in: 'schema',
    files: [
      'schema-error.ts',
      'sources/checked-descriptors.ts',
      'sources/groups.ts',
      'sources/include-dirs.ts',
      'sources/load-schema.ts',
      'sources/proto-file-errors.ts',
      'sources/proto-literals.ts',
      'sources/same-definitions.ts',
    ],
    why: 'driven by schemas that load and that do not',
    tests: ['test/unit/schema/load-schema.spec.ts', 'test/unit/schema/sources.spec.ts'],
  },
  {
    in: 'schema',
    files: ['sources/numbers.ts', 'sources/proto-root.ts', 'sources/type-names.ts'],
    why: 'seen in what the types and numbers of .proto files become',
    tests: ['test/unit/schema/proto-scopes.spec.ts', 'test/unit/schema/extensions.spec.ts'],
  },
  {
    in: 'schema',
    files: ['sources/error-columns.ts', 'sources/proto-outline.ts', 'sources/proto-tokens.ts'],
    why: 'seen in the places of errors',
    tests: ['test/unit/schema/error-places.spec.ts'],
  },
  {
    in: 'schema',
    files: ['sources/exact-defaults.ts'],
    why: 'seen in the defaults of decoded messages',
    tests: ['test/unit/schema/proto2-sources.spec.ts'],
  },
  {
    in: 'schema',
    files: ['definition-source.ts', 'sources/proto-text.ts'],
    why: 'they serve reflection and health checking',
    tests: ['test/reflection/reflection.spec.ts', 'test/health/health.spec.ts'],
  },
  {
    in: 'schema',
    files: ['load-services.ts', 'message-init.ts', 'schema.ts', 'service-descriptor.ts', 'sources/loader-options.ts'],
    why: 'types, or a line of code on top of loadSchema',
    tests: ['test/unit/protocol/typed-services.spec.ts', 'test/unit/schema/load-schema.spec.ts'],
  },
  {
    in: 'common',
    files: ['local-servers.ts'],
    why: 'exists only with clients and servers of one process',
    tests: ['test/nest/client-module.spec.ts'],
  },
  {
    in: 'common',
    files: ['nest-keys.ts', 'ttrpc-stream.ts'],
    why: 'a symbol, and types alone',
    tests: ['test/nest/client-types.spec.ts'],
  },
  {
    in: 'common',
    files: ['ttrpc-exception.ts'],
    why: 'by the name that users import it by',
    tests: ['test/unit/common/exception-factories.spec.ts', 'test/nest/errors.spec.ts'],
  },
  {
    in: 'client',
    files: ['api/call-options.ts', 'api/client-method.ts', 'api/client-types.ts', 'api/ttrpc-channel.ts'],
    why: 'types, or next to nothing but types',
    tests: ['test/nest/client-types.spec.ts'],
  },
  {
    in: 'client',
    files: ['api/client-options.ts', 'api/ttrpc-client.ts'],
    why: 'the client itself, in an application with a server',
    tests: ['test/nest/client-connection.spec.ts', 'test/nest/client-proxies.spec.ts'],
  },
  {
    in: 'client',
    files: ['api/interceptor.ts', 'calls/intercepted-calls.ts', 'calls/reader-flow.ts'],
    why: 'interceptors stand between a caller and a server',
    tests: ['test/nest/client-interceptors.spec.ts', 'test/nest/client-chain.spec.ts'],
  },
  {
    in: 'client',
    files: [
      'calls/caller-error.ts',
      'calls/caller.ts',
      'calls/client-log.ts',
      'calls/observable-call.ts',
      'calls/one-message.ts',
      'calls/request-feed.ts',
    ],
    why: 'calls that a server answers, fails or leaves alone',
    tests: ['test/nest/client-calls.spec.ts', 'test/nest/client-errors.spec.ts', 'test/nest/client-failures.spec.ts'],
  },
  {
    in: 'client',
    files: ['module/local-client.ts', 'module/service-token.ts', 'module/ttrpc-clients.module.ts'],
    why: 'providers of an application',
    tests: ['test/nest/client-module.spec.ts'],
  },
  {
    in: 'gateway',
    files: ['abort-signal-of.ts', 'http-exception.filter.ts'],
    why: 'they exist only within an HTTP application',
    tests: ['test/nest/http-gateway.spec.ts'],
  },
  {
    in: 'transport',
    files: [
      'nest-seam/applications.ts',
      'nest-seam/asked-filters.ts',
      'nest-seam/global-filters.ts',
      'nest-seam/handler-metadata.ts',
      'nest-seam/handler-parameters.ts',
      'nest-seam/handler-return.ts',
      'nest-seam/handler-twin.ts',
      'nest-seam/parameter-stage.ts',
      'nest-seam/pipeline-building.ts',
      'nest-seam/ttrpc-exception.filter.ts',
    ],
    why: 'their specs import the package alone, so that they run against Nest 11, too',
    tests: ['test/unit/transport/nest-seam'],
  },
  {
    in: 'transport',
    files: [
      'binding/application-servers.ts',
      'binding/bind-handlers.ts',
      'binding/bound-handler.ts',
      'binding/handler-info.ts',
      'binding/served-schema.ts',
      'binding/service-classes.ts',
      'binding/startup-error.ts',
      'binding/startup-line.ts',
      'binding/unwired.ts',
    ],
    why: 'what an application finds wrong, or says, when it starts',
    tests: ['test/nest/wiring.spec.ts', 'test/nest/startup.spec.ts', 'test/nest/hybrid.spec.ts'],
  },
  {
    in: 'transport',
    files: ['call/error-status.ts', 'call/failure-log.ts', 'call/handler-mistake.ts', 'binding/refusal-log.ts'],
    why: 'what callers and the log are told of handlers that fail',
    tests: ['test/nest/errors.spec.ts', 'test/nest/handler-faults.spec.ts', 'test/attacks/secrets.spec.ts'],
  },
  {
    in: 'transport',
    files: [
      'call/guarded-reader.ts',
      'call/paced-delivery.ts',
      'call/request-stream.ts',
      'call/response-subscriber.ts',
      'call/stream-delivery.ts',
      'call/unheard-errors.ts',
    ],
    why: "streams of handlers behind Nest's pipeline",
    tests: ['test/nest/streams', 'test/nest/backpressure.spec.ts', 'test/nest/handler-faults.spec.ts'],
  },
  {
    in: 'transport',
    files: ['call/handler-call.ts', 'call/processing-hooks.ts', 'call/ttrpc-context.ts'],
    why: 'the run of a handler in an application',
    tests: ['test/nest/shapes.spec.ts', 'test/nest/server-context.spec.ts', 'test/nest/cancel.spec.ts'],
  },
  {
    in: 'transport',
    files: ['drain-first.ts', 'drain-listener.ts', 'ttrpc-server-options.ts', 'ttrpc-server.ts'],
    why: 'the server itself, in an application',
    tests: ['test/nest/server.spec.ts', 'test/nest/drain.spec.ts'],
  },
  {
    in: 'decorators',
    files: [
      'handler-types.ts',
      'inject-ttrpc-service.decorator.ts',
      'ttrpc-method.decorator.ts',
      'ttrpc-service.decorator.ts',
    ],
    why: 'they only write what Nest and the server read',
    tests: ['test/nest/wiring.spec.ts', 'test/nest/startup.spec.ts', 'test/nest/generated-code.spec.ts'],
  },
  {
    in: 'testing',
    files: ['fake-context.ts', 'fake-service.ts', 'testing-app.ts'],
    why: 'used in tests of an application, as users do',
    tests: ['test/nest/testing.spec.ts'],
  },
];

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
const excepted = EXCEPTIONS.flatMap(({ in: room, files }) => files.map((file) => `${room}/${file}`));

describe('each source file', () => {
  it('is there', () => {
    expect(sources.length).toBeGreaterThan(100);
  });

  it('is named by a unit test, belongs to a room that is tested from outside, or has a reason', () => {
    const rooms = Object.keys(TESTED_FROM_OUTSIDE).map((room) => `${room}/`);
    const rest = unnamed.filter((file) => !excepted.includes(file) && !rooms.some((room) => file.startsWith(room)));
    expect(rest).toEqual([]);
  });

  it('has one reason at most, which is still needed', () => {
    expect(excepted.filter((file, at) => excepted.indexOf(file) !== at || !unnamed.includes(file))).toEqual([]);
  });
});

it.each(EXCEPTIONS.map(({ in: room, files, tests }) => [`${room}/${files[0]}`, tests] as const))(
  'the tests of %s exist',
  (_file, tests) => {
    expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  },
);

it.each(Object.entries(TESTED_FROM_OUTSIDE))('the room %s has tests in %s', (room, folder) => {
  expect(sources.filter((file) => file.startsWith(`${room}/`))).not.toEqual([]);
  expect(filesIn(folder).filter((file) => file.endsWith('.spec.ts'))).not.toEqual([]);
});
