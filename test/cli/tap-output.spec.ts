import { once } from 'node:events';
import { createConnection, createServer, type Server } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { plainText } from '../../src/cli/plain-text.js';
import { builtCommand } from '../support/built-command.js';
import { TempFolder } from '../support/temp-folder.js';
import { frameOf, requestData, statusData } from './tap-frames.js';
import { Tapped } from './tapped.js';

jest.setTimeout(30_000);

beforeAll(() => builtCommand(), 120_000);

describe('what peers put into the output of ttrpc tap', () => {
  let folder: TempFolder;
  let server: Server;
  let tapped: Tapped | undefined;

  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(async () => {
    await tapped?.program.kill();
    tapped = undefined;
    server.close();
    folder.remove();
  });

  /** The output of a tap that has shown one call: a request and the status that answers it. */
  const outputOf = async (request: Uint8Array, response: Uint8Array, ...flags: string[]): Promise<Tapped> => {
    server = createServer((socket) => socket.once('data', () => socket.end(frameOf(1, 2, response))));
    await new Promise<void>((resolve) => server.listen(folder.file('s.sock'), resolve));
    tapped = await Tapped.start(folder.url('t.sock'), folder.url('s.sock'), ['--no-reflection', ...flags]);
    const client = createConnection(folder.file('t.sock'));
    client.write(frameOf(1, 1, request));
    client.resume();
    await once(client, 'close');
    await tapped.shows('disconnected');
    expect(await tapped.stop()).toMatchObject({ status: 0 });
    return tapped;
  };

  test('NDJSON has metadata with any key', async () => {
    const metadata = ['constructor', '__proto__', 'tenant', 'constructor'].map((key, at) => [key, `${at}`] as const);
    const shown = await outputOf(requestData('a.B', 'C', metadata), statusData(0, ''), '--format', 'ndjson');
    const request = shown.lines().find(({ event }) => event === 'request');
    expect(Object.entries(request?.metadata ?? {})).toEqual([
      ['constructor', ['0', '3']],
      ['__proto__', ['1']],
      ['tenant', ['2']],
    ]);
  });

  test('text is one line for each event, without control characters', async () => {
    const request = requestData('a.B\n', 'C\u001b[1A', [['k\r', 'v\n00:00:00.000 9 connected\u009b2J']]);
    const response = statusData(5, 'gone\n00:00:00.000 9 disconnected\u001b[2J\u2028');
    const lines = (await outputOf(request, response)).program.output().split('\n');
    expect(lines.map((line) => line.slice('00:00:00.000 '.length))).toEqual([
      '1 connected',
      String.raw`1:1 → a.B\n/C\u001b[1A [k\r: v\n00:00:00.000 9 connected\u009b2J] {}`,
      expect.stringMatching(
        /^1:1 ← C\\u001b\[1A NOT_FOUND .* ms gone\\n00:00:00.000 9 disconnected\\u001b\[2J\\u2028$/,
      ),
      '1 disconnected',
      '',
    ]);
  });

  test('NDJSON controls no terminal either, and is the same JSON', async () => {
    const control = '\u001b]0;x\u0007\u007f\u0085\u009b2J\u2028\u202e\u2066';
    const request = requestData(control, control, [[control, control]]);
    const shown = await outputOf(request, statusData(5, control), '--format', 'ndjson');
    const output = shown.program.output();
    // eslint-disable-next-line no-control-regex -- they are what must not be there
    expect(output.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e\u2066]/);
    expect(shown.lines().find(({ event }) => event === 'request')).toMatchObject({
      service: control,
      method: control,
      metadata: { [control.toLowerCase()]: [control] },
    });
    expect(shown.lines().find(({ event }) => event === 'status')).toMatchObject({ text: control });
  });

  test('what JSON leaves as it is, is escaped, too', async () => {
    const detail = Buffer.from('\u0012\u0003a\u007fb', 'latin1');
    const response = statusData(5, '', 'type.googleapis.com/google.rpc.ErrorInfo', detail);
    const { program } = await outputOf(requestData('a.B', 'C'), response);
    expect(program.output()).toContain(String.raw`"domain":"a\u007fb"`);
  });
});

test('plainText escapes C0, DEL, C1, line ends and turns of direction as JSON does, and leaves the rest', () => {
  const control = '\u0000\b\t\n\f\r\u001b\u007f\u0080\u009f\u2028\u2029\u061c\u200e\u200f\u202a\u202e\u2066\u2069';
  expect(plainText(control)).toBe(
    String.raw`\u0000\b\t\n\f\r\u001b\u007f\u0080\u009f\u2028\u2029\u061c\u200e\u200f\u202a\u202e\u2066\u2069`,
  );
  const text = ' a "quoted" C:\\new ~é→😀\u00a0';
  expect(plainText(text)).toBe(text);
});
