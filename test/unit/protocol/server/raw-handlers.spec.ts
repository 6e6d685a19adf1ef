import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import {
  connect,
  serve,
  TtrpcError,
  TtrpcStatus,
  type RawClient,
  type RawServer,
  type RawServices,
} from '../../../../src/protocol/index.js';
import { deferred, turn } from '../../../support/deferred.js';
import { TempFolder } from '../../../support/temp-folder.js';

const SERVICE = 'raw.v1.Raw';
const EMPTY = new Uint8Array(0);

type RawStreamShape = 'server-streaming' | 'client-streaming' | 'bidi';

let folder: TempFolder;
let server: RawServer;
let client: RawClient;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(async () => {
  client.close();
  await server.close();
  folder.remove();
});

async function start(methods: RawServices[string]): Promise<void> {
  server = await serve(folder.url(), { [SERVICE]: methods });
  client = await connect(folder.url());
}

/** Reads a new stream to its end. */
async function readAll(name: string, shape: RawStreamShape): Promise<void> {
  const stream = client.stream(SERVICE, name, shape);
  if (shape === 'server-streaming') await stream.send(EMPTY);
  for await (const message of stream) void message;
}

describe('a raw streaming handler that is an async function', () => {
  const refuse = async (): Promise<never> => {
    await Promise.resolve();
    throw new TtrpcError(TtrpcStatus.NOT_FOUND, 'not here');
  };
  const fail = async (): Promise<never> => {
    await Promise.resolve();
    throw new Error('the password is 42');
  };

  it.each(['server-streaming', 'bidi', 'client-streaming'] as const)(
    '%s: what it throws ends its call',
    async (shape) => {
      await start({
        Refuse: { shape, handle: refuse },
        Break: { shape, handle: fail },
        Echo: (request) => request,
      });
      await expect(readAll('Refuse', shape)).rejects.toMatchObject({
        code: TtrpcStatus.NOT_FOUND,
        message: 'not here',
      });
      await expect(readAll('Break', shape)).rejects.toMatchObject({
        code: TtrpcStatus.UNKNOWN,
        message: 'the handler failed',
      });
      await client.call(SERVICE, 'Echo', EMPTY);
      expect(server.stats).toMatchObject({ calls: 0 });
    },
  );

  it('may throw when its call is over', async () => {
    const began = deferred();
    const release = deferred();
    const thrown = deferred();
    await start({
      Break: {
        shape: 'server-streaming',
        async handle() {
          began.resolve();
          await release.promise;
          thrown.resolve();
          throw new Error('too late');
        },
      },
      Echo: (request) => request,
    });
    const stream = client.stream(SERVICE, 'Break', 'server-streaming');
    await stream.send(EMPTY);
    await began.promise;
    stream.cancel();
    while (server.stats.calls > 0) await turn();
    release.resolve();
    await thrown.promise;
    expect(await client.call(SERVICE, 'Echo', EMPTY)).toEqual(EMPTY);
    expect(server.stats).toMatchObject({ calls: 0, connections: 1 });
  });
});

describe("a handler's abort listeners", () => {
  const failing: Record<string, (signal: AbortSignal) => void> = {
    'a function that throws': (signal) =>
      signal.addEventListener('abort', () => {
        throw new Error('in a listener');
      }),
    'an async function that rejects': (signal) => {
      const listener: () => unknown = async () => {
        await Promise.resolve();
        throw new Error('in a listener');
      };
      signal.addEventListener('abort', listener);
    },
    'an object with handleEvent': (signal) =>
      signal.addEventListener('abort', {
        handleEvent: () => {
          throw new Error('in a listener');
        },
      }),
    onabort: (signal) => {
      signal.onabort = () => {
        throw new Error('in a listener');
      };
    },
  };

  it.each(Object.keys(failing))('%s: a warning, and no uncaught exception', async (how) => {
    const began = deferred();
    const others: unknown[] = [];
    const removed = (): void => void others.push('removed');
    await start({
      async Wait(request, { signal }) {
        failing[how]?.(signal);
        signal.addEventListener('abort', removed);
        signal.removeEventListener('abort', removed);
        signal.addEventListener('abort', () => others.push('next'), { once: true });
        began.resolve();
        await once(signal, 'abort');
        return request;
      },
    });
    const warned = deferred<unknown>();
    jest.spyOn(process, 'emitWarning').mockImplementation((warning) => warned.resolve(warning));
    const controller = new AbortController();
    const call = client.call(SERVICE, 'Wait', EMPTY, { signal: controller.signal });
    await began.promise;
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.CANCELLED });
    // Nothing tells the server of a unary call that is given up; it learns of its client's end.
    client.close();
    expect(await warned.promise).toBe('an abort listener of raw.v1.Raw/Wait failed: in a listener');
    jest.restoreAllMocks();
    expect(others).toEqual(['next']);
  });
});

describe('a hostile reason of an AbortSignal', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const reasons: Record<string, unknown> = {
    'without a prototype': Object.create(null) as unknown,
    'a revoked Proxy': revoked.proxy,
    'a message that throws': {
      get message() {
        throw new Error('trap');
      },
    },
    'a toString that throws': {
      toString() {
        throw new Error('trap');
      },
    },
    'a symbol': Symbol('reason'),
  };

  it.each(Object.keys(reasons))('%s: the caller gets CANCELLED, the handler its own reason', async (name) => {
    const began = deferred();
    const aborted = deferred<unknown>();
    await start({
      async Wait(request, { signal }) {
        began.resolve();
        await once(signal, 'abort');
        aborted.resolve(signal.reason);
        return request;
      },
    });
    const controller = new AbortController();
    const call = client.call(SERVICE, 'Wait', EMPTY, { signal: controller.signal });
    await began.promise;
    controller.abort(reasons[name]);
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.CANCELLED });
    // Nothing tells the server of a unary call that is given up; it learns of its client's end.
    client.close();
    expect(await aborted.promise).toMatchObject({ code: TtrpcStatus.CANCELLED });
  });
});
