import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  TtrpcContext,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  loadSchema,
  type TtrpcServerOptions,
} from '../../src/index.js';
import { connect, serve, TtrpcMetadata, TtrpcStatus, type TtrpcError } from '../../src/protocol/index.js';
import { logStack, logText } from '../../src/common/log-text.js';
import { LAB_PROTO, startLab, type Lab, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

/** Names of what every plain object has, and the way to its prototype. */
const TRAPS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

/** What a hostile peer writes to forge a line of a log and to colour it. */
const FORGED =
  'x\n[Nest] 1 - LOG all is well\r\u001b[31m\u2028\u202e\u0000\n    at Object.forged (/root/forged.js:1:1)';

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  ask({ text = '' }: Message, context: TtrpcContext): unknown {
    if (text === 'metadata') return { text: JSON.stringify(context.metadata) };
    if (text === 'misfit') return { number: 'the password is 42' };
    throw new Error(text);
  }
}

let lines: { message: string; stack: string | undefined }[];

beforeEach(() => {
  lines = [];
});

/** A lab whose log goes to `lines`. */
function start(server: Partial<TtrpcServerOptions> = {}): Promise<Lab> {
  const note = (message: string, stack?: string): void => {
    // What the lab does not serve is no matter here.
    if (!message.startsWith('no handler for ')) lines.push({ message, stack });
  };
  const prepare = (): void => {
    Logger.overrideLogger({ log: () => undefined, warn: note, error: note });
  };
  return startLab({ controllers: [LabController], server, prepare });
}

