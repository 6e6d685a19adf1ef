import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { serve } from '../../sample/hybrid/server.js';
import { builtCommand, ttrpc } from '../support/built-command.js';
import { hasGo } from '../support/go-module.js';
import { runProgram } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';

jest.setTimeout(60_000);

const run = promisify(execFile);
const VERSION = 'v1.9.4';
const PROTO = ['-import-path', fileURLToPath(new URL('../../sample/hybrid', import.meta.url)), '-proto', 'hero.proto'];
/** Ignored by git. */
const BIN = fileURLToPath(new URL(`go/bin/${VERSION}`, import.meta.url));

/** The path of the real grpcurl, built at the first use. */
async function grpcurlPath(): Promise<string> {
  const file = join(BIN, 'grpcurl');
  if (!existsSync(file)) {
    const env = { ...process.env, GOBIN: BIN, GOFLAGS: '-mod=mod', GOWORK: 'off' };
    await run('go', ['install', `github.com/fullstorydev/grpcurl/cmd/grpcurl@${VERSION}`], { cwd: tmpdir(), env });
  }
  return file;
}

((await hasGo()) ? describe : describe.skip)('one controller over both transports: grpcurl and our command', () => {
  const folder = new TempFolder();
  const url = folder.url();
  let tcp: string;
  let grpcurl: string;
  let app: INestApplication;

  beforeAll(async () => {
    await builtCommand();
    grpcurl = await grpcurlPath();
    tcp = `127.0.0.1:${await freePort()}`;
    app = await serve(tcp, url);
  }, 300_000);
  afterAll(async () => {
    await app?.close();
    folder.remove();
  });

  /** The same of both: grpcurl prints over many lines and in its own words, so the JSON and the status are compared. */
  const both = async (
    method: string,
    data: string,
  ): Promise<{ theirs: unknown[]; ours: unknown[]; statuses: unknown[] }> => {
    const theirs = await runProgram(grpcurl, ['-plaintext', ...PROTO, '-format-error', '-d', data, tcp, method]);
    const ours = await ttrpc(['call', '-format-error', '-d', data, url, method]);
    return {
      theirs: valuesOf(theirs.stdout || theirs.stderr.replace(/^ERROR:\n/, '')),
      ours: valuesOf(ours.stdout || ours.stderr),
      statuses: [theirs.status, ours.status],
    };
  };

  it('a unary call', async () => {
    const { theirs, ours, statuses } = await both('hero.HeroService/FindOne', '{"id":1}');
    expect(statuses).toEqual([0, 0]);
    expect(ours).toEqual([{ id: 1, name: 'Ada' }]);
    expect(theirs).toEqual(ours);
  });

  it('a stream both ways', async () => {
    const { theirs, ours, statuses } = await both('hero.HeroService/FindMany', '{"id":2} {"id":1}');
    expect(statuses).toEqual([0, 0]);
    expect(ours).toHaveLength(2);
    expect(theirs).toEqual(ours);
  });

  it('an error, with the same exit status', async () => {
    const { theirs, ours, statuses } = await both('hero.HeroService/FindOne', '{"id":7}');
    expect(statuses).toEqual([69, 69]);
    expect(ours).toEqual([{ code: 5, message: 'there is no hero 7' }]);
    expect(theirs).toEqual([expect.objectContaining({ code: 5, message: 'there is no hero 7' })]);
  });

  it('the ttrpc side describes itself', async () => {
    expect((await ttrpc(['list', url])).stdout).toContain('hero.HeroService\n');
    const theirs = await runProgram(grpcurl, [...PROTO, 'describe', 'hero.Hero']);
    expect((await ttrpc(['describe', url, 'hero.Hero'])).stdout).toBe(theirs.stdout);
  });
});

/** The JSON values of an output, over however many lines each. */
function valuesOf(text: string): unknown[] {
  return text
    .trim()
    .split(/(?<=\})\s*(?=\{)/)
    .map((each) => JSON.parse(each) as unknown);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
