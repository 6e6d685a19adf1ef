import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TtrpcClient, TtrpcStatus, type TtrpcCallOptions, type TtrpcClientOptions } from 'nestjs-ttrpc';
import { from, NEVER, concat, type Observable } from 'rxjs';
import { missingPeers } from './directions.js';
import { startGoServer } from './go-peer.js';
import { loader } from './nest/messages.js';
import { startNestServer } from './nest/server.js';
import type { ServerPeer } from './peer.js';
import { startRustServer } from './rust-peer.js';

const START_MS = 300_000;
const LONG_MS = 60_000;
const DEADLINE_MS = 200;
const protoPath = fileURLToPath(new URL('proto/interop.proto', import.meta.url));

/** What cancelling a call does to its handler, in the documentation's words. */
type Effect = 'aborted' | 'at the deadline' | 'at its next write' | 'goes on';

interface Row {
  shape: string;
  own: boolean;
  deadline: boolean;
  effects: Record<string, Effect>;
}

/** The table of docs/calls.md: it is what is expected. */
const doc = await readFile(new URL('../../docs/calls.md', import.meta.url), 'utf8');
const rows: Row[] = [...doc.matchAll(/^\| ([a-z-]+) +\| (its own|shared)[^|]*\| (any|sent|none) +\|(.*)\|$/gm)].map(
  ([, shape = '', connection, deadline, cells = '']) => {
    const [ours, go, rust] = cells.split('|').map((cell) => cell.trim() as Effect);
    return {
      shape,
      own: connection === 'its own',
      deadline: deadline === 'sent',
      effects: { nest: ours as Effect, go: go as Effect, rust: rust as Effect },
    };
  },
);

const METHODS: Record<string, string> = {
  unary: 'Unary',
  'server-streaming': 'ServerStream',
  'client-streaming': 'ClientStream',
  bidi: 'Bidi',
};

const servers: [string, string, (address: string) => Promise<ServerPeer>][] = [
  ['ours, Observables', 'nest', (address) => startNestServer(address, 'observables')],
  ['ours, AsyncIterables', 'nest', (address) => startNestServer(address, 'iterables')],
  ['Go', 'go', startGoServer],
  ['Rust', 'rust', startRustServer],
];

const missing = await missingPeers();
for (const { reason } of missing) process.stderr.write(`${reason}: what cancelling does there is not tested\n`);

it('the documentation has a row for each shape on each kind of connection', () => {
  const kinds = rows.map(({ shape, own, deadline }) => `${shape} ${own} ${deadline}`);
  expect(new Set(kinds).size).toBe(12);
  expect(kinds).toHaveLength(12);
});

