import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { RawServer } from '../../src/protocol/server/serve.js';
import { builtCommand } from '../support/built-command.js';
import { runProgram, type ProgramEnd } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { serveReflecting } from './reflecting-server.js';

jest.setTimeout(180_000);

const GREETER = fileURLToPath(new URL('../../sample/greeter/greeter.proto', import.meta.url));

const folder = new TempFolder();
/** A copy, whose cache is the tests' own. */
const command = folder.file('ttrpc.cjs');
const cache = folder.file('ttrpc/cache');
const method = 'demo.v1.Greeter/SayHello';
const data = ['-d', '{"firstName":"Ada"}'];
let server: RawServer;

beforeAll(async () => {
  const built = dirname(await builtCommand());
  cpSync(join(built, 'ttrpc.cjs'), command);
  for (const name of readdirSync(join(built, 'ttrpc')).filter((each) => each.endsWith('.cjs'))) {
    cpSync(join(built, 'ttrpc', name), folder.file(`ttrpc/${name}`), { recursive: true });
  }
  server = await serveReflecting(folder.url());
}, 120_000);
afterAll(async () => {
  await server.close();
  folder.remove();
});

const call = (env: Record<string, string> = {}): Promise<ProgramEnd> =>
  runProgram(process.execPath, [command, 'call', ...data, folder.url(), method], { env });

describe('compiled code is kept', () => {
  const hello = { status: 0, stdout: '{"message":"Hello Ada"}\n', stderr: '' };
  const kept = (): string[] => (existsSync(cache) ? readdirSync(cache) : []);

  test('for each command, when the run went well', async () => {
    rmSync(cache, { recursive: true, force: true });
    expect((await runProgram(process.execPath, [command, 'call', folder.url(), 'demo.v1.Greeter/None'])).status).toBe(
      1,
    );
    expect(kept()).toEqual([]);
    expect(await call()).toMatchObject(hello);
    expect(kept()).toEqual([`call-server-${process.version}-${process.arch}`]);
    expect(await call()).toMatchObject(hello);
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['cut short', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['empty', () => Buffer.alloc(0)],
    ['of another build', (bytes) => Buffer.concat([Buffer.alloc(16, 'x'), bytes.subarray(16)])],
    ['not of V8', (bytes) => Buffer.concat([bytes.subarray(0, 1024), Buffer.alloc(bytes.length - 1024, 7)])],
  ])('a cache that is %s is made anew', async (_what, broken) => {
    expect(await call()).toMatchObject(hello);
    const file = join(cache, kept()[0] as string);
    const good = readFileSync(file);
    const bad = broken(good);
    writeFileSync(file, bad);
    expect(await call()).toMatchObject(hello);
    expect(readFileSync(file).equals(bad)).toBe(false);
    expect(await call()).toMatchObject(hello);
  });

  test('beside what another run of the same command has kept', async () => {
    rmSync(cache, { recursive: true, force: true });
    const run = (...args: string[]): Promise<ProgramEnd> =>
      runProgram(process.execPath, [command, 'call', ...args, ...data, folder.url(), method]);
    expect(await run()).toMatchObject(hello);
    const file = join(cache, kept()[0] as string);
    // -vv loads more; a run that loads less again leaves the file as it is.
    expect((await run('-vv')).status).toBe(0);
    const both = readFileSync(file);
    expect(await run()).toMatchObject(hello);
    expect((await run('-vv')).status).toBe(0);
    expect(readFileSync(file).equals(both)).toBe(true);
  });

  describe('in the own folder of a user who did not install it', () => {
    const isRoot = process.geteuid?.() === 0;
    const NOBODY = 65_534;
    const user = isRoot ? { uid: NOBODY } : {};
    const home = folder.file('home');
    const own = folder.file('home/.cache/nestjs-ttrpc');
    const listed = { status: 0, stdout: 'demo.v1.Greeter\n', stderr: '' };
    const list = (env: Record<string, string> = {}, as: { uid?: number } = user): Promise<ProgramEnd> =>
      runProgram(process.execPath, [command, 'list', folder.file('greeter.proto')], {
        env: { HOME: home, XDG_CACHE_HOME: '', ...env },
        ...as,
      });

    beforeEach(() => {
      rmSync(cache, { recursive: true, force: true });
      // In the place of the folder, since root may write everywhere.
      writeFileSync(cache, '');
      cpSync(GREETER, folder.file('greeter.proto'));
      rmSync(home, { recursive: true, force: true });
      mkdirSync(home);
      if (!isRoot) return;
      chmodSync(folder.path, 0o755);
      chownSync(home, NOBODY, NOBODY);
    });

    test('which nobody else can read or change', async () => {
      expect(await list()).toMatchObject(listed);
      expect(statSync(own).mode & 0o777).toBe(0o700);
      expect(readdirSync(own)).toEqual([`list-server-${process.version}-${process.arch}`]);
      const file = join(own, readdirSync(own)[0] as string);
      const first = statSync(file);
      expect(await list()).toMatchObject(listed);
      expect(statSync(file)).toMatchObject({ ino: first.ino, mtimeMs: first.mtimeMs });
    });

    test('or in $XDG_CACHE_HOME', async () => {
      expect(await list({ XDG_CACHE_HOME: join(home, 'xdg') })).toMatchObject(listed);
      expect(readdirSync(join(home, 'xdg/nestjs-ttrpc'))).toHaveLength(1);
      expect(existsSync(own)).toBe(false);
    });

    test.each<[string, (file: string) => void]>([
      ['that others may change', (file) => chmodSync(file, 0o666)],
      [
        'behind a symbolic link',
        (file) => {
          cpSync(file, `${file}.real`);
          if (isRoot) chownSync(`${file}.real`, NOBODY, NOBODY);
          rmSync(file);
          symlinkSync(`${file}.real`, file);
        },
      ],
      ...(isRoot
        ? [['of another user', (file: string) => chownSync(file, 1, 1)] as [string, (file: string) => void]]
        : []),
    ])('a file %s is not run, but replaced', async (_what, spoil) => {
      expect(await list()).toMatchObject(listed);
      const file = join(own, readdirSync(own)[0] as string);
      spoil(file);
      const spoilt = statSync(file);
      expect(await list()).toMatchObject(listed);
      expect(statSync(file).ino).not.toBe(spoilt.ino);
    });

    if (isRoot) {
      test('not for root, whose home may be that of the user who called sudo', async () => {
        expect(await list({}, {})).toMatchObject(listed);
        expect(readdirSync(home)).toEqual([]);
      });
    }
  });

  test('not with NODE_DISABLE_COMPILE_CACHE, nor where nothing can be written', async () => {
    rmSync(cache, { recursive: true, force: true });
    expect(await call({ NODE_DISABLE_COMPILE_CACHE: '1' })).toMatchObject(hello);
    expect(kept()).toEqual([]);
    // In the place of the folders, since root may write everywhere.
    for (const file of [cache, folder.file('home')]) {
      rmSync(file, { recursive: true, force: true });
      writeFileSync(file, '', { mode: 0o444 });
    }
    expect(await call({ HOME: folder.file('home'), XDG_CACHE_HOME: '' })).toMatchObject(hello);
    expect(readFileSync(cache, 'utf8')).toBe('');
  });
});
