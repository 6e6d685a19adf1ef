import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { TtrpcError } from '../../src/protocol/core/errors.js';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { builtCommand, ttrpc } from '../support/built-command.js';
import { TempFolder } from '../support/temp-folder.js';

jest.setTimeout(120_000);
beforeAll(() => builtCommand(), 120_000);

const SERVICE = `syntax = "proto3"; package rf.a;
  import "google/protobuf/any.proto";
  service A {
    rpc Echo(Req) returns (Req);
    rpc Many(Req) returns (stream Req);
    rpc Fail(Req) returns (Req);
    rpc Chat(stream Req) returns (stream Req);
  }
  message Req { google.protobuf.Any any = 1; string text = 2; }`;
const OTHERS = `syntax = "proto3"; package rf.b;
  import "google/protobuf/any.proto";
  message Other { string o = 1; }
  message Outer { google.protobuf.Any within = 1; }`;
const FURTHER = `syntax = "proto3"; package rf.c; message Inner { int32 i = 1; }`;

/** The FileDescriptorProtos of the three files and of what they import. */
function filesOf(texts: readonly string[]): Map<string, Uint8Array> {
  const root = new protobuf.Root();
  root.addJSON((protobuf.common.get('google/protobuf/any.proto') as { nested: object }).nested as never);
  for (const text of texts) protobuf.parse(text, root, { keepCase: false });
  root.resolveAll();
  const set = (root as unknown as { toDescriptor(edition: string): { file: object[] } }).toDescriptor('proto3');
  const named = set.file as { name: string; package: string }[];
  const dependency = named.filter((file) => file.package === 'google.protobuf').map((file) => file.name);
  return new Map(
    named.map((file) => {
      const imports = file.package === 'google.protobuf' ? [] : dependency;
      return [file.package, descriptor.FileDescriptorProto.encode({ ...file, dependency: imports }).finish()];
    }),
  );
}

const files = filesOf([SERVICE, OTHERS, FURTHER]);

const any = (name: string, value: Uint8Array): Uint8Array =>
  protobuf.Writer.create().uint32(10).string(`x/${name}`).uint32(18).bytes(value).finish();
const withAny = (bytes: Uint8Array): Uint8Array => protobuf.Writer.create().uint32(10).bytes(bytes).finish();
const text = (value: string): Uint8Array => protobuf.Writer.create().uint32(10).string(value).finish();
const OTHER = any('rf.b.Other', text('q'));
const NESTED = any('rf.b.Outer', withAny(any('rf.c.Inner', protobuf.Writer.create().uint32(8).int32(7).finish())));
const UNKNOWN = any('rf.x.Nobody', text('q'));

const folder = new TempFolder();
const url = folder.url();
let server: RawServer;
/** The symbols that the server was asked for. */
let asked: string[];
/** What the server does with a question for a type that is not in the file of the service. */
let others: 'tell' | 'wait' | 'break' | 'hang';
/** What the server says of its Many and Fail. */
let sent: Uint8Array[];

beforeEach(async () => {
  asked = [];
  others = 'tell';
  sent = [OTHER];
  const reflection = {
    shape: 'bidi',
    handle: async function* (questions: AsyncIterable<Uint8Array>) {
      for await (const question of questions) yield await answer(question);
    },
  };
  server = await serve(url, {
    'rf.a.A': {
      Echo: (bytes: Uint8Array) => bytes,
      Fail: () => {
        const value = sent[0]?.subarray(sent[0].indexOf(18) + 2) as Uint8Array;
        throw new TtrpcError(3, 'no', { details: [{ typeUrl: 'x/rf.b.Other', value }] });
      },
      Many: {
        shape: 'server-streaming',
        handle: async function* () {
          for (const each of sent) yield withAny(each);
        },
      },
      Chat: {
        shape: 'bidi',
        handle: async function* (requests: AsyncIterable<Uint8Array>) {
          for await (const request of requests) yield request;
        },
      },
    },
    'grpc.reflection.v1.ServerReflection': { ServerReflectionInfo: reflection },
  } as never);
});
afterEach(async () => {
  await server.close();
});

async function answer(question: Uint8Array): Promise<Uint8Array> {
  const reader = protobuf.Reader.create(question);
  const field = reader.uint32() >>> 3;
  const name = reader.string();
  if (field === 3) return fileResponse('google.protobuf');
  asked.push(name);
  if (!name.startsWith('rf.a')) {
    if (others === 'break') throw new TtrpcError(13, 'broken');
    if (others === 'wait') await sleep(300);
    if (others === 'hang') await sleep(600_000, undefined, { ref: false });
  }
  const known = ['rf.a.A', 'rf.b.Other', 'rf.b.Outer', 'rf.c.Inner'];
  if (known.includes(name)) return fileResponse(name.slice(0, name.lastIndexOf('.')));
  const failure = protobuf.Writer.create().uint32(8).int32(5).uint32(18).string(`no ${name}`).finish();
  return protobuf.Writer.create().uint32(58).bytes(failure).finish();
}