describe.each(servers)('cancelling a call of a server of %s', (_title, peer, start) => {
  const each = missing.some((one) => one.peer === peer) ? it.skip : it;
  let folder: string;
  let server: ServerPeer;
  let client: TtrpcClient;
  let seq = 0;

  beforeAll(async () => {
    if (each === it.skip) return;
    folder = await mkdtemp(join(tmpdir(), 'ttrpc-cancel-'));
    server = await start(`unix://${join(folder, 's.sock')}`);
  }, START_MS);

  afterEach(async () => {
    await client?.close();
  });

  afterAll(async () => {
    if (each === it.skip) return;
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function use(options: Partial<TtrpcClientOptions>): void {
    client = new TtrpcClient({ url: server.address, protoPath, loader, ...options });
  }

  /** The argument of a call whose handler is at work for `delayMs`, or until the rest of its request stream comes. */
  function argument(shape: string, id: number, delayMs: number): unknown {
    const request = { seq: id, replyCount: delayMs < 50 ? 1000 : 3, delayMs };
    const first = { seq: id };
    return shape === 'client-streaming' || shape === 'bidi' ? concat(from([first]), NEVER) : request;
  }

  function call(shape: string, id: number, delayMs: number, options: TtrpcCallOptions): Observable<unknown> {
    return client.send(`/interop.v1.Interop/${METHODS[shape]}`, argument(shape, id, delayMs), options);
  }

  /** Two calls, one after the other: what came before them has been read. */
  async function barrier(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) {
      await new Promise<void>((resolve, reject) => {
        client.send('/interop.v1.Interop/Unary', { seq: ++seq }).subscribe({ complete: resolve, error: reject });
      });
    }
  }

  /** What has become of the handler of call `id` by now, beside having begun. */
  async function ends(id: number): Promise<string[]> {
    return (await server.events()).filter((one) => one.seq === id && one.event !== 'started').map(({ event }) => event);
  }

  each.each(
    rows.map(
      (row) =>
        [
          `${row.shape}, ${row.own ? 'its own connection' : 'shared'}, ${row.deadline ? 'with' : 'without'} a deadline: ${row.effects[peer]}`,
          row,
        ] as const,
    ),
  )('%s', async (_name, { shape, own, deadline, effects }) => {
    const effect = effects[peer];
    const method = METHODS[shape] as string;
    const id = ++seq;
    use({ streams: own ? 'dedicated' : 'shared' });
    await barrier();
    const controller = new AbortController();
    // Short enough to be seen to end by itself, long enough to be cancelled before it.
    const delayMs = effect === 'goes on' || effect === 'at its next write' ? 100 : LONG_MS;
    let replied: () => void;
    const reply = new Promise<void>((resolve) => (replied = resolve));
    const over = new Promise((resolve) => {
      call(shape, id, delayMs, {
        signal: controller.signal,
        dedicated: own,
        ...(deadline && { timeoutMs: DEADLINE_MS }),
      }).subscribe({ next: () => replied(), error: resolve });
    });
    await server.awaitEvent('started', method, id);
    // A handler that has begun may still have this one to send, and what cannot be sent ends it.
    if (shape === 'bidi') await reply;
    controller.abort();
    expect(await over).toMatchObject({ code: TtrpcStatus.CANCELLED });
    await barrier();
    switch (effect) {
      case 'aborted':
      case 'at its next write':
        await server.awaitEvent('cancelled', method, id);
        return;
      case 'at the deadline':
        expect(await server.awaitEvent('cancelled', method, id)).toMatchObject({ cause: 'deadline' });
        return;
      default: {
        const waits = shape === 'client-streaming' || shape === 'bidi';
        if (!waits) {
          expect(await server.awaitEvent('finished', method, id)).toMatchObject({ code: 0 });
          return;
        }
        if (deadline) await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS + 50));
        await barrier();
        expect(await ends(id)).toEqual([]);
        // With its connection it ends, except in Rust.
        await client.close();
        if (peer !== 'rust') await server.awaitEvent('cancelled', method, id);
      }
    }
  });

  /** The ways to give up a call on a connection of its own; each resolves when the call is over for its caller. */
  const ways: Record<string, (shape: string, id: number) => Promise<void>> = {
    unsubscribing: async (shape, id) => {
      const subscription = call(shape, id, LONG_MS, { dedicated: true }).subscribe();
      await server.awaitEvent('started', METHODS[shape] as string, id);
      subscription.unsubscribe();
    },
    'a deadline': async (shape, id) => {
      const over = new Promise((resolve) => {
        call(shape, id, LONG_MS, { dedicated: true, timeoutMs: DEADLINE_MS }).subscribe({ error: resolve });
      });
      expect(await over).toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    },
    'leaving a loop': async (shape, id) => {
      type Proxy = Record<string, (argument: unknown) => AsyncIterable<unknown>>;
      const proxy = client.getAsyncService<Proxy>('interop.v1.Interop');
      for await (const _reply of proxy[METHODS[shape] as string]?.(argument(shape, id, 20)) ?? []) break;
    },
  };
  const cases = Object.keys(ways).flatMap((way) =>
    Object.keys(METHODS)
      .filter((shape) => way !== 'leaving a loop' || shape === 'server-streaming' || shape === 'bidi')
      .map((shape) => [way, shape] as const),
  );

  if (peer !== 'rust') {
    each.each(cases)('by %s reaches the handler on a connection of its own: %s', async (way, shape) => {
      const id = ++seq;
      use({});
      await ways[way]?.(shape, id);
      await server.awaitEvent('cancelled', METHODS[shape] as string, id);
    });
  }
});