afterEach(() => {
  Logger.overrideLogger(false);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

describe('internal errors', () => {
  let lab: Lab;
  afterEach(() => lab.close());

  it('never go to a peer: not their message, not their stack, not a value', async () => {
    lab = await start();
    await expect(lab.ask('Ask', { text: 'the password is 42' })).rejects.toMatchObject({
      code: TtrpcStatus.UNKNOWN,
      message: 'Internal server error',
      details: [],
    });
    await expect(lab.ask('Ask', { text: 'misfit' })).rejects.toMatchObject({
      code: TtrpcStatus.INTERNAL,
      message: expect.not.stringContaining('password'),
    });
    expect(lines.map(({ message }) => message)).toEqual([
      'LabController.ask failed: the password is 42',
      expect.stringContaining('the password is 42'),
    ]);
    expect(lines[0]?.stack).toMatch(/^Error: the password is 42\n {4}at .*LabController/);
  });

  it('go to the caller with `exposeErrors`', async () => {
    lab = await start({ exposeErrors: true });
    await expect(lab.ask('Ask', { text: 'the password is 42' })).rejects.toMatchObject({
      code: TtrpcStatus.UNKNOWN,
      message: expect.stringMatching(/^Error: the password is 42\n {4}at .*LabController/),
    });
    await expect(lab.ask('Ask', { text: 'misfit' })).rejects.toMatchObject({
      message: expect.stringContaining('password'),
    });
  });

  it.each([undefined, false])('do not with `exposeErrors: %p`', async (exposeErrors) => {
    lab = await start({ exposeErrors });
    await expect(lab.ask('Ask', { text: 'secret' })).rejects.toMatchObject({ message: 'Internal server error' });
  });
});

it('`exposeErrors: "yes"` is refused: neither true nor a silent false', () => {
  expect(() => new TtrpcServer({ protoPath: LAB_PROTO, exposeErrors: 'yes' as never })).toThrow(
    'exposeErrors: expected true or false, got string "yes"',
  );
});

describe('internal errors of the raw engine', () => {
  it.each([
    [false, 'the handler failed'],
    [true, expect.stringMatching(/^Error: the password is 42\n {4}at /)],
  ])('with exposeErrors %p', async (exposeErrors, message) => {
    const folder = new TempFolder();
    const fail = (): never => {
      throw new Error('the password is 42');
    };
    const server = await serve(folder.url(), { 'test.v1.Test': { Fail: fail } }, { exposeErrors });
    const client = await connect(folder.url());
    await expect(client.call('test.v1.Test', 'Fail', new Uint8Array(0))).rejects.toMatchObject({
      code: TtrpcStatus.UNKNOWN,
      message,
    });
    client.close();
    await server.close();
    folder.remove();
  });
});

describe('logs', () => {
  let lab: Lab;
  afterEach(() => lab.close());

  // eslint-disable-next-line no-control-regex -- to find them is the point
  const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/;

  it('of handlers that fail show what a peer wrote on one line, in the stack, too', async () => {
    lab = await start();
    await expect(lab.ask('Ask', { text: FORGED })).rejects.toMatchObject({ code: TtrpcStatus.UNKNOWN });
    const [line] = lines;
    expect(line?.message).not.toMatch(CONTROLS);
    expect(line?.message).toContain('LabController.ask failed: x\\u000a[Nest] 1 - LOG all is well\\u000d\\u001b[31m');
    const [head = '', ...frames] = (line?.stack ?? '').split('\n');
    expect(head).not.toMatch(CONTROLS);
    expect(head).toContain('forged.js');
    expect(frames.length).toBeGreaterThan(0);
    for (const frame of frames) expect(frame).toMatch(/^ {4}at (?!Object\.forged)/);
  });

  it('of refusals show it on one line', async () => {
    lab = await start({
      authorize: () => {
        throw new Error(FORGED);
      },
    });
    await expect(lab.ask('Ask', {})).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.message).toMatch(/^refused \(authorize\) on unix:.*: authorize\(\) failed: x\\u000a\[Nest\]/);
    expect(lines[0]?.message).not.toMatch(CONTROLS);
  });

  it('are cut where a peer wrote too much', async () => {
    lab = await start();
    await expect(lab.ask('Ask', { text: 'x'.repeat(1_000_000) })).rejects.toMatchObject({ code: TtrpcStatus.UNKNOWN });
    expect(lines[0]?.message.length).toBeLessThan(2200);
    expect(lines[0]?.message).toMatch(/x… \(1000000 characters\)$/);
    expect(lines[0]?.stack?.length).toBeLessThan(4500);
  });
});

describe('texts of a log', () => {
  it('have control characters escaped', () => {
    expect(logText('a\tb\u0085c')).toBe('a\\u0009b\\u0085c');
    expect(logStack('no error')).toBeUndefined();
    expect(logStack({ stack: 'Error: a\nb' })).toBe('Error: a\\u000ab');
    expect(logStack({ message: 'now another', stack: 'Error: a\nb\n    at f\u001b[0m\n    at g' })).toBe(
      'Error: a\\u000ab\n    at f\\u001b[0m\n    at g',
    );
  });
});

describe('names that a peer chooses', () => {
  let lab: Lab;
  afterEach(() => lab.close());

  it.each(TRAPS)('%s is a service, method, key or type that is not there', async (name) => {
    lab = await start();
    const { client } = lab;
    const bytes = new Uint8Array(0);
    await expect(client.call(name, name, bytes)).rejects.toMatchObject({
      code: TtrpcStatus.UNIMPLEMENTED,
      message: `service ${name}`,
    });
    await expect(client.call('lab.v1.Lab', name, bytes)).rejects.toMatchObject({
      code: TtrpcStatus.UNIMPLEMENTED,
      message: `method ${name}`,
    });
    const metadata = new TtrpcMetadata().append(name, 'hi');
    const { text = '' } = await lab.ask('Ask', { text: 'metadata' }, { metadata });
    expect(text).toBe(`{"${name.toLowerCase()}":["hi"]}`);
    const detail = { typeUrl: `type.googleapis.com/${name}`, value: bytes };
    for (const side of [lab.server, loadSchema({ protoPath: LAB_PROTO })]) {
      expect(() => side.unpack(detail)).toThrow(`message type '${name}' is not in the schema`);
    }
  });

  it('a raw server has no methods but its own', async () => {
    lab = await start();
    const folder = new TempFolder();
    const server = await serve(folder.url(), { 'test.v1.Test': { Once: (bytes) => bytes } });
    const client = await connect(folder.url());
    for (const name of TRAPS) {
      const failed = (await client
        .call('test.v1.Test', name, new Uint8Array(0))
        .catch((error: unknown) => error)) as TtrpcError;
      expect(failed.code).toBe(TtrpcStatus.UNIMPLEMENTED);
    }
    client.close();
    await server.close();
    folder.remove();
  });

  it('a type that is not there costs neither time nor memory, however long its name is', async () => {
    lab = await start();
    const schema = loadSchema({ protoPath: LAB_PROTO });
    const typeUrl = `type.googleapis.com/${'x'.repeat(4_000_000)}`;
    expect(() => schema.unpack({ typeUrl, value: new Uint8Array(0) })).toThrow('is not in the schema');
  });
});
