import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import descriptor from 'protobufjs/ext/descriptor.js';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { TtrpcError } from '../../src/protocol/core/errors.js';
import { builtCommand, startTtrpc, ttrpc } from '../support/built-command.js';
import { runProgram } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { greeterSet, serveReflecting } from './reflecting-server.js';

jest.setTimeout(120_000);
beforeAll(() => builtCommand(), 120_000);

const GREETER = fileURLToPath(new URL('../../sample/greeter/greeter.proto', import.meta.url));

describe('ttrpc list and describe', () => {
  const folder = new TempFolder();
  const url = folder.url();
  let server: RawServer;

  beforeAll(async () => {
    server = await serveReflecting(url);
  });
  afterAll(async () => {
    await server.close();
    folder.remove();
  });

  test('list the services and methods of a live server, and of a file', async () => {
    expect((await ttrpc(['list', url])).stdout).toBe('demo.v1.Greeter\n');
    expect((await ttrpc(['list', url, 'demo.v1.Greeter'])).stdout).toBe(
      'demo.v1.Greeter/SayHello\ndemo.v1.Greeter/Forever\n',
    );
    expect((await ttrpc(['list', GREETER, 'Greeter'])).stdout).toBe(
      ['SayHello', 'Countdown', 'Sum', 'Chat'].map((name) => `demo.v1.Greeter/${name}\n`).join(''),
    );
  });

  test('describe a service of a live server', async () => {
    expect((await ttrpc(['describe', url])).stdout).toBe(
      [
        'demo.v1.Greeter is a service:',
        'service Greeter {',
        '  rpc SayHello(.demo.v1.HelloRequest) returns (.demo.v1.HelloReply);',
        '  rpc Forever(.demo.v1.HelloRequest) returns (stream .demo.v1.HelloReply);',
        '}\n',
      ].join('\n'),
    );
  });

  test('describe what is named in part, of a server as of a file', async () => {
    for (const source of [url, GREETER]) {
      const first = async (...args: string[]) => {
        const { stdout, stderr } = await ttrpc(['describe', source, ...args]);
        return stderr === '' ? stdout.split('\n')[0] : stderr.trimEnd();
      };
      expect(await first('HelloRequest')).toBe('demo.v1.HelloRequest is a message:');
      expect(await first('Greeter')).toBe('demo.v1.Greeter is a service:');
      expect(await first('Greeter/SayHello')).toBe('demo.v1.Greeter.SayHello is an rpc:');
      expect(await first('SayHello')).toBe('demo.v1.Greeter.SayHello is an rpc:');
      expect(await first('google.rpc.RetryInfo')).toBe('google.rpc.RetryInfo is a message:');
      expect(await first('HelloReqest')).toBe(
        "ttrpc: no symbol 'HelloReqest' in the schema. Did you mean 'demo.v1.HelloRequest'?",
      );
      expect(await first('--msg-template', 'Greeter/SayHello')).toBe('{');
    }
  });

  test('beside --proto and --protoset no address is needed, and what is none is the symbol', async () => {
    const set = folder.file('greeter.binpb');
    writeFileSync(set, greeterSet());
    const first = async (...args: string[]) => {
      const { stdout, stderr } = await ttrpc(args);
      return stderr === '' ? stdout.split('\n')[0] : stderr.trimEnd();
    };
    for (const flag of [`-proto=${GREETER}`, `-protoset=${set}`]) {
      expect(await first('list', flag)).toBe('demo.v1.Greeter');
      expect(await first('list', flag, 'demo.v1.Greeter')).toBe('demo.v1.Greeter/SayHello');
      expect(await first('list', flag, 'demo.v1.Greter')).toBe(
        "ttrpc: no service 'demo.v1.Greter': the schema has demo.v1.Greeter. Did you mean 'demo.v1.Greeter'?",
      );
      expect(await first('describe', flag)).toBe('demo.v1.Greeter is a service:');
      expect(await first('describe', flag, 'HelloRequest')).toBe('demo.v1.HelloRequest is a message:');
      expect(await first('describe', flag, 'Greeter/SayHello')).toBe('demo.v1.Greeter.SayHello is an rpc:');
      expect(await first('describe', flag, '-msg-template', 'demo.v1.HelloReply')).toBe('{');
      expect(await first('describe', flag, 'demo.v1.HelloReqest')).toBe(
        "ttrpc: no symbol 'demo.v1.HelloReqest' in the schema. Did you mean 'demo.v1.HelloRequest'?",
      );
      expect(await first('describe', flag, 'Greeter/SayHelo')).toMatch(/Did you mean '.*SayHello'\?$/);
      // An address, of which nothing is wanted.
      for (const address of [url, 'unix:none.sock', 'run/none.sock', './none.sock', 'tcp://localhost:1', '@none']) {
        expect(await first('list', flag, address)).toBe('demo.v1.Greeter');
        expect(await first('describe', flag, address, 'HelloRequest')).toBe('demo.v1.HelloRequest is a message:');
      }
      for (const symbol of [[], ['HelloRequest']]) {
        expect(await first('describe', flag, 'localhost:50051', ...symbol)).toMatch(/write tcp:\/\/localhost:50051/);
        expect(await first('describe', flag, 'http://x', ...symbol)).toMatch(/unknown scheme "http"/);
      }
    }
    expect(await first('list', '-import-path', folder.path)).toBe('ttrpc: --import-path needs --proto');
    expect(await first('describe')).toBe(
      'ttrpc: ttrpc describe needs <address | file.proto> [symbol]: no argument was given',
    );
  });

  test('a word is an address where a socket has that name', async () => {
    const command = `cd '${folder.path}' && '${process.execPath}' '${await builtCommand()}' list -proto '${GREETER}'`;
    const listed = await runProgram('sh', ['-c', `${command} ${basename(folder.file('s.sock'))}`]);
    expect(listed).toMatchObject({ stdout: 'demo.v1.Greeter\n', stderr: '', status: 0 });
  });

  test('a file without services says so', async () => {
    const file = folder.file('none.proto');
    writeFileSync(file, 'syntax = "proto3"; message A {} service S {}');
    expect(await ttrpc(['list', file, 'S'])).toMatchObject({ status: 0, stdout: '', stderr: 'S has no methods\n' });
    writeFileSync(file, 'syntax = "proto3"; message A {}');
    const list = { status: 0, stdout: '', stderr: `${file} has no services\n` };
    expect(await ttrpc(['list', file])).toMatchObject(list);
    const stderr = `${file} has no services; name what is to be described, such as A\n`;
    expect(await ttrpc(['describe', file])).toMatchObject({ ...list, stderr });
  });

  test('a relative file in a folder that no longer exists', async () => {
    const script = `mkdir gone && cd gone && rmdir ../gone && '${process.execPath}' '${await builtCommand()}' list a.proto`;
    const { stderr, status } = await runProgram('sh', ['-c', script], { cwd: folder.path });
    expect({ stderr, status }).toEqual({
      stderr: 'ttrpc: a relative path needs the working directory, which no longer exists\n',
      status: 1,
    });
  });

  test('a name that several symbols end with', async () => {
    const file = folder.file('two.proto');
    writeFileSync(file, 'syntax = "proto3"; message A { message M {} } message B { message M {} }');
    expect((await ttrpc(['describe', file, 'M'])).stderr).toBe(
      "ttrpc: symbol 'M' is ambiguous: it can be A.M or B.M\n",
    );
  });

  test('describe a message: oneofs, maps, enums and names as in the .proto file', async () => {
    expect((await ttrpc(['describe', url, 'demo.v1.HelloRequest'])).stdout).toBe(
      [
        'demo.v1.HelloRequest is a message:',
        'message HelloRequest {',
        '  string first_name = 1;',
        '  .demo.v1.Mood mood = 2;',
        '  repeated .demo.v1.Friend friends = 3;',
        '  map<string, int64> ages = 4;',
        '  oneof title {',
        '    string doctor = 5;',
        '    string sir = 6;',
        '  }',
        '  bytes photo = 7;',
        '  uint32 count = 8;',
        '}\n',
      ].join('\n'),
    );
  });

  test('describe a oneof; what stands for an optional field is none', async () => {
    const title = 'oneof title {\n  string doctor = 5;\n  string sir = 6;\n}\n';
    const { stdout } = await ttrpc(['describe', url, 'demo.v1.HelloRequest.title']);
    expect(stdout).toBe(`demo.v1.HelloRequest.title is a one-of:\n${title}`);
    expect(await ttrpc(['describe', '--msg-template', url, 'demo.v1.HelloRequest.title'])).toMatchObject({
      stderr: "ttrpc: --msg-template needs a message or an rpc: 'demo.v1.HelloRequest.title' is a one-of\n",
      status: 1,
    });
    const file = folder.file('optional.proto');
    const extension = 'extend google.protobuf.FieldOptions { optional bool fb = 50002; }';
    const imported = 'import "google/protobuf/descriptor.proto";';
    writeFileSync(
      file,
      `syntax = "proto3"; package q.o2; ${imported} ${extension} message A { optional int32 b = 1; }`,
    );
    expect((await ttrpc(['describe', file, 'q.o2.fb'])).stdout).toMatch(/^q\.o2\.fb is a field:\n/);
    for (const [name, meant] of Object.entries({ 'q.o2._fb': 'q.o2.fb', 'q.o2.A._b': 'q.o2.A' })) {
      expect((await ttrpc(['describe', file, name])).stderr).toMatch(
        new RegExp(`^ttrpc: no symbol '${name}' in the schema\\.( Did you mean '${meant}'\\?)?\n$`),
      );
    }
    const { stdout: candidates } = await ttrpc(['__complete', 'describe', file, 'q.']);
    expect(candidates).toBe('q.o2.fb\nq.o2.A\n');
  });

  test('the template of a request is a request', async () => {
    const { stdout } = await ttrpc(['describe', '--msg-template', url, 'demo.v1.Greeter.SayHello']);
    expect(JSON.parse(stdout)).toEqual({
      firstName: '',
      mood: 'CALM',
      friends: [{ name: '' }],
      ages: { '': '0' },
      doctor: '',
      photo: '',
      count: 0,
    });
    const filled = stdout.replace('"firstName": ""', '"firstName": "Ada"');
    expect(await ttrpc(['call', '-d', filled, url, 'demo.v1.Greeter/SayHello'])).toMatchObject({ status: 0 });
  });

  test('names are those of the source: of oneofs in any case, and in JSON', async () => {
    const named = [
      'message Named {',
      '  oneof camelCase {',
      '    string first_name = 1 [json_name = "who"];',
      '  }',
      '  oneof snake_case {',
      '    string lastName = 2;',
      '  }',
      '}\n',
    ].join('\n');
    const proto = folder.file('named.proto');
    writeFileSync(proto, `syntax = "proto3";\n${named}`);
    const field = { label: 1, type: 9 };
    const set = descriptor.FileDescriptorSet.encode({
      file: [
        {
          name: 'named.proto',
          syntax: 'proto3',
          messageType: [
            {
              name: 'Named',
              field: [
                { ...field, name: 'first_name', number: 1, jsonName: 'who', oneofIndex: 0 },
                { ...field, name: 'lastName', number: 2, jsonName: 'lastName', oneofIndex: 1 },
              ],
              oneofDecl: [{ name: 'camelCase' }, { name: 'snake_case' }],
            },
          ],
        },
      ],
    }).finish();
    const protoset = folder.file('named.binpb');
    writeFileSync(protoset, set);
    for (const source of [proto, protoset]) {
      expect((await ttrpc(['describe', source, 'Named'])).stdout).toBe(`Named is a message:\n${named}`);
    }
    const { stdout } = await ttrpc(['describe', '--msg-template', proto, 'Named']);
    expect(JSON.parse(stdout)).toEqual({ who: '', lastName: '' });
  });

  test('an unknown symbol', async () => {
    const { stderr, status } = await ttrpc(['describe', GREETER, 'demo.v1.HelloRequst']);
    expect({ stderr, status }).toEqual({
      stderr: "ttrpc: no symbol 'demo.v1.HelloRequst' in the schema. Did you mean 'demo.v1.HelloRequest'?\n",
      status: 1,
    });
  });
});

