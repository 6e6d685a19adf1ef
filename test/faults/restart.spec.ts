import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import type { TtrpcError } from '../../src/protocol/index.js';
import { connect, TtrpcStatus, type RawClient } from '../../src/protocol/index.js';
import { startGoServer, goVersion } from '../interop/go-peer.js';
import { TtrpcClient } from '../../src/index.js';
import { lastValueFrom } from 'rxjs';
import { startProgram, type Program } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { turn } from '../support/deferred.js';

const RUN_SOURCES = fileURLToPath(new URL('../../scripts/typescript/register-sources.mjs', import.meta.url));
const PROGRAM = fileURLToPath(new URL('programs/counter.ts', import.meta.url));
const INTEROP_PROTO = fileURLToPath(new URL('../interop/proto/interop.proto', import.meta.url));
const SERVICE = 'faults.v1.Counter';
const RESTARTS = 2;
const CALLERS = 24;

const go = (await goVersion()) !== undefined;
if (!go) process.stderr.write('No Go toolchain ("go" in PATH): a Go server that restarts under load is not tested\n');

let folder: TempFolder;
let programs: Program[];

beforeEach(() => {
  folder = new TempFolder();
  programs = [];
});

afterEach(async () => {
  for (const each of programs) await each.kill();
  folder.remove();
});

async function startServer(): Promise<Program> {
  const program = startProgram(process.execPath, ['--import', RUN_SOURCES, PROGRAM, folder.url()]);
  programs.push(program);
  await program.shows('ready');
  return program;
}

/** Calls without a pause until `stop()`; counts how they end. */
class Load {
  readonly answered = new Set<string>();
  readonly failed = new Map<string, number>();
  readonly wrong: string[] = [];
  readonly #callers: Promise<void>[];
  #next = 0;
  #over = false;

  constructor(call: (id: string, kind: number) => Promise<string[]>, expected: (id: string, kind: number) => string[]) {
    this.#callers = Array.from({ length: CALLERS }, async (_, kind) => {
      while (!this.#over) {
        const id = `#${this.#next++}`;
        try {
          const answer = await call(id, kind);
          this.answered.add(id);
          if (answer.join() !== expected(id, kind).join()) this.wrong.push(`${id}: ${answer.join()}`);
        } catch (error) {
          const code = TtrpcStatus[(error as TtrpcError).code] ?? String(error);
          this.failed.set(code, (this.failed.get(code) ?? 0) + 1);
          // As a caller does who tries again.
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    });
  }

  get made(): number {
    return this.#next;
  }

  /** Resolves when so many more calls were answered. */
  async more(count: number): Promise<void> {
    const wanted = this.answered.size + count;
    while (this.answered.size < wanted) await turn();
  }

  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#callers);
  }

  /** What it shows, in one line. */
  report(title: string): void {
    const failed = [...this.failed].map(([code, count]) => `${count} ${code}`).join(', ');
    const lost = this.made - this.answered.size - [...this.failed.values()].reduce((sum, count) => sum + count, 0);
    process.stdout.write(
      `${title}: ${this.made} calls, ${this.answered.size} answered, failed: ${failed}; lost ${lost}, wrong ${this.wrong.length}\n`,
    );
    expect({ lost, wrong: this.wrong }).toEqual({ lost: 0, wrong: [] });
  }
}

describe('a server that is killed and started again under load', () => {
  it.each([
    ['fails fast', false],
    ['waits for it', true],
  ])('each call ends once, none is handled twice, and a client that %s goes on', async (_name, waitForReady) => {
    let server = await startServer();
    const reconnect = { initialMs: 10, maxMs: 50 };
    const client: RawClient = await connect(folder.url(), {
      waitForReady,
      reconnect,
      connections: 2,
      timeoutMs: 20_000,
    });
    const isStream = (kind: number): boolean => kind % 3 === 0;
    const load = new Load(
      async (id, kind) => {
        const request = Buffer.from(id);
        if (!isStream(kind)) return [Buffer.from(await client.call(SERVICE, 'Echo', request)).toString()];
        const stream = client.stream(SERVICE, 'Count', 'server-streaming');
        await stream.send(request);
        const answers: string[] = [];
        for await (const answer of stream) answers.push(Buffer.from(answer).toString());
        return answers;
      },
      (id, kind) => (isStream(kind) ? [0, 1, 2, 3, 4].map((index) => `${id}.${index}`) : [id]),
    );
    for (let restart = 0; restart < RESTARTS; restart++) {
      await load.more(300);
      server.child.kill('SIGKILL');
      await server.ended;
      // The socket file is still there: the next server takes its place.
      server = await startServer();
    }
    await load.more(300);
    expect(client.status).toBe('connected');
    await load.stop();
    client.close();
    server.child.kill('SIGKILL');
    load.report(`restarts, ${waitForReady ? 'waitForReady' : 'fail fast'}`);
    // With waitForReady only calls that were in flight fail: one for each caller and restart, or two in bad luck.
    expect([...load.failed.keys()]).toEqual(['UNAVAILABLE']);
    if (waitForReady) expect(load.failed.get('UNAVAILABLE')).toBeLessThanOrEqual(2 * RESTARTS * CALLERS);
    const outputs = await Promise.all(programs.map(({ ended }) => ended));
    const handled = outputs.flatMap(({ stdout }) =>
      [...stdout.matchAll(/^handled (#\d+)$/gm)].map(([, id]) => id as string),
    );
    expect(handled.length).toBe(new Set(handled).size);
    const known = new Set(handled);
    expect([...load.answered].filter((id) => !known.has(id))).toEqual([]);
  });

  (go ? it : it.skip)(
    'the same with a server in Go',
    async () => {
      let server = await startGoServer(folder.url());
      const client = new TtrpcClient({
        url: folder.url(),
        protoPath: INTEROP_PROTO,
        waitForReady: true,
        timeoutMs: 20_000,
        reconnect: { initialMs: 10, maxMs: 50 },
      });
      const events: string[] = [];
      for (const event of ['connected', 'disconnected', 'reconnecting'] as const)
        client.on(event, () => events.push(event));
      const load = new Load(
        async (id) => {
          const { seq } = await lastValueFrom(
            client.send<{ seq?: { toString(): string } }>('/interop.v1.Interop/Unary', { seq: Number(id.slice(1)) }),
          );
          return [`#${(seq ?? 0).toString()}`];
        },
        (id) => [id],
      );
      for (let restart = 0; restart < RESTARTS; restart++) {
        await load.more(300);
        await server.stop();
        server = await startGoServer(folder.url());
      }
      await load.more(300);
      await load.stop();
      await client.close();
      await server.stop();
      load.report('restarts of a Go server, waitForReady');
      expect([...load.failed.keys()].filter((code) => code !== 'UNAVAILABLE')).toEqual([]);
      expect(load.failed.get('UNAVAILABLE') ?? 0).toBeLessThanOrEqual(2 * RESTARTS * CALLERS);
      expect(events[0]).toBe('connected');
      expect(events.filter((event) => event === 'connected')).toHaveLength(1 + RESTARTS);
      // Each loss is told, and at least one attempt after it.
      expect(events.slice(1, 3)).toEqual(['disconnected', 'reconnecting']);
    },
    300_000,
  );
});
