import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { openSync, closeSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { TtrpcException } from '../../src/common/ttrpc-exception.js';
import { connect, TtrpcStatus } from '../../src/protocol/index.js';
import type { TtrpcClientInterceptor } from '../../src/client/index.js';
import { ClientLab, readAll, type AsyncLab, type Lab } from '../support/client-lab.js';

const SERVICE = 'client.v1.Lab';

let lab: ClientLab;

beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
});

afterEach(() => lab.close());

async function caught(call: Promise<unknown>): Promise<TtrpcException> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TtrpcException);
  return error as TtrpcException;
}

const passes: TtrpcClientInterceptor = (_call, next) => next();

describe('an exception of a client', () => {
  it.each([false, true])('names its call, with interceptors: %s', async (intercepted) => {
    const client = lab.client(intercepted ? { interceptors: [passes] } : {});
    const observables = client.getService<Lab>(SERVICE);
    const promises = client.getAsyncService<AsyncLab>(SERVICE);
    const failures: Record<string, Promise<unknown>> = {
      Fail: promises.fail({ text: 'no such thing' }),
      Wait: promises.wait({}, { timeoutMs: 20 }),
      Sum: promises.sum([{ number: {} as number }]),
      Ask: firstValueFrom(observables.ask({}, { timeoutMs: -1 })),
      Look: promises.look({}, { signal: AbortSignal.abort() }),
      Count: readAll(promises.count({ number: 1, text: 'fail' })).then(({ error }) => Promise.reject(error as Error)),
    };
    // Each is watched at once: one that fails while another is waited for must not be an unhandled rejection.
    const named = Object.entries(failures).map(async ([method, failure]) => [method, (await caught(failure)).rpc]);
    expect(await Promise.all(named)).toEqual(
      Object.keys(failures).map((method) => [method, `client.v1.Lab/${method}`]),
    );
  });

  it('keeps the message as the server sent it; its text has the name of the code and the call', async () => {
    const error = await caught(lab.client().getAsyncService<AsyncLab>(SERVICE).fail({ text: 'no such thing' }));
    expect(error.message).toBe('no such thing');
    expect(error.getError()).toMatchObject({ code: 5, message: 'no such thing' });
    expect(String(error)).toBe('TtrpcException: NOT_FOUND: no such thing (client.v1.Lab/Fail)');
    expect(inspect(error)).toContain("rpc: 'client.v1.Lab/Fail'");
  });

  it("of a handler's own has none", () => {
    const error = new TtrpcException(TtrpcStatus.NOT_FOUND, 'no such thing');
    expect('rpc' in error).toBe(false);
    expect(String(error)).toBe('TtrpcException: NOT_FOUND: no such thing');
  });
});

describe('the stack of an exception', () => {
  async function theCaller(service: AsyncLab): Promise<void> {
    await service.fail({ text: 'no such thing' });
  }

  async function theStreamer(service: AsyncLab): Promise<void> {
    await service.sum([{ text: 'a' }, { number: {} as number }]);
  }

  async function theReader(service: AsyncLab): Promise<void> {
    for await (const _each of service.count({ number: 1, text: 'fail' }));
  }

  async function theLateReader(service: AsyncLab): Promise<void> {
    const answers = service.count({ text: 'fail', number: 1 });
    await answers.next();
    await lab.until(() => lab.ended.length > 0);
    await answers.next();
  }

  async function theWaiter(service: AsyncLab): Promise<void> {
    await Promise.all([service.wait({}, { timeoutMs: 20 })]);
  }

  it.each([theCaller, theStreamer, theReader, theLateReader, theWaiter])(
    'leads to the line that awaits: %p',
    async (caller) => {
      const service = lab.client().getAsyncService<AsyncLab>(SERVICE);
      const error = await caught(caller(service));
      // The name in a loop is that of its variable: so says the source map.
      expect(error.stack).toMatch(
        new RegExp(`at (async )?(${caller.name}|_each) .*client-errors\\.spec\\.ts:\\d+:\\d+`),
      );
    },
  );
});

