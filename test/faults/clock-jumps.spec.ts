import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, TtrpcStatus } from '../../src/protocol/index.js';
import type { TtrpcClientInterceptor } from '../../src/client/index.js';
import { Caller } from '../../src/client/calls/caller.js';
import { ClientLab, readAll, type AsyncLab } from '../support/client-lab.js';

const HOUR_MS = 3_600_000;
const SERVICE = 'client.v1.Lab';

const passes: TtrpcClientInterceptor = (_call, next) => next();
const now = Date.now;
let lab: ClientLab;

beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
});

afterEach(async () => {
  Date.now = now;
  await lab.close();
});

/** Sets the wall clock, as NTP or a machine that wakes up does. */
function jump(ms: number): void {
  Date.now = () => now() + ms;
}

describe.each([
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
])('a wall clock that jumps an hour %s', (_name, ms) => {
  it.each([
    ['unary', {}],
    ['unary with interceptors', { interceptors: [passes] }],
    ['streaming', {}],
    ['streaming on a shared connection', { streams: 'shared' }],
  ] as const)('leaves a %s call the time that it has', async (kind, options) => {
    const url = lab.folder.url('later.sock');
    const service = lab
      .client({ url, reconnect: { initialMs: 5, maxMs: 20 }, ...options })
      .getAsyncService<AsyncLab>(SERVICE);
    const patient = { timeoutMs: 20_000, waitForReady: true };
    const call = kind.startsWith('unary')
      ? service.look({}, patient).then(({ text }) => (JSON.parse(text ?? '') as { leftMs: number }).leftMs)
      : readAll(service.count({ number: 2 }, patient)).then(() => lab.seen.at(-1)?.leftMs);
    jump(ms);
    // The request is written now, behind the jump.
    await lab.server?.close();
    await lab.start(url);
    const leftMs = await call;
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(20_000);
  });

  it('ends a call at its deadline', async () => {
    const service = lab.client({ url: lab.folder.url('nobody.sock') }).getAsyncService<AsyncLab>(SERVICE);
    const begun = performance.now();
    const call = service.look({}, { timeoutMs: 50, waitForReady: true });
    jump(ms);
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    expect(performance.now() - begun).toBeGreaterThan(40);
  });

  it('does not stop it from connecting again', async () => {
    const service = lab.client({ reconnect: { initialMs: 20 } }).getAsyncService<AsyncLab>(SERVICE);
    await service.ask({});
    await lab.server?.close();
    // Fails at once, and begins the wait before the next attempt.
    await expect(service.ask({})).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    jump(ms);
    await lab.start();
    expect(await service.ask({ number: 1 }, { waitForReady: true, timeoutMs: 5000 })).toMatchObject({ number: 2 });
  });
});

it('a raw call and a raw stream have the time that they have', async () => {
  const client = await connect(lab.url, { timeoutMs: 20_000, waitForReady: true });
  const encoded = new Uint8Array();
  for (const ms of [HOUR_MS, -HOUR_MS]) {
    // Begun without its request, which is written behind the jump.
    const stream = client.stream(SERVICE, 'Count', 'server-streaming');
    jump(ms);
    await stream.send(encoded);
    for await (const _each of stream) break;
    expect(lab.seen.at(-1)?.leftMs).toBeGreaterThan(0);
    expect(lab.seen.at(-1)?.leftMs).toBeLessThanOrEqual(20_000);
    Date.now = now;
  }
  client.close();
});

it("a parent's deadline that counts from now, by the clock of deadlines", () => {
  const caller = new Caller({ url: lab.url, protoPath: 'none' }, () => undefined as never);
  const parent = { deadline: new Date(Date.now() + 5000), signal: new AbortController().signal, metadata: {} as never };
  const deadline = caller.deadline({ parent }) as number;
  expect(deadline - performance.now()).toBeGreaterThan(4000);
  expect(deadline - performance.now()).toBeLessThanOrEqual(5001);
});
