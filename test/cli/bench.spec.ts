import { cpSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { RawClient } from '../../src/protocol/client/connect.js';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { TtrpcError } from '../../src/protocol/core/errors.js';
import { Load, type LoadEnd, type LoadPlan } from '../../src/cli/bench/load.js';
import { Measurements } from '../../src/cli/bench/measurements.js';
import { summaryOf } from '../../src/cli/bench/report.js';
import { Schedule } from '../../src/cli/bench/schedule.js';
import { Template } from '../../src/cli/bench/template.js';
import { builtCommand, startTtrpc, ttrpc } from '../support/built-command.js';
import { runProgram } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { goVersion, startGoServer } from '../interop/go-peer.js';
import { cargoVersion, startRustServer } from '../interop/rust-peer.js';
import type { ServerPeer } from '../interop/peer.js';
import { serveReflecting } from './reflecting-server.js';

jest.setTimeout(120_000);
beforeAll(() => builtCommand(), 120_000);

const INTEROP = ['--proto', fileURLToPath(new URL('../interop/proto/interop.proto', import.meta.url))];

/** What `--format json` prints. */
interface BenchJson {
  calls: number;
  failed: number;
  skipped: number;
  notStarted: number;
  brokenOff: number;
  durationMs: number;
  callsPerSecond: number;
  sent: { messages: number; bytes: number };
  received: { messages: number; bytes: number };
  latencyMs: Record<'min' | 'mean' | 'max' | 'p50' | 'p99' | 'p99.99', number>;
  histogram: { upToMs: number | null; count: number }[];
  codes: Record<string, number>;
  errors: { message: string; count: number }[];
}

async function benchJson(args: string[]): Promise<BenchJson & { status: number | null }> {
  const { stdout, status } = await ttrpc(['bench', '--format', 'json', ...args]);
  return { status, ...(JSON.parse(stdout) as BenchJson) };
}

const PEERS = [
  { name: 'go', start: startGoServer, missing: (await goVersion()) === undefined },
  { name: 'rust', start: startRustServer, missing: (await cargoVersion()) === undefined },
];

for (const { name, start, missing } of PEERS) {
  (missing ? describe.skip : describe)(`ttrpc bench with the ${name} server`, () => {
    const folder = new TempFolder();
    let server: ServerPeer;

    beforeAll(async () => {
      server = await start(folder.url());
    }, 300_000);
    afterAll(async () => {
      await server.stop();
      folder.remove();
    });

    const bench = (method: string, args: string[]) =>
      benchJson([...INTEROP, ...args, server.address, `interop.v1.Interop/${method}`]);

    test('makes as many calls as asked for, over as many connections', async () => {
      const before = await server.connections();
      const args = ['--total', '500', '--connections', '3', '--concurrency', '10', '-d', '{"seq":1,"body":"AQID"}'];
      const result = await bench('Unary', args);
      expect(result).toMatchObject({ status: 0, calls: 500, failed: 0, codes: { OK: 500 }, sent: { messages: 500 } });
      expect((await server.connections()).accepted).toBe(before.accepted + 3);
      const { latencyMs, histogram } = result;
      expect(latencyMs.min).toBeLessThanOrEqual(latencyMs.p50);
      expect(latencyMs.p50).toBeLessThanOrEqual(latencyMs.p99);
      expect(latencyMs.p99).toBeLessThanOrEqual(latencyMs.max);
      expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(500);
    });

    test('keeps a rate for a time', async () => {
      const result = await bench('Unary', ['--rps', '200', '--duration', '1']);
      expect(result).toMatchObject({ status: 0, calls: 200, notStarted: 0 });
      expect(result.durationMs).toBeGreaterThan(990);
    });

    test('the first calls are made and not measured', async () => {
      const args = ['--total', '50', '--skip-first', '20', '--concurrency', '7', '-d', '{"seq":1}'];
      const result = await bench('Unary', args);
      expect(result).toMatchObject({ status: 0, calls: 30, skipped: 20, codes: { OK: 30 }, sent: { messages: 30 } });
      expect(result.received.messages).toBe(30);
      const planned = await bench('Unary', ['--rps', '200', '--duration', '1', '--skip-first', '100']);
      expect(planned).toMatchObject({ status: 0, calls: 100, skipped: 100, notStarted: 0 });
      // Half a second is measured: the rate is that of the plan.
      expect(planned.durationMs).toBeLessThan(900);
      expect(planned.callsPerSecond).toBeGreaterThan(120);
    });

    test('streams count their messages', async () => {
      const down = await bench('ServerStream', ['--total', '20', '-d', '{"replyCount":3}']);
      expect(down).toMatchObject({ calls: 20, failed: 0, sent: { messages: 20 }, received: { messages: 60 } });
      const both = await bench('Bidi', ['--total', '20', '-d', '{"seq":1}{"seq":2}']);
      expect(both).toMatchObject({ calls: 20, failed: 0, sent: { messages: 40 }, received: { messages: 40 } });
    });

    test('a message of a stream that is too long to be sent is a failed call', async () => {
      const file = folder.file('long.json');
      writeFileSync(file, JSON.stringify({ seq: 1, body: Buffer.alloc(4 << 20).toString('base64') }));
      const result = await bench('ClientStream', ['--total', '3', '-d', `@${file}`]);
      expect(result).toMatchObject({ status: 2, failed: 3, codes: { RESOURCE_EXHAUSTED: 3 }, sent: { messages: 0 } });
    });

    test('failures are counted by their codes', async () => {
      const result = await bench('Unary', ['--total', '30', '-d', '{"fail":{"code":5,"message":"gone"}}{}{}']);
      expect(result).toMatchObject({
        status: 2,
        calls: 30,
        failed: 10,
        codes: { OK: 20, NOT_FOUND: 10 },
        errors: [{ message: expect.stringContaining('gone'), count: 10 }],
      });
      const skipping = ['--total', '30', '--skip-first', '29', '-d', '{"fail":{"code":5,"message":"gone"}}{}{}'];
      const skipped = await bench('Unary', skipping);
      expect(skipped).toMatchObject({ status: 2, calls: 11, failed: 10, skipped: 19 });
      // One call is in the time that is measured.
      expect(Math.round((skipped.callsPerSecond * skipped.durationMs) / 1000)).toBe(1);
    });
  });
}

describe('ttrpc bench', () => {
  let folder: TempFolder;
  let server: RawServer | undefined;
  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    folder.remove();
  });

  const METHOD = 'interop.v1.Interop/Unary';
  const EMPTY = new Uint8Array();

  test('a stall of the server is in the latencies of all calls that were planned for it', async () => {
    let count = 0;
    let stall: Promise<void> | undefined;
    server = await serve(folder.url(), {
      'interop.v1.Interop': {
        Unary: async () => {
          if (++count === 50) {
            stall = new Promise((resolve) => setTimeout(resolve, 1000));
          }
          await stall;
          return EMPTY;
        },
      },
    });
    // Two at once: a tool that measures from the real start would see two slow calls.
    const args = ['--rps', '100', '--duration', '3', '--concurrency', '2', '--format', 'csv'];
    const { stdout, status } = await ttrpc(['bench', ...INTEROP, ...args, folder.url(), METHOD]);
    expect(status).toBe(0);
    const [head, ...rows] = stdout.trim().split('\n');
    expect(head).toBe('start_ms,latency_ms,status');
    expect(rows).toHaveLength(300);
    const latencies = rows.map((row) => Number(row.split(',')[1]));
    expect(latencies.filter((ms) => ms > 100).length).toBeGreaterThanOrEqual(80);
    expect(latencies.filter((ms) => ms > 500).length).toBeGreaterThanOrEqual(40);
    expect(Math.max(...latencies)).toBeGreaterThan(950);
  });

  test('calls that a stalled server leaves no time for are counted', async () => {
    let release: () => void = () => undefined;
    const stalled = new Promise<void>((resolve) => (release = resolve));
    let count = 0;
    server = await serve(folder.url(), {
      'interop.v1.Interop': {
        Unary: async () => {
          if (++count === 1) setTimeout(release, 1200);
          await stalled;
          return EMPTY;
        },
      },
    });
    const result = await benchJson([
      ...INTEROP,
      '--rps',
      '100',
      '--duration',
      '1',
      '--concurrency',
      '5',
      folder.url(),
      METHOD,
    ]);
    expect(result).toMatchObject({ calls: 5, notStarted: 95 });
  });

  test('requests are made of templates', async () => {
    const bodies: string[] = [];
    server = await serve(folder.url(), {
      'interop.v1.Interop': { Unary: (bytes) => (bodies.push(Buffer.from(bytes).toString('hex')), EMPTY) },
    });
    const data = '{"seq": {{.RequestNumber}}, "replyCount": {{randomInt 1 100}}}';
    const result = await benchJson([
      ...INTEROP,
      '--total',
      '50',
      '--concurrency',
      '1',
      '-d',
      data,
      folder.url(),
      METHOD,
    ]);
    expect(result).toMatchObject({ status: 0, calls: 50 });
    // seq is field 1; a zero is not written.
    expect(bodies.slice(1).map((hex) => parseInt(hex.slice(2, 4), 16))).toEqual(
      Array.from({ length: 49 }, (_, i) => i + 1),
    );
    expect(new Set(bodies.map((hex) => hex.slice(-2))).size).toBeGreaterThan(5);
  });

  test('Ctrl-C ends it with what was measured', async () => {
    let onCall: () => void = () => undefined;
    const called = new Promise<void>((resolve) => (onCall = resolve));
    let count = 0;
    const handle = (): Uint8Array => {
      if (++count === 5) onCall();
      return EMPTY;
    };
    server = await serve(folder.url(), { 'interop.v1.Interop': { Unary: handle } });
    const args = ['--duration', '600', '--rps', '50', '--format', 'json', folder.url(), METHOD];
    const program = await startTtrpc(['bench', ...INTEROP, ...args]);
    await called;
    program.child.kill('SIGINT');
    const { stdout, stderr, status } = await program.ended;
    expect({ stderr, status }).toEqual({ stderr: 'ttrpc: broken off: interrupted\n', status: 2 });
    const { calls, notStarted } = JSON.parse(stdout) as BenchJson;
    expect(calls).toBeGreaterThanOrEqual(4);
    // Fewer were in flight than may be.
    expect(notStarted).toBe(0);
  });

  test('Ctrl-C before a call has ended leaves no latencies of calls that were not', async () => {
    let onCall: () => void = () => undefined;
    const called = new Promise<void>((resolve) => (onCall = resolve));
    const handle = (): Promise<never> => new Promise(() => onCall());
    server = await serve(folder.url(), { 'interop.v1.Interop': { Unary: handle } });
    const program = await startTtrpc(['bench', ...INTEROP, '--concurrency', '1', folder.url(), METHOD]);
    await called;
    program.child.kill('SIGINT');
    const { stdout, status } = await program.ended;
    expect(status).toBe(2);
    expect(stdout).toMatch(/^Summary\n {2}Calls {6}0\n[^]*\n {2}Broken off 1 in flight\n$/);
  });

  test('code is optimized only for loads that gain by it', async () => {
    server = await serve(folder.url(), { 'interop.v1.Interop': { Unary: () => EMPTY } });
    const optimizedBy = async (args: string[]): Promise<number> => {
      const load = [await builtCommand(), 'bench', ...INTEROP, ...args, folder.url(), METHOD];
      const { stdout, stderr, status } = await runProgram(process.execPath, ['--trace-opt', ...load]);
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
      return stdout.match(/^\[completed compiling/gm)?.length ?? 0;
    };
    // What is compiled before the first call.
    const most = 10;
    expect(await optimizedBy(['--total', '2000'])).toBeLessThan(most);
    expect(await optimizedBy(['--rps', '10000', '--total', '5000'])).toBeLessThan(most);
    expect(await optimizedBy(['--total', '5000'])).toBeGreaterThan(3 * most);
    expect(await optimizedBy(['--rps', 'step:10000:30000:20000:0.2'])).toBeGreaterThan(3 * most);
  });

  test('a load without optimized code keeps what was compiled before it, once', async () => {
    server = await serve(folder.url(), { 'interop.v1.Interop': { Unary: () => EMPTY } });
    const command = folder.file('ttrpc.cjs');
    const built = await builtCommand();
    cpSync(built, command);
    cpSync(built.replace(/\.cjs$/, ''), folder.file('ttrpc'), {
      recursive: true,
      filter: (path) => !path.endsWith('cache'),
    });
    const load = [command, 'bench', ...INTEROP, folder.url(), METHOD];
    const kept = async (): Promise<[name: string, ino: number][]> => {
      expect(await runProgram(process.execPath, load)).toMatchObject({ status: 0, stderr: '' });
      return readdirSync(folder.file('ttrpc/cache')).map((name) => [
        name,
        statSync(folder.file(`ttrpc/cache/${name}`)).ino,
      ]);
    };
    const first = await kept();
    expect(first).toHaveLength(1);
    // V8 takes it: else it would be written anew.
    expect(await kept()).toEqual(first);
    expect(await kept()).toEqual(first);
  });

  test('the histogram fits a narrow terminal', () => {
    const measured = new Measurements(false);
    for (let i = 0; i < 100; i++) measured.add(0, 1 + i, 0, '');
    const end: LoadEnd = {
      elapsedMs: 1000,
      skipped: 0,
      failedFirst: 0,
      notStarted: 0,
      brokenOff: 0,
      sent: { messages: 100, bytes: 0 },
      received: { messages: 100, bytes: 0 },
      why: undefined,
    };
    const result = { method: METHOD, connections: 1, concurrency: 1, rps: undefined, end, measured };
    const widest = (columns: number): number => {
      const text = summaryOf(result, { isTTY: true, columns } as NodeJS.WriteStream);
      return Math.max(
        ...stripVTControlCharacters(text)
          .split('\n')
          .map((line) => line.length),
      );
    };
    expect(widest(200)).toBe(56);
    expect(widest(50)).toBe(50);
    expect(widest(40)).toBe(40);
  });

  test('a connection that goes away fails the calls that are on it, and no others', async () => {
    server = await serve(folder.url('behind.sock'), { 'interop.v1.Interop': { Unary: () => EMPTY } });
    let count = 0;
    const front = createServer((socket) => {
      socket.on('error', () => undefined);
      if (count++ === 0) {
        socket.once('data', () => socket.destroy());
        return;
      }
      const behind = createConnection(folder.file('behind.sock'));
      behind.on('error', () => undefined);
      socket.pipe(behind).pipe(socket);
    });
    await new Promise<void>((resolve) => front.listen(folder.file('s.sock'), resolve));
    try {
      const args = ['--total', '100', '--connections', '2', '--concurrency', '4', folder.url(), METHOD];
      const result = await benchJson([...INTEROP, ...args]);
      const failed = Number(result['failed']);
      // Two at least: responses on the other connection may begin further calls on this one before its end is seen.
      expect([2, 3, 4]).toContain(failed);
      const codes = { OK: 100 - failed, UNAVAILABLE: failed };
      expect(result).toMatchObject({ status: 2, calls: 100, failed, codes });
    } finally {
      front.close();
    }
  });

  test('a connection that was lost while no call was on it fails none', async () => {
    server = await serve(folder.url('behind.sock'), { 'interop.v1.Interop': { Unary: () => EMPTY } });
    let count = 0;
    const front = createServer((socket) => {
      socket.on('error', () => undefined);
      const behind = createConnection(folder.file('behind.sock'));
      behind.on('error', () => undefined);
      socket.pipe(behind).pipe(socket);
      // The second call is planned for 0.5 s.
      if (count++ === 1) setTimeout(() => socket.destroy(), 150);
    });
    await new Promise<void>((resolve) => front.listen(folder.file('s.sock'), resolve));
    try {
      const args = ['--rps', '2', '--duration', '2', '--connections', '2', folder.url(), METHOD];
      expect(await benchJson([...INTEROP, ...args])).toMatchObject({ status: 0, calls: 4, failed: 0 });
    } finally {
      front.close();
    }
  });

  test('calls whose time has come are made, at the end of the time, too', async () => {
    const client = { status: 'connected', call: () => Promise.resolve(EMPTY) } as unknown as RawClient;
    const plan: LoadPlan = {
      method: { service: 'a.B', name: 'C', shape: 'unary' } as unknown as LoadPlan['method'],
      requests: { one: () => EMPTY } as unknown as LoadPlan['requests'],
      options: {},
      concurrency: 1000,
      schedule: Schedule.parse('1000'),
      total: Infinity,
      skipFirst: 0,
      durationMs: 200,
    };
    const measured = new Measurements(false);
    const load = new Load(plan, [client], measured);
    // The end of the time comes before the load can look at its plan again.
    const stall = (): void => {
      while (load.elapsedMs < 220);
    };
    setTimeout(() => setImmediate(stall), 150);
    expect(await load.run()).toMatchObject({ notStarted: 0 });
    expect(measured.count).toBe(200);
  });

  test('the rate of few calls is that of their plan', async () => {
    server = await serve(folder.url(), { 'interop.v1.Interop': { Unary: () => EMPTY } });
    const result = await benchJson([...INTEROP, '--rps', '3', '--duration', '1', folder.url(), METHOD]);
    expect(result).toMatchObject({ status: 0, calls: 3, notStarted: 0 });
    expect(result.durationMs).toBeGreaterThanOrEqual(1000);
    // Until the last one has come, and no longer.
    const counted = ['--rps', '3', '--duration', '60', '--total', '2', folder.url(), METHOD];
    expect((await benchJson([...INTEROP, ...counted])).durationMs).toBeLessThan(30_000);
  });

  test('a server that goes away ends it', async () => {
    const gone = createServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => gone.listen(folder.file('s.sock'), resolve));
    try {
      const args = ['--duration', '600', folder.url('s.sock'), METHOD];
      const { stderr, status } = await ttrpc(['bench', ...INTEROP, ...args]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^ttrpc: broken off: no connection is left: [^\n]*\n$/);
    } finally {
      gone.close();
    }
  });

  test('the summary for people', async () => {
    server = await serve(folder.url(), {
      'interop.v1.Interop': {
        Unary: (bytes) => {
          if (bytes.length > 0) throw new TtrpcError(8, 'too much');
          return EMPTY;
        },
      },
    });
    const args = ['--total', '20', '-d', '{}{"seq":1}', folder.url(), METHOD];
    const { stdout, stderr, status } = await ttrpc(['bench', ...INTEROP, ...args]);
    expect({ stderr, status }).toEqual({ stderr: '', status: 2 });
    expect(stdout).toMatch(/^Summary\n {2}Calls {6}20\n {2}Failed {5}10\n {2}Duration {3}[\d.]+ (ms|s)\n/);
    expect(stdout).toMatch(/\n {2}99 % {7}[\d.]+ (µs|ms)\n/);
    expect(stdout).toMatch(/\nHistogram\n( {2}to [\d.]+ (µs|ms|s) +\d+ ■*\n?)+/);
    expect(stdout).toMatch(/\n {2}OK {19}10\n {2}RESOURCE_EXHAUSTED {3}10\n {4}10 × too much\n$/);
  });

  test('what is wrong is said in one line, before the first call', async () => {
    server = await serveReflecting(folder.url());
    const fails = async (args: string[]): Promise<string> => {
      const { stdout, stderr, status } = await ttrpc(['bench', ...args, folder.url(), 'demo.v1.Greeter/SayHello']);
      expect({ stdout, status }).toEqual({ stdout: '', status: 1 });
      expect(stderr).toMatch(/^ttrpc: [^\n]*\n$/);
      return stderr.slice('ttrpc: '.length, -1);
    };
    expect(await fails(['--total', '0'])).toBe("--total: expected an integer from 1, got '0'");
    expect(await fails(['--skip-first', '200'])).toBe(
      '--skip-first: expected less than the 200 calls of --total, got 200',
    );
    expect(await fails(['--skip-first', '99', '--duration', '0.1', '--rps', '20', '-d', '{"firstName":"Ada"}'])).toBe(
      '--skip-first 99: only 2 calls were made, nothing is measured',
    );
    expect(await fails(['--rps', 'fast'])).toMatch(/^--rps: expected a number, step:.*got 'fast'$/);
    expect(await fails(['--rps', 'step:1:2'])).toMatch(/^--rps: expected .*got 'step:1:2'$/);
    expect(await fails(['-d', '{"firstName":"a","firstName":"b"}'])).toBe('request: firstName: given twice');
    expect(await fails(['-d', '{"firstName":1}'])).toBe('request: firstName: expected a string, got 1');
    expect(await fails(['-d', '{"firstName":"{{.UUDI}}"}'])).toMatch(
      /^\{\{\.UUDI\}\} is unknown: .*Did you mean '\.UUID'\?$/,
    );
    expect(await fails(['-d', '{"firstName":'])).toBe('-d ends in the middle of the request that begins on line 1');
    expect(await fails(['-d', '@/no/such/file'])).toBe('/no/such/file: there is no such file');
  });
});

