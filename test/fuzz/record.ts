import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, serve, TtrpcStatus, type RawClient } from 'nestjs-ttrpc/protocol';
import { Journal } from '../conformance/targets/journal.js';
import { interopService } from '../conformance/targets/interop-service.js';
import { INTEROP, message } from '../conformance/service.js';
import { toBytes } from '../conformance/wire/bytes.js';
import { encodeWritten, FrameCutter } from '../conformance/wire/frame.js';
import { startGoDriver, startGoServer } from '../interop/go-peer.js';
import type { CallSpec } from '../interop/peer.js';
import { Tap, type Tapped } from './tap.js';

/*
 * Records the corpus of the fuzzer: what Go's client says to our server, and what Go's server says to our client.
 * node scripts/typescript/run.mjs test/fuzz/record.ts
 */

const fail = {
  code: TtrpcStatus.ABORTED,
  message: 'stop',
  details: [{ typeUrl: 'type.googleapis.com/a.B', value: 'CgF4' }],
};

const CALLS: Record<string, CallSpec[]> = {
  'unary calls': [
    { op: 'unary', request: { seq: 1, bodyBytes: 20 } },
    {
      op: 'unary',
      request: { seq: 2, bodyBytes: 300, replyBytes: 10 },
      metadata: { trace: ['one', 'two'], other: ['x'] },
      timeoutMs: 60_000,
    },
    { op: 'unary', request: { seq: 3, fail } },
    { op: 'unary', empty: true },
    { op: 'unary', request: { seq: 4 }, method: 'Unimplemented' },
    { op: 'unary', request: { seq: 5 }, service: 'no.Such' },
  ],
  'server-streaming calls': [
    { op: 'server-stream', request: { seq: 1, replyCount: 4, replyBytes: 12 } },
    { op: 'server-stream', request: { seq: 2, replyCount: 3, fail: { ...fail, after: 2 } } },
    { op: 'server-stream', request: { seq: 3 } },
    { op: 'server-stream', empty: true },
  ],
  'client-streaming calls': [
    { op: 'client-stream', requests: [{ seq: 1, bodyBytes: 9 }, { seq: 2 }, { seq: 3, bodyBytes: 100 }] },
    { op: 'client-stream', requests: [{ seq: 4, fail: { ...fail, after: 1 } }] },
    { op: 'client-stream', requests: [] },
    { op: 'client-stream', empty: true, requests: [{}, {}] },
  ],
  'bidi calls': [
    { op: 'bidi', requests: [{ seq: 1, bodyBytes: 9 }, { seq: 2, replyCount: 2 }, { seq: 3 }], lockstep: true },
    { op: 'bidi', requests: [{ seq: 4, fail: { ...fail, after: 1 } }] },
    { op: 'bidi', requests: [] },
    { op: 'bidi', empty: true, requests: [{}, {}] },
  ],
};

/** All calls of the list at once, so that their frames stand between each other. */
const AT_ONCE: CallSpec[] = Object.values(CALLS).flatMap(([first]) => (first ? [first] : []));

const folder = await mkdtemp(join(tmpdir(), 'ttrpc-record-'));
try {
  const ours = await serve(`unix://${folder}/ours`, interopService(new Journal()));
  const theirs = await startGoServer(`unix://${folder}/go`);
  const driver = await startGoDriver();
  const server = await Tap.listen(`${folder}/to-ours`, `${folder}/ours`);
  for (const [name, calls] of Object.entries(CALLS)) {
    await driver.connect(name, `unix://${folder}/to-ours`);
    for (const call of calls) await driver.call(name, call);
    await driver.close(name);
  }
  await driver.connect('at once', `unix://${folder}/to-ours`);
  await Promise.all(AT_ONCE.map((call) => driver.call('at once', call)));
  await driver.close('at once');
  const names = [...Object.keys(CALLS), 'calls of all shapes at once'];
  await save('go-client', names, server.connections);

  const client = await Tap.listen(`${folder}/to-go`, `${folder}/go`);
  await ourCalls(`unix://${folder}/to-go`);
  await save('go-server', ['calls of all shapes'], client.connections);

  client.close();
  server.close();
  await driver.stop();
  await theirs.stop();
  await ours.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function ourCalls(address: string): Promise<void> {
  const client = await connect(address, { streams: 'shared' });
  const bytes = (spec: Parameters<typeof message>[0]): Buffer => toBytes(message(spec));
  const body = { text: 'a body of some bytes' };
  const failure = {
    code: TtrpcStatus.ABORTED,
    message: 'stop',
    details: [{ typeUrl: 'a.B', value: { hex: '0a0178' } }],
  };
  await client.call(INTEROP, 'Unary', bytes({ seq: 1, body }), {
    metadata: { trace: ['one', 'two'] },
    timeoutMs: 60_000,
  });
  await client.call(INTEROP, 'Nothing', bytes({}));
  await client.call(INTEROP, 'Unary', bytes({ seq: 2, fail: failure })).catch(() => undefined);
  await client.call(INTEROP, 'NoSuch', bytes({})).catch(() => undefined);
  await stream(client, 'ServerStream', 'server-streaming', [bytes({ seq: 3, replyCount: 4, replyBytes: 12 })]);
  await stream(client, 'ServerStream', 'server-streaming', [bytes({ replyCount: 2, fail: { ...failure, after: 1 } })]);
  await stream(client, 'NothingServerStream', 'server-streaming', [bytes({})]);
  await stream(client, 'ClientStream', 'client-streaming', [bytes({ seq: 4, body }), bytes({ seq: 5 })]);
  await stream(client, 'ClientStream', 'client-streaming', [bytes({ seq: 4, fail: { ...failure, after: 1 } })]);
  await stream(client, 'Bidi', 'bidi', [bytes({ seq: 6, body }), bytes({ seq: 7, replyCount: 2 })]);
  await stream(client, 'NothingStream', 'bidi', [bytes({}), bytes({})]);
  client.close();
}

async function stream(
  client: RawClient,
  method: string,
  shape: 'server-streaming' | 'client-streaming' | 'bidi',
  messages: Buffer[],
): Promise<void> {
  const call = client.stream(INTEROP, method, shape);
  try {
    for (const each of messages) await call.send(each);
    call.closeSend();
    for await (const _ of call);
  } catch {
    // The failure is what was to be recorded.
  }
}

async function save(name: string, names: readonly string[], all: readonly Tapped[]): Promise<void> {
  const conversations = all.map((tapped, i) => ({
    name: names[i],
    toServer: frames(tapped.toServer),
    toClient: frames(tapped.toClient),
  }));
  await writeFile(new URL(`corpus/${name}.json`, import.meta.url), `${JSON.stringify(conversations, null, 2)}\n`);
}

function frames(chunks: readonly Buffer[]): string[] {
  const read = new FrameCutter().push(Buffer.concat(chunks));
  return read.map(({ data, ...head }) =>
    encodeWritten({ ...head, data: { hex: data.toString('hex') } }).toString('hex'),
  );
}
