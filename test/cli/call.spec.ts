import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import { createServer as createSocketServer } from 'node:net';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { RawServer } from '../../src/protocol/server/serve.js';
import { builtCommand, startTtrpc, ttrpc } from '../support/built-command.js';
import { TempFolder } from '../support/temp-folder.js';
import { goVersion, startGoServer } from '../interop/go-peer.js';
import { cargoVersion, startRustServer } from '../interop/rust-peer.js';
import type { ServerPeer } from '../interop/peer.js';
import { serveReflecting } from './reflecting-server.js';

jest.setTimeout(120_000);

const INTEROP = ['--proto', fileURLToPath(new URL('../interop/proto/interop.proto', import.meta.url))];
const GREETER = fileURLToPath(new URL('../../sample/greeter/greeter.proto', import.meta.url));

beforeAll(() => builtCommand(), 120_000);

const PEERS = [
  { name: 'go', start: startGoServer, missing: (await goVersion()) === undefined },
  { name: 'rust', start: startRustServer, missing: (await cargoVersion()) === undefined },
];

for (const { name, start, missing } of PEERS) {
  (missing ? describe.skip : describe)(`ttrpc call with the ${name} server`, () => {
    const folder = new TempFolder();
    let server: ServerPeer | undefined;
    let url: string;

    beforeAll(async () => {
      server = await start(folder.url());
      url = server.address;
    }, 300_000);
    afterAll(async () => {
      await server?.stop();
      folder.remove();
    });

    const call = (method: string, args: string[], stdin?: string) =>
      ttrpc(['call', ...INTEROP, ...args, url, `interop.v1.Interop/${method}`], stdin);

    test('a unary call prints its response as one line of JSON', async () => {
      const { stdout, stderr, status } = await call('Unary', ['-d', '{"seq":"5","body":"AQID"}']);
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
      expect(JSON.parse(stdout)).toMatchObject({ seq: '5', body: 'AQID', totalBytes: '3' });
      expect(stdout.split('\n')).toHaveLength(2);
    });

    test('several unary requests go over one connection, in their order', async () => {
      const before = await (server as ServerPeer).connections();
      const { stdout, status } = await call('Unary', ['-d', '@'], '{"seq":1}{"seq":2}\n{"seq":\n3}');
      const seqs = stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { seq: string }).seq);
      expect({ seqs, status }).toEqual({ seqs: ['1', '2', '3'], status: 0 });
      expect((await (server as ServerPeer).connections()).accepted).toBe(before.accepted + 1);
    });

    test('calls behind one that fails are made, too; the first failure counts', async () => {
      const data = '{"seq":1} {"fail":{"code":5,"message":"gone"}} {"fail":{"code":7,"message":"no"}} {"seq":2}';
      const { stdout, stderr, status } = await call('Unary', ['-d', data]);
      const seqs = stdout.match(/"seq":"\d"/g);
      expect({ seqs, status }).toEqual({ seqs: ['"seq":"1"', '"seq":"2"'], status: 64 + 5 });
      expect(stderr).toBe(
        'ERROR:\n  Code: NOT_FOUND\n  Message: gone\nERROR:\n  Code: PERMISSION_DENIED\n  Message: no\n',
      );
    });

    test('a server-streaming call prints each response', async () => {
      const { stdout, status } = await call('ServerStream', ['-d', '{"replyCount":3}', '--emit-defaults']);
      const seqs = stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { seq: string }).seq);
      expect({ seqs, status }).toEqual({ seqs: ['0', '1', '2'], status: 0 });
    });

    test('a client-streaming call sends what standard input has', async () => {
      const { stdout, status } = await call('ClientStream', ['-d', '@'], '{"seq":1}\n{"seq":2}\n');
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ count: '2' });
    });

    test('a bidi call sends each line as it is typed and prints each response as it comes', async () => {
      const program = await startTtrpc(['call', ...INTEROP, '-d', '@', url, 'interop.v1.Interop/Bidi']);
      program.child.stdin?.write('{"seq":7}\n');
      await program.shows('"seq":"7"');
      program.child.stdin?.write('{"seq":8}\n');
      await program.shows('"seq":"8"');
      program.child.stdin?.end();
      expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
    });

    test('a message of a stream that is too long to be sent ends the call', async () => {
      const long = JSON.stringify({ seq: 1, body: Buffer.alloc(4 << 20).toString('base64') });
      for (const method of ['Bidi', 'ClientStream', 'ServerStream']) {
        const { stdout, stderr, status } = await call(method, ['-d', '@'], long);
        expect({ method, stdout, status }).toEqual({ method, stdout: '', status: 64 + 8 });
        expect(stderr).toMatch(/Message: message length \d+ exceeds the maximum of 4194304 bytes/);
      }
    });

    test('a failed call ends with 64 plus its code, its details decoded', async () => {
      const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'GONE', domain: 'example.org' }];
      const data = JSON.stringify({ fail: { code: 5, message: 'nothing here', details } });
      const text = await call('Unary', ['-d', data]);
      expect(text).toMatchObject({ status: 69, stdout: '' });
      expect(text.stderr).toBe(
        `ERROR:\n  Code: NOT_FOUND\n  Message: nothing here\n  Details:\n  1) ${JSON.stringify(details[0])}\n`,
      );
      const json = await call('Unary', ['-d', data, '--format-error']);
      expect(json.status).toBe(69);
      expect(JSON.parse(json.stderr)).toEqual({ code: 5, message: 'nothing here', details });
    });

    test('metadata and the deadline reach the server', async () => {
      const { stdout, status } = await call('Unary', ['-H', 'tenant: acme', '-H', 'tenant: b: c', '--max-time', '30']);
      expect(status).toBe(0);
      const { metadata, timeoutMs } = JSON.parse(stdout) as { metadata: object[]; timeoutMs: string };
      expect(metadata).toEqual([
        { key: 'tenant', value: 'acme' },
        { key: 'tenant', value: 'b: c' },
      ]);
      expect(Number(timeoutMs)).toBeGreaterThan(20_000);
    });

    test('--max-time ends a call that takes longer', async () => {
      expect((await call('Unary', ['--max-time', '0.3', '-d', '{"delayMs":60000}'])).status).toBe(64 + 4);
    });

    test('Ctrl-C cancels the call', async () => {
      const program = await startTtrpc(['call', ...INTEROP, '-d', '@', url, 'interop.v1.Interop/Bidi']);
      program.child.stdin?.write('{"seq":9}\n');
      await program.shows('"seq":"9"');
      program.child.kill('SIGINT');
      expect((await program.ended).status).toBe(64 + 1);
    });

    test('Ctrl-C between two calls is no success', async () => {
      const program = await startTtrpc(['call', ...INTEROP, '-d', '@', url, 'interop.v1.Interop/Unary']);
      program.child.stdin?.write('{"seq":9}\n');
      await program.shows('"seq":"9"');
      program.child.kill('SIGINT');
      expect(await program.ended).toMatchObject({
        status: 64 + 1,
        stderr: 'ERROR:\n  Code: CANCELLED\n  Message: interrupted\n',
      });
    });

    test('-vv shows metadata, sizes and frames on standard error', async () => {
      const { stdout, stderr, status } = await call('Unary', ['-vv', '-H', 'tenant: acme', '-d', '{"seq":1}']);
      expect(status).toBe(0);
      expect(stdout.split('\n')).toHaveLength(2);
      expect(stderr).toMatch(/\* metadata tenant: acme\n/);
      expect(stderr).toMatch(/> request 1: 2 bytes\n/);
      expect(stderr).toMatch(/>> Request of stream 1, .*\d+ bytes\n/);
      expect(stderr).toMatch(/<< Response of stream 1, .*\d+ bytes\n/);
    });

    test('a server without reflection is named, with what to do', async () => {
      const { stderr, status } = await ttrpc(['call', url, 'interop.v1.Interop/Unary']);
      expect({ stderr, status }).toEqual({
        stderr: 'ttrpc: the server has no reflection: give its schema with --proto or --protoset\n',
        status: 1,
      });
    });
  });
}