describe('schedules', () => {
  const times = (text: string, count: number): number[] => {
    const schedule = Schedule.parse(text);
    return Array.from({ length: count }, () => schedule.next());
  };
  /** How many of the calls are planned for each second. */
  const perSecond = (text: string, seconds: number): number[] => {
    const schedule = Schedule.parse(text);
    const counts = new Array<number>(seconds).fill(0);
    for (let at = schedule.next(); at < 1000 * seconds; at = schedule.next()) {
      const second = Math.floor(at / 1000);
      counts[second] = (counts[second] ?? 0) + 1;
    }
    return counts;
  };

  test('a constant rate', () => {
    expect(times('100', 4)).toEqual([0, 10, 20, 30]);
    expect(Schedule.parse('100').seconds).toBe(Infinity);
  });

  test('steps, up and down', () => {
    expect(perSecond('step:100:300:100:2', 8)).toEqual([100, 100, 200, 200, 300, 300, 300, 300]);
    expect(perSecond('step:300:100:100:1', 4)).toEqual([300, 200, 100, 100]);
    expect(Schedule.parse('step:100:300:100:2').seconds).toBe(6);
  });

  test('a line, up and down', () => {
    const up = perSecond('line:100:300:4', 6);
    expect(up.slice(0, 4).reduce((sum, each) => sum + each)).toBe(800);
    [125, 175, 225, 275, 300, 300].forEach((wanted, at) =>
      expect(Math.abs((up[at] ?? 0) - wanted)).toBeLessThanOrEqual(1),
    );
    const down = perSecond('line:300:100:4', 4);
    [275, 225, 175, 125].forEach((wanted, at) => expect(Math.abs((down[at] ?? 0) - wanted)).toBeLessThanOrEqual(1));
  });

  test.each([
    ['100', 100],
    ['step:100:300:100:2', 300],
    ['line:300:100:4', 300],
    ['step:1:100001:1:1', 100_001],
  ])('the highest rate of %s is %d', (text, peak) => expect(Schedule.parse(text).peak).toBe(peak));

  test.each(['', '0', '-1', 'x', 'line:1:2', 'step:1:2:0:1', 'cube:1:2:3'])('%j is refused', (text) => {
    expect(() => Schedule.parse(text)).toThrow(/^--rps: expected /);
  });
});

describe('templates', () => {
  const make = (text: string): string => new Template(text).textFor(7);

  test('what they make', () => {
    expect(make('{"a":{"n":{{.RequestNumber}}}}')).toBe('{"a":{"n":7}}');
    expect(make('{{.UUID}}')).toMatch(/^[\da-f]{8}-[\da-f]{4}-4/);
    expect(make('{{randomString 12}}')).toMatch(/^[a-zA-Z\d]{12}$/);
    expect(Number(make('{{randomInt 3 5}}'))).toBeGreaterThanOrEqual(3);
    expect(Math.abs(Number(make('{{.TimestampUnix}}')) - Date.now() / 1000)).toBeLessThan(5);
    expect(Date.parse(make('{{.Timestamp}}'))).not.toBeNaN();
    expect(new Template('{"a":{"b":{}}}').isConstant).toBe(true);
  });

  test.each(['{{randomInt 5 3}}', '{{randomString 0}}', '{{randomString x}}'])('%s is refused', (text) => {
    expect(() => new Template(text)).toThrow(/expected/);
  });
});