function fileResponse(inPackage: string): Uint8Array {
  const file = files.get(inPackage) as Uint8Array;
  return protobuf.Writer.create().uint32(34).bytes(protobuf.Writer.create().uint32(10).bytes(file).finish()).finish();
}

const call = (method: string, ...args: string[]) => ttrpc(['call', ...args, url, `rf.a.A/${method}`]);

test('a request and a response hold a type of another file, which is asked for once', async () => {
  const request = '{"any":{"@type":"x/rf.b.Other","o":"z"}}';
  const { stdout, stderr, status } = await call('Echo', '-d', request + request);
  expect({ stdout, stderr, status }).toEqual({ stdout: `${request}\n${request}\n`, stderr: '', status: 0 });
  expect(asked).toEqual(['rf.a.A', 'rf.b.Other']);
});

test('types within types, and in a stream of requests', async () => {
  const request = '{"any":{"@type":"x/rf.b.Outer","within":{"@type":"x/rf.c.Inner","i":7}}}';
  expect(await call('Chat', '-d', request)).toMatchObject({ stdout: `${request}\n`, stderr: '', status: 0 });
  asked.length = 0;
  sent = [NESTED];
  expect(await call('Many')).toMatchObject({ stdout: `${request}\n`, stderr: '', status: 0 });
  expect(asked).toEqual(['rf.a.A', 'rf.b.Outer', 'rf.c.Inner']);
});

test('responses keep their order, also more than a connection holds while the server is asked', async () => {
  others = 'wait';
  sent = [];
  for (let number = 0; number < 3000; number++) sent.push(any('rf.b.Other', text(`${number} ${'-'.repeat(500)}`)));
  const { stdout, stderr, status } = await call('Many');
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const numbers = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => parseInt((JSON.parse(line) as { any: { o: string } }).any.o));
  expect(numbers).toEqual(sent.map((_, index) => index));
});

test('the detail of a status', async () => {
  const { stderr, status } = await call('Fail');
  expect(stderr).toContain('1) {"@type":"x/rf.b.Other","o":"q"}');
  expect(status).toBe(67);
});

test('a type that the server does not know stays unknown, and is asked for once', async () => {
  sent = [UNKNOWN, OTHER, UNKNOWN];
  const nobody = '{"any":{"@type":"x/rf.x.Nobody","@value":"CgFx"}}\n';
  const stdout = `${nobody}{"any":{"@type":"x/rf.b.Other","o":"q"}}\n${nobody}`;
  expect(await call('Many')).toMatchObject({ stdout, stderr: '', status: 0 });
  expect(asked).toEqual(['rf.a.A', 'rf.x.Nobody', 'rf.b.Other']);
  expect(await call('Echo', '-d', '{"any":{"@type":"x/rf.x.Nobody"}}')).toMatchObject({
    stderr: "ttrpc: request: any.@type: message type 'rf.x.Nobody' is not in the schema\n",
    status: 1,
  });
});

test.each(['break', 'hang'] as const)('reflection that does %s leaves types unknown', async (how) => {
  others = how;
  sent = [OTHER, NESTED];
  const { stdout, stderr, status } = await call('Many', '--max-time', '2');
  expect(stdout.split('\n')[0]).toBe('{"any":{"@type":"x/rf.b.Other","@value":"CgFx"}}');
  if (how === 'break')
    expect({ stderr, status, lines: stdout.split('\n').length }).toEqual({ stderr: '', status: 0, lines: 3 });
  else expect(asked).toEqual(['rf.a.A', 'rf.b.Other']);
  const request = await call('Echo', '--max-time', '2', '-d', '{"any":{"@type":"x/rf.b.Other"}}');
  expect(request).toMatchObject({
    stderr: "ttrpc: request: any.@type: message type 'rf.b.Other' is not in the schema\n",
    status: 1,
  });
});

test('nothing is asked where nothing is missing, or the schema is given', async () => {
  expect(await call('Echo', '-d', '{"text":"a"}')).toMatchObject({ stdout: '{"text":"a"}\n', status: 0 });
  expect(asked).toEqual(['rf.a.A']);
  const proto = folder.file('a.proto');
  writeFileSync(proto, SERVICE);
  const stdout = '{"any":{"@type":"x/rf.b.Other","@value":"CgFx"}}\n';
  expect(await call('Many', '--proto', proto)).toMatchObject({ stdout, stderr: '', status: 0 });
  expect(asked).toEqual(['rf.a.A']);
});

test('bench asks for the types of its requests before it begins', async () => {
  const args = ['bench', '--total', '20', '--format', 'json', '-d', '{"any":{"@type":"x/rf.b.Other","o":"{{.UUID}}"}}'];
  const { stdout, stderr, status } = await ttrpc([...args, url, 'rf.a.A/Echo']);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(JSON.parse(stdout)).toMatchObject({ calls: 20, failed: 0 });
  expect(asked).toEqual(['rf.a.A', 'rf.b.Other']);
});