describe('ttrpc health', () => {
  const folder = new TempFolder();
  const url = folder.url();
  let server: RawServer;
  /** A HealthCheckResponse by hand: field 1, a varint. */
  const response = (status: number): Uint8Array => Uint8Array.of(8, status);

  beforeAll(async () => {
    server = await serve(url, {
      'grpc.health.v1.Health': {
        Check: (request) => {
          const service = Buffer.from(request.subarray(2)).toString();
          if (service === '') return response(1);
          if (service === 'demo.v1.Greeter') return response(2);
          throw new TtrpcError(5, `unknown service ${service}`);
        },
        Watch: {
          shape: 'server-streaming',
          handle: async function* (_request, { signal }) {
            yield response(1);
            await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          },
        },
      },
    });
  });
  afterAll(async () => {
    await server.close();
    folder.remove();
  });

  test('its status is for probes', async () => {
    expect(await ttrpc(['health', url])).toMatchObject({ status: 0, stdout: 'SERVING\n' });
    expect(await ttrpc(['health', url, 'demo.v1.Greeter'])).toMatchObject({ status: 2, stdout: 'NOT_SERVING\n' });
    expect(await ttrpc(['health', url, 'other'])).toMatchObject({ status: 64 + 5, stdout: '' });
    expect(await ttrpc(['health', folder.url('none.sock')])).toMatchObject({ status: 1, stdout: '' });
  });

  test('--watch prints changes until Ctrl-C', async () => {
    const program = await startTtrpc(['health', '--watch', url]);
    await program.shows('SERVING\n');
    program.child.kill('SIGINT');
    expect(await program.ended).toMatchObject({ status: 0, stdout: 'SERVING\n', stderr: '' });
  });
});
