import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, serve, TtrpcError, TtrpcStatus, type RawServer } from 'nestjs-ttrpc/protocol';
import { startProgram, type Program, type ProgramEnd } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { mainOf } from './built-sample.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What both sides together show, step by step. */
const STEPS = [
  ['1. SayHello, unary', '-> {"name":"Ada"}', 'language = fr', '<- {"message":"Bonjour, Ada!"}'],
  [
    '2. Countdown, server-streaming',
    '<- {"left":3}',
    '<- {"left":2}',
    '<- {"left":1}',
    '<- {"left":0}',
    '<- end of the stream',
  ],
  ['3. Sum, client-streaming', '-> {"number":1}', '-> {"number":20}', '-> {"number":300}', '<- {"sum":321,"count":3}'],
  [
    '4. Chat, bidi',
    '-> {"text":"Hello?"}',
    '<- {"text":"You said: Hello?"}',
    '-> {"text":"Is this ttrpc?"}',
    '<- end of the stream',
  ],
  ['5. SayHello without a name', '<- INVALID_ARGUMENT: nobody to greet', 'demo.v1.BadRequest', '"field":"name"'],
  ['6. Countdown with a deadline', '<- {"left":3}', '<- DEADLINE_EXCEEDED'],
  ['All answers were the expected ones.'],
];

/** What `npm start` did, and what it left behind. It builds the sample for the other tests, too. */
let end: ProgramEnd;
let leftBehind: unknown[];

beforeAll(async () => {
  const temporary = new TempFolder();
  // From Node 22 on npm's and TypeScript's programs keep compiled code there.
  const env = { TMPDIR: temporary.path, NODE_DISABLE_COMPILE_CACHE: '1' };
  const npm = startProgram('npm', ['start'], { cwd: ROOT, env });
  end = await npm.ended;
  leftBehind = [...temporary.list(), ...npm.left()];
  temporary.remove();
}, 120_000);

let folder: TempFolder;
let tools: TempFolder;
let programs: Program[];

beforeEach(() => {
  folder = new TempFolder();
  tools = new TempFolder();
  programs = [];
});

/** Whatever a test does, neither a file nor a process may be left. */
afterEach(async () => {
  for (const each of programs) await each.kill();
  const left = folder.list();
  folder.remove();
  tools.remove();
  expect(left).toEqual([]);
  expect(programs.flatMap((program) => program.left())).toEqual([]);
});

/** Starts the sample with its temporary files in the test's folder. */
function start(...args: string[]): Program {
  return startWith({}, ...args);
}

function startWith(env: Record<string, string>, ...args: string[]): Program {
  const program = startProgram(process.execPath, [mainOf('greeter'), ...args], {
    env: { TMPDIR: folder.path, ...env },
  });
  programs.push(program);
  return program;
}

/** The environment in which one side of the sample does `action` right after it has shown `text`. */
function when(side: 'serve' | undefined, text: string, action: string): Record<string, string> {
  const preload = tools.file('preload.cjs');
  writeFileSync(
    preload,
    `const { log } = console;
     if (process.argv[2] === ${side && JSON.stringify(side)}) console.log = (...all) => {
       log(...all);
       if (String(all).includes(${JSON.stringify(text)})) ${action};
     };`,
  );
  return { NODE_OPTIONS: `--require=${preload}` };
}

describe('npm start', () => {
  it('ends with status 0, without a word of complaint, and leaves nothing behind', () => {
    // npm tells of its own affairs there.
    const complaints = end.stderr.split('\n').filter((line) => line !== '' && !/^npm (notice|warn)/.test(line));
    expect({ status: end.status, complaints }).toEqual({ status: 0, complaints: [] });
    expect(leftBehind).toEqual([]);
  });

  it.each(STEPS.map((step) => [step[0], step] as const))('shows %s', (_name, step) => {
    expectInOrder(end.stdout, step);
  });

  it('shows the steps in their order, between what it is about and how it went', () => {
    const titles = STEPS.map(([title]) => title as string);
    expectInOrder(end.stdout, ['A Nest client calls a Nest server over ttrpc', ...titles, 'Both sides have ended.']);
  });

  it('shows what the server sees', () => {
    expectInOrder(end.stdout, ['server: SayHello in the language "fr"', 'server: Countdown, a tick each 20 ms']);
    // Whichever comes first: the server's own clock, or the end of the connection that the client closes.
    expect(end.stdout).toMatch(/server: Countdown stops: TtrpcException: (DEADLINE_EXCEEDED|CANCELLED)/);
  });
});

