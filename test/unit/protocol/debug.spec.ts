import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { tapFrames } from '../../../src/protocol/connection/debug-frames.js';
import { debugCalls } from '../../../src/protocol/core/debug-calls.js';
import { debugging } from '../../../src/protocol/core/debug-log.js';
import { tracesClients, tracesServers } from '../../../src/protocol/core/diagnostics.js';
import { runProgram } from '../../support/program.js';
import { TempFolder } from '../../support/temp-folder.js';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

let folder: TempFolder;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(() => folder.close());

/** Runs the program; gives the lines of standard error without what differs from run to run. */
async function lines(debug: string | undefined): Promise<{ all: string; calls: string[]; frames: string[] }> {
  const args = ['--import', path('../../../scripts/typescript/register-sources.mjs'), path('debug-program.ts')];
  const end = await runProgram(process.execPath, [...args, folder.url()], { env: { NODE_DEBUG: debug } });
  expect(end).toMatchObject({ status: 0, stdout: '5 and 90000 bytes\n' });
  const steady = end.stderr
    .replaceAll(folder.url(), 'ADDRESS')
    .replace(/ after \d+\.\d ms/g, ' after N ms')
    .replace(/\d+ ms to its deadline/g, 'N ms to its deadline')
    .replace(/timeout [\d.]+ ms/g, 'timeout N ms')
    // Which side is the first to notice its connection differs.
    .replace(/connection \d+ /g, 'connection N ')
    // The timeout is a varint.
    .replace(/stream (\d+), \d+ bytes: raw/g, 'stream $1, N bytes: raw')
    .split('\n');
  const own = steady.flatMap((line) => /^NESTJS-TTRPC \d+: (.*)$/.exec(line)?.[1] ?? []);
  return {
    all: end.stderr,
    calls: own.filter((line) => !/ [<>] /.test(line)),
    frames: own.filter((line) => / [<>] /.test(line)),
  };
}

it('prints calls, connections and frames to standard error with NODE_DEBUG=nestjs-ttrpc', async () => {
  const { all, calls, frames } = await lines('nestjs-ttrpc');
  // Each call and each frame is seen from both sides.
  expect(calls).toEqual(
    expect.arrayContaining([
      'client connection ADDRESS opened',
      'server connection ADDRESS opened',
      'client call 1 raw.v1.Raw/Echo begins: unary, ADDRESS, N ms to its deadline',
      'server call 2 raw.v1.Raw/Echo begins: unary, ADDRESS, N ms to its deadline',
      'server call 2 raw.v1.Raw/Echo ends: OK after N ms, messages: 1 sent (9 bytes), 1 received (9 bytes)',
      'client call 1 raw.v1.Raw/Echo ends: OK after N ms, messages: 1 sent (9 bytes), 1 received (9 bytes)',
      'client call 3 raw.v1.Raw/Fail ends: NOT_FOUND (not here\\u000aFORGED 1: a line) after N ms, messages: 1 sent (0 bytes), 0 received (0 bytes)',
      'server call 6 raw.v1.Raw/Nothing begins: not served, ADDRESS, N ms to its deadline',
      expect.stringMatching(/^server connection ADDRESS refused: maxMessageBytes, message length 100\d+ exceeds/),
      expect.stringMatching(/^server connection ADDRESS closed: the /),
      'client connection ADDRESS closed: the client is closed',
    ]),
  );
  expect(frames).toEqual(
    expect.arrayContaining([
      'client connection N ADDRESS > Request stream 1, N bytes: raw.v1.Raw/Echo, payload of 9 bytes, timeout N ms, metadata authorization',
      'server connection N ADDRESS < Request stream 1, N bytes: raw.v1.Raw/Echo, payload of 9 bytes, timeout N ms, metadata authorization',
      'server connection N ADDRESS > Response stream 1, 11 bytes: OK, payload of 9 bytes',
      'client connection N ADDRESS < Response stream 1, 11 bytes: OK, payload of 9 bytes',
      expect.stringMatching(/< Response stream 3, \d+ bytes: NOT_FOUND \(not here\\u000aFORGED 1: a line\)$/),
      expect.stringMatching(/< Request stream 7, N bytes: raw.v1.Raw\/Echo, payload of 90000 bytes/),
      expect.stringMatching(/< Request stream 9: dropped, its 100\d+ bytes exceed maxMessageBytes$/),
      'client connection N ADDRESS > Request stream 1 remote-open no-data, 18 bytes: raw.v1.Raw/Chat',
      'client connection N ADDRESS > Data stream 1, 5 bytes',
      'client connection N ADDRESS > Data stream 1 remote-closed no-data, 0 bytes',
      'server connection N ADDRESS > Data stream 1 remote-closed no-data, 0 bytes',
    ]),
  );
  const sides = frames.map((line) => line.replace(/^.*?([<>])/, '$1'));
  const sorted = (way: string): string[] =>
    sides
      .filter((line) => line.startsWith(way))
      .map((line) => line.slice(1))
      .sort();
  const parsed = (all: string[]): string[] => all.filter((line) => !line.includes('stream 9'));
  expect(parsed(sorted('<'))).toEqual(parsed(sorted('>')));
  expect(all).not.toMatch(/password|^FORGED/m);
});

it.each([undefined, 'http,other'])('prints nothing with NODE_DEBUG=%s', async (debug) => {
  const { all } = await lines(debug);
  expect(all.split('\n').filter((line) => line.includes('TTRPC'))).toEqual([]);
});

it('costs nothing when off: no subscriber, and nothing between a connection and its bytes', () => {
  expect(debugging).toBe(false);
  debugCalls();
  expect(tracesClients() || tracesServers()).toBe(false);
  expect(tapFrames({ side: 'client', address: 'duplex' }, undefined as never, undefined as never)).toBeUndefined();
});