describe('ttrpc call with reflection', () => {
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

  const fails = async (args: string[], stdin?: string): Promise<string> => {
    const { stdout, stderr, status } = await ttrpc(['call', ...args], stdin);
    expect({ stdout, status }).toEqual({ stdout: '', status: 1 });
    expect(stderr).toMatch(/^ttrpc: [^\n]*\n$/);
    return stderr.slice('ttrpc: '.length, -1);
  };

  test('the schema comes from the server', async () => {
    const { stdout, status } = await ttrpc([
      'call',
      '-d',
      '{"firstName":"Ada","count":3}',
      url,
      'demo.v1.Greeter/SayHello',
    ]);
    expect({ stdout, status }).toEqual({ stdout: '{"message":"Hello Ada","number":"3"}\n', status: 0 });
  });

  test('fields may be spelled as in the .proto file; enums by name; --emit-defaults adds what was not sent', async () => {
    const data = '{"first_name":"Ada","mood":"HAPPY","friends":[{"name":"Bob"}],"ages":{"Bob":"9007199254740993"}}';
    const { stdout } = await ttrpc(['call', '--emit-defaults', '-d', data, url, 'Greeter/SayHello']);
    expect(JSON.parse(stdout)).toEqual({ message: 'Hello Ada', number: '0', seen: [] });
  });

  test('a connection that goes ends what is left, with one error', async () => {
    const gone = createSocketServer((socket) => {
      socket.on('error', () => undefined).once('data', () => socket.destroy());
    });
    await new Promise<void>((resolve) => gone.listen(folder.file('gone.sock'), resolve));
    try {
      const args = ['call', '--proto', GREETER, '-d', '{} {} {}', folder.url('gone.sock'), 'demo.v1.Greeter/SayHello'];
      const { stderr, status } = await ttrpc(args);
      expect(status).toBe(64 + 14);
      expect(stderr.match(/ERROR:/g)).toHaveLength(1);
    } finally {
      gone.close();
    }
  });

  test('v1alpha is asked where v1 is not there', async () => {
    const older = await serveReflecting(folder.url('alpha.sock'), 'v1alpha');
    try {
      const args = ['call', '-d', '{"firstName":"Ada"}', folder.url('alpha.sock'), 'demo.v1.Greeter/SayHello'];
      expect(await ttrpc(args)).toMatchObject({ status: 0, stderr: '' });
    } finally {
      await older.close();
    }
  });

  test.each([
    [
      '{"friends":[{"name":"Bob"},{"nmae":"Eve"}]}',
      "friends[1].nmae: demo.v1.Friend has no such field: it has name. Did you mean 'name'?",
    ],
    ['{"friends":[{"name":5}]}', 'friends[0].name: expected a string, got 5'],
    ['{"friends":{}}', 'friends: expected an array, got {}'],
    ['{"ages":{"Bob":1.5}}', 'ages["Bob"]: expected an integer (int64), got 1.5'],
    [
      '{"ages":{"Bob":9223372036854775808}}',
      'ages["Bob"]: expected an integer from -9223372036854775808 to 9223372036854775807 (int64), got 9223372036854775808',
    ],
    ['{"count":-1}', 'count: expected an integer from 0 to 4294967295 (uint32), got -1'],
    ['{"mood":"HAPY"}', 'mood: expected CALM, HAPPY (demo.v1.Mood), got "HAPY". Did you mean \'HAPPY\'?'],
    ['{"doctor":"a","sir":"b"}', "sir: given beside 'doctor': only one of them may be"],
    ['{"photo":"*"}', 'photo: expected bytes in base64, got "*"'],
    ['[]', 'expected an object (demo.v1.HelloRequest), got []'],
    ['{"friends":[{"name":"Bob","name":"Eve"}]}', 'friends[0].name: given twice'],
    ['{"firstName":"\\ud800"}', 'firstName: expected a string of valid Unicode, in UTF-8, got "\\ud800"'],
  ])('JSON that does not fit: %s', async (data, what) => {
    expect(await fails(['-d', data, url, 'demo.v1.Greeter/SayHello'])).toBe(`request: ${what}`);
  });

  test('what is no JSON', async () => {
    expect(await fails(['-d', '@', url, 'demo.v1.Greeter/SayHello'], 'hello')).toMatch(
      /^request 1 \(standard input, line 1\): Unexpected token/,
    );
  });

  test('a file that is not in UTF-8', async () => {
    const file = folder.file('latin1.json');
    writeFileSync(file, Buffer.from('{"count":1,\n"firstName":"Zo\xeb"}', 'latin1'));
    expect(await fails(['-d', `@${file}`, url, 'demo.v1.Greeter/SayHello'])).toBe(
      `request 1 (${file}, line 1): firstName: expected a string of valid Unicode, in UTF-8, got "Zo\\udc80"`,
    );
  });

  test('standard input that ends in the middle', async () => {
    expect(await fails(['-d', '@', url, 'demo.v1.Greeter/SayHello'], '\n{"firstName":"A')).toBe(
      'standard input ends in the middle of the request that begins on line 2',
    );
  });

  test('an unknown method, an unknown service', async () => {
    expect(await fails([url, 'demo.v1.Greeter/SayHelo'])).toBe(
      "service demo.v1.Greeter has no method 'SayHelo': it has SayHello, Forever. Did you mean 'SayHello'?",
    );
    expect(await fails([url, 'demo.v1.Greter/SayHello'])).toBe(
      "the server does not know 'demo.v1.Greter': it has demo.v1.Greeter. Did you mean 'demo.v1.Greeter'?",
    );
    for (const source of [[url], ['--proto', GREETER, url]]) {
      expect(await fails([...source, 'demo.v1.Greeter'])).toMatch(
        /'demo\.v1' is a package; a method is demo\.v1\.Greeter\/ and its name\.$/,
      );
    }
    expect(await fails([url, 'SayHello'])).toMatch(/^'SayHello' is not a method: expected service\/Method/);
  });

  test('a .proto error has its file, line and column', async () => {
    const file = folder.file('broken.proto');
    writeFileSync(file, 'syntax = "proto3";\nmessage A {\n  string name = 1;\n  Strng other = 2;\n}\n');
    expect(await fails(['--proto', file, url, 'a.B/C'])).toMatch(`${file}:4:3: A.other: type 'Strng' is not defined`);
    writeFileSync(file, 'syntax = "proto3";\nmessage A {\n  string a = 1;\n  int32 a = 2;\n}\n');
    expect(await fails(['--proto', file, url, 'a.B/C'])).toBe(`${file}:4:9: 'A.a' is already defined in this file`);
    writeFileSync(file, 'syntax = "proto3";\nimport "none.proto";\n');
    expect(await fails(['--proto', file, url, 'a.B/C'])).toMatch(
      /\. Folders to look in are given with --import-path\.$/,
    );
    writeFileSync(file, 'syntax = "proto3";\nmessage A {\n  string = 1;\n}\n');
    expect(await fails(['--proto', file, url, 'a.B/C'])).toMatch(`${file}:3:10: `);
  });

  test('a socket that nobody serves', async () => {
    expect(await fails([folder.url('none.sock'), 'demo.v1.Greeter/SayHello'])).toBe(
      `cannot connect to ${folder.url('none.sock')}: there is no such socket (ENOENT)`,
    );
  });

  test('a gRPC server', async () => {
    const grpc = createServer();
    grpc.on('sessionError', () => undefined);
    grpc.listen(folder.file('grpc.sock'));
    await once(grpc, 'listening');
    try {
      expect(await fails([folder.url('grpc.sock'), 'demo.v1.Greeter/SayHello'])).toMatch(/HTTP\/2 \(gRPC\?\)/);
    } finally {
      await new Promise((resolve) => grpc.close(resolve));
    }
  });

  test('flags that are wrong', async () => {
    expect(await fails(['--protto', 'x', url, 'a.B/C'])).toBe("ttrpc call has no flag --protto. Did you mean 'proto'?");
    expect(await fails(['--max-time', 'soon', url, 'a.B/C'])).toMatch(/^--max-time: expected a number from/);
    expect(await fails(['-H', 'nonsense', url, 'a.B/C'])).toBe("-H 'nonsense': expected 'key: value'");
    expect(await fails([url])).toBe('ttrpc call needs <address> <service/method>: only one was given');
    expect(await fails(['localhost:50051', 'a.B/C'])).toMatch(/tcp:\/\/localhost:50051/);
  });

  test("flags with one dash, as grpcurl's users write them", async () => {
    const args = [
      'call',
      '-max-time',
      '5',
      '-emit-defaults',
      '-d',
      '{"firstName":"Ada"}',
      url,
      'demo.v1.Greeter/SayHello',
    ];
    expect(await ttrpc(args)).toMatchObject({ status: 0 });
  });

  test("values behind a =, as Go's flags have them", async () => {
    const flags = ['-d={"firstName":"Ada"}', '-H=language: fr', '-max-time=5', '-emit-defaults=true', '-v=false'];
    const { stdout, stderr, status } = await ttrpc(['call', ...flags, url, 'demo.v1.Greeter/SayHello']);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(JSON.parse(stdout)).toMatchObject({
      number: '0',
      seen: ['language=fr'],
    });
    const blanks = await ttrpc([
      'call',
      '-H',
      ' language :  fr, de \t',
      flags[0] as string,
      url,
      'demo.v1.Greeter/SayHello',
    ]);
    expect(JSON.parse(blanks.stdout)).toMatchObject({ seen: ['language=fr, de'] });
    expect(await fails(['-v=3', url, 'a.B/C'])).toBe('--verbose: takes no value');
    expect(await fails(['-H=language=fr', url, 'a.B/C'])).toBe("-H 'language=fr': expected 'key: value'");
  });
});