describe('a deadline that passes while its call waits for a connection', () => {
  it.each([
    ['ask', {}],
    ['ask', { dedicated: true }],
    ['count', {}],
  ] as const)('says why the last attempt failed: %s %p', async (method, route) => {
    for (const interceptors of [[], [passes]]) {
      const client = lab.client({ url: lab.folder.url('nobody.sock'), interceptors, reconnect: { initialMs: 5 } });
      const service = client.getService<Lab>(SERVICE);
      const call = service[method]({}, { timeoutMs: 60, waitForReady: true, ...route });
      const error = await caught(firstValueFrom(call));
      expect(error.code).toBe(TtrpcStatus.DEADLINE_EXCEEDED);
      expect(error.message).toMatch(
        /^the deadline of the call has passed while it waited for a connection; the last attempt failed: cannot connect to unix:\/\/.*nobody\.sock: there is no such socket \(ENOENT\)$/,
      );
      expect(error.cause).toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    }
  });

  it('says nothing of attempts once there is a connection', async () => {
    const error = await caught(lab.client().getAsyncService<AsyncLab>(SERVICE).wait({}, { timeoutMs: 20 }));
    expect(error.message).toBe('the deadline of the call has passed');
  });
});

describe('a descriptor that is no connection', () => {
  it('is named, by the call, by later ones and by connect()', async () => {
    const client = lab.client({ url: 'fd:999' });
    const service = client.getAsyncService<AsyncLab>(SERVICE);
    const reason = 'cannot connect to fd:999: this process has no such descriptor (EBADF)';
    for (const call of [() => service.ask({}), () => service.ask({}), () => client.connect()]) {
      const error = await caught(call());
      expect(error.code).toBe(TtrpcStatus.UNAVAILABLE);
      expect(error.message).toContain(reason);
    }
    await expect(connect('fd:999')).rejects.toMatchObject({ message: expect.stringContaining(reason) });
  });

  it('that is a file, too', async () => {
    const fd = openSync(new URL(import.meta.url), 'r');
    const error = await caught(
      lab
        .client({ url: `fd:${fd}` })
        .getAsyncService<AsyncLab>(SERVICE)
        .ask({}),
    );
    closeSync(fd);
    expect(error.message).toContain(`cannot connect to fd:${fd}: it is no socket (ENOTSOCK)`);
  });
});

describe('an error status that comes when the deadline has passed', () => {
  let server: Server;
  let beforeAnswer: () => void;

  /** Answers each stream's first Request with INVALID_ARGUMENT, as Go's server does at the deadline of a Data frame. */
  function answerLate(socket: Socket): void {
    socket.once('data', (request: Buffer) => {
      const message = 'data handling error: context deadline exceeded';
      const status = Buffer.concat([Buffer.from([8, 3, 0x12, message.length]), Buffer.from(message)]);
      const envelope = Buffer.concat([Buffer.from([0x0a, status.length]), status]);
      const header = Buffer.alloc(10);
      header.writeUInt32BE(envelope.length, 0);
      header.writeUInt32BE(request.readUInt32BE(4), 4);
      header[8] = 2;
      beforeAnswer();
      socket.write(Buffer.concat([header, envelope]));
    });
    socket.on('error', () => undefined);
  }

  beforeEach(async () => {
    beforeAnswer = () => undefined;
    server = createServer(answerLate).listen(lab.folder.file('late.sock'));
    await once(server, 'listening');
  });

  afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

  it('is DEADLINE_EXCEEDED, and keeps its own words as the cause', async () => {
    const client = lab.client({ url: lab.folder.url('late.sock') });
    const service = client.getAsyncService<AsyncLab>(SERVICE);
    await client.connect();
    const call = service.sum([{ number: 1 }], { timeoutMs: 10_000 });
    // A busy caller: the status is read when the time is up and before the timer fires.
    const clock = performance.now.bind(performance);
    beforeAnswer = () => void (performance.now = () => clock() + 10_000);
    const error = await caught(call).finally(() => (performance.now = clock));
    expect(error.code).toBe(TtrpcStatus.DEADLINE_EXCEEDED);
    expect(error.cause).toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT, message: /data handling error/ });
    await client.close();
  });

  it('is what it is while there is time', async () => {
    const client = lab.client({ url: lab.folder.url('late.sock') });
    const service = client.getAsyncService<AsyncLab>(SERVICE);
    const error = await caught(service.sum([{ number: 1 }], { timeoutMs: 10_000 }));
    expect(error).toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT });
    expect(error.message).toBe('data handling error: context deadline exceeded');
    await client.close();
  });
});