describe('both sides', () => {
  it('status 1 when the server cannot listen', async () => {
    const deep = folder.file('x'.repeat(120));
    mkdirSync(deep);
    const { status, stderr } = await startWith({ TMPDIR: deep }).ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/the path has \d+ bytes; a socket path has at most/);
    expect(stderr).toContain('the server ended too early: status 1');
    // Throws an error for a folder that is not empty.
    rmdirSync(deep);
  });

  it('status 1 when the server dies while the client calls', async () => {
    const { status, stdout, stderr } = await startWith(when('serve', 'Sum begins', 'process.exit(3)')).ended;
    expect(status).toBe(1);
    expect(stdout).toContain('3. Sum');
    expect(stdout).not.toContain('4. Chat');
    expect(stderr).toMatch(/the server ended too early: status 3|UNAVAILABLE/);
  });

  it.each([
    ['SIGINT', 'to both, as Ctrl-C in a terminal', '-process.pid'],
    ['SIGTERM', 'to the one that was started', 'process.pid'],
  ] as const)('status 1 after %s %s', async (signal, _to, pid) => {
    const { status, stdout, stderr } = await startWith(when(undefined, '2. Count', `process.kill(${pid}, '${signal}')`))
      .ended;
    expect(status).toBe(1);
    expect(stderr).toContain(`interrupted by ${signal}`);
    expect(stdout).not.toContain('All answers were the expected ones.');
  });

  it('the server goes with the process that started it, however that ends', async () => {
    const env = when(undefined, '2. Count', "process.kill(process.pid, 'SIGKILL')");
    const { signal } = await startWith(env).ended;
    expect(signal).toBe('SIGKILL');
    // Nobody was there to remove the folder; the server has taken its socket with it.
    // Throws an error for a folder that is not empty.
    for (const name of folder.list()) rmdirSync(folder.file(name));
  });
});

describe('one side', () => {
  it('serve and call, each with the other', async () => {
    const url = folder.url();
    const server = start('serve', url);
    await server.shows(`listens on ${url}`);
    const client = await start('call', url).ended;
    expect(client).toMatchObject({ status: 0, stderr: '' });
    for (const step of STEPS) expectInOrder(client.stdout, step);
    server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ status: 0, stderr: '' });
  });

  it('serve answers other programs', async () => {
    const url = folder.url();
    const server = start('serve', url);
    await server.shows(`listens on ${url}`);
    const client = await connect(url);
    const reply = await client.call('demo.v1.Greeter', 'SayHello', Buffer.from('\x0a\x03Bob'));
    expect(Buffer.from(reply).toString()).toBe('\x0a\x0bHello, Bob!');
    client.close();
    server.child.kill('SIGINT');
    expect(await server.ended).toMatchObject({ status: 0, stderr: '' });
  });

  it('call: status 1 when no server is there', async () => {
    const url = folder.url();
    const { status, stderr } = await start('call', url).ended;
    expect(status).toBe(1);
    expect(stderr).toContain(`UNAVAILABLE: cannot connect to ${url}: there is no such socket (ENOENT)`);
  });

  it.each([
    ['a wrong answer', () => Buffer.from('\x0a\x03No!'), /AssertionError.*'No!'.*'Bonjour, Ada!'/s],
    ['an error', () => Promise.reject(new TtrpcError(TtrpcStatus.ABORTED, 'not today')), /ABORTED: not today/],
  ])('call: status 1 for %s', async (_name, answer, complaint) => {
    const server: RawServer = await serve(folder.url(), { 'demo.v1.Greeter': { SayHello: answer } });
    const { status, stderr } = await start('call', folder.url()).ended;
    await server.close();
    expect(status).toBe(1);
    expect(stderr).toMatch(complaint);
  });

  it('serve: status 1 where another server listens', async () => {
    const server = await serve(folder.url(), {});
    const { status, stderr } = await start('serve', folder.url()).ended;
    await server.close();
    expect(status).toBe(1);
    expect(stderr).toContain('another server listens there');
  });

  it.each([[['serve']], [['call', 'a', 'b']], [['dance']]])('status 2 and the usage for %j', async (args) => {
    const { status, stderr } = await start(...args).ended;
    expect(status).toBe(2);
    expect(stderr).toMatch(/^usage: npm start/);
  });
});

/** Checks that `text` has these parts, one behind the other. */
function expectInOrder(text: string, parts: readonly string[]): void {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0) throw new Error(`${JSON.stringify(part)} is missing${from > 0 ? ' or too early' : ''} in:\n${text}`);
    from = at + part.length;
  }
}
