import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { connect, serve, type RawClient, type RawServer } from '../../../../src/protocol/index.js';
import { refuseUnknownOptions, unknownOptions } from '../../../../src/protocol/core/option-names.js';
import { loadServices } from '../../../../src/schema/index.js';

const KNOWN = { timeoutMs: true, signal: true };

describe('names that are no options', () => {
  it('are named with what was probably meant', () => {
    expect(unknownOptions('a call', { timeout: 5, signal: undefined, colour: 'red' }, KNOWN)).toEqual([
      "'timeout' is no option of a call: it does nothing. Did you mean 'timeoutMs'?",
      "'colour' is no option of a call: it does nothing.",
    ]);
  });

  it('do not count without a value, as options of something else, and where there are no options', () => {
    expect(unknownOptions('a call', { timeout: undefined }, KNOWN)).toEqual([]);
    expect(unknownOptions('a call', { colour: 'red' }, KNOWN, { colour: true })).toEqual([]);
    for (const none of [undefined, null, 5, 'timeout']) expect(unknownOptions('a call', none, KNOWN)).toEqual([]);
  });

  it('may be refused', () => {
    expect(() => refuseUnknownOptions('call', { signal: 1, timeout: 5 }, KNOWN)).toThrow(
      new TypeError("call.timeout: no such option; call has timeoutMs, signal. Did you mean 'timeoutMs'?"),
    );
    expect(() => refuseUnknownOptions('call', { signal: 1 }, KNOWN)).not.toThrow();
  });
});

describe('without Nest', () => {
  let server: RawServer | undefined;
  let client: RawClient | undefined;

  afterEach(async () => {
    client?.close();
    await server?.close();
    client = server = undefined;
    jest.restoreAllMocks();
  });

  it('serve, connect, a call and loadServices warn of them, a call once for each name', async () => {
    const warnings: string[] = [];
    jest.spyOn(process, 'emitWarning').mockImplementation((line: unknown) => void warnings.push(String(line)));
    const url = 'memory:option-names';
    server = await serve(url, { 'demo.Echo': { Once: (bytes) => bytes } }, { maxConnection: 3 } as object);
    client = await connect(url, { timeout: 5 } as object);
    for (let call = 0; call < 2; call += 1) {
      await client.call('demo.Echo', 'Once', Buffer.from('a'), { deadline: 5, dedicated: undefined } as object);
    }
    const root = { nested: { demo: { nested: {} } } };
    loadServices({ root, protopath: 'greeter.proto' } as object);
    expect(warnings).toEqual([
      "'maxConnection' is no option of serve: it does nothing. Did you mean 'maxConnections'?",
      "'timeout' is no option of connect: it does nothing. Did you mean 'timeoutMs'?",
      "'deadline' is no option of a call: it does nothing.",
      "'protopath' is no option of loadServices: it does nothing. Did you mean 'protoPath'?",
    ]);
  });

  it.each([
    [
      { reconnect: { initial: 5 } },
      'reconnect.initial: no such option; reconnect has initialMs, maxMs, factor, jitter',
    ],
    [{ reconnect: 5 }, 'reconnect: expected an object such as { initialMs: 50 }, got 5'],
    [{ waitForReady: 'yes' }, 'waitForReady: expected true or false, got string "yes"'],
  ])('connect refuses %j', async (options, message) => {
    await expect(connect('memory:nobody', options as object)).rejects.toThrow(message);
  });

  it.each([
    [undefined, {}, 'expected a table of services, or a list of what implement() gives, to serve; got undefined'],
    [[{}], {}, 'expected what implement() gives in the list of services, got an object'],
    [{}, { socketOwner: { user: 0 } }, 'socketOwner.user: no such option; socketOwner has uid, gid'],
  ])('serve refuses the services %j with %j', async (services, options, message) => {
    const serving = (serve as (...args: unknown[]) => Promise<RawServer>)('unix:refused.sock', services, options);
    await expect(serving).rejects.toThrow(message);
  });
});
