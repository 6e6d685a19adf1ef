import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { encodeWritten, FrameCutter } from '../conformance/wire/frame.js';
import { builtCommand, startTtrpc, ttrpc } from '../support/built-command.js';
import { TempFolder } from '../support/temp-folder.js';

jest.setTimeout(60_000);

const GREETER = fileURLToPath(new URL('../../sample/greeter/greeter.proto', import.meta.url));
const METHOD = 'demo.v1.Greeter/SayHello';
const [REQUEST, RESPONSE] = [1, 2];

const folder = new TempFolder();
const url = folder.url();
let server: Server;
/** What every call ends with. */
let code = 0;

// No library sends such codes.
beforeAll(async () => {
  await builtCommand();
  server = createServer((socket) => {
    const cutter = new FrameCutter();
    socket.on('data', (chunk: Buffer) => {
      for (const { id, type } of cutter.push(chunk)) {
        if (type !== REQUEST) continue;
        const status = { code: String(code), message: 'strange' };
        socket.write(encodeWritten({ id, type: RESPONSE, data: { response: { status } } }));
      }
    });
    socket.on('error', () => undefined);
  });
  server.listen(folder.file('s.sock'));
  await once(server, 'listening');
}, 120_000);
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  folder.remove();
});

describe.each([
  [17, 'Code(17)'],
  [192, 'Code(192)'],
  [-1, 'Code(4294967295)'],
])('the code %d of a peer', (sent, name) => {
  beforeAll(() => void (code = sent));

  test('call prints it, and ends as for UNKNOWN', async () => {
    const args = ['--proto', GREETER, url, METHOD];
    expect(await ttrpc(['call', ...args])).toMatchObject({
      status: 64 + 2,
      stdout: '',
      stderr: `ERROR:\n  Code: ${name}\n  Message: strange\n`,
    });
    expect(await ttrpc(['call', '--format-error', ...args])).toMatchObject({
      status: 64 + 2,
      stderr: `{"code":${sent},"message":"strange"}\n`,
    });
  });

  test('bench counts it', async () => {
    const { stdout, status } = await ttrpc([
      ...['bench', '--total', '2', '--format', 'json'],
      ...['--proto', GREETER, url, METHOD],
    ]);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ codes: { [name]: 2 } });
  });

  test('tap shows it', async () => {
    const tapped = folder.url('tap.sock');
    const tap = await startTtrpc(['tap', '--format', 'ndjson', '--proto', GREETER, tapped, url]);
    await tap.complains('listening');
    await ttrpc(['call', '--proto', GREETER, tapped, METHOD]);
    await tap.shows('"event":"disconnected"');
    tap.child.kill('SIGINT');
    const { stdout } = await tap.ended;
    expect(stdout).toMatch(`"code":${sent},"text":"strange"`);
    expect(stdout).toMatch(`"status":"${name}"`);
  });
});
