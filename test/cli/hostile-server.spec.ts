import { spawn } from 'node:child_process';
import { once } from 'node:events';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { TtrpcError } from '../../src/protocol/core/errors.js';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { builtCommand, ttrpc } from '../support/built-command.js';
import { TempFolder } from '../support/temp-folder.js';
import { Tapped } from './tapped.js';

jest.setTimeout(60_000);

beforeAll(() => builtCommand(), 120_000);

const CONTROL = '\u001b[2J\u0007\nd.Forged\u007f\u0085\u009b2J\u2028\u202e\u2066';
const ESCAPED = String.raw`\u001b[2J\u0007\nd.Forged\u007f\u0085\u009b2J\u2028\u202e\u2066`;

/** Writes the field `number` with bytes. */
function field(number: number, value: Uint8Array | string): Uint8Array {
  const writer = protobuf.Writer.create().uint32((number << 3) | 2);
  return (typeof value === 'string' ? writer.string(value) : writer.bytes(value)).finish();
}

const service = { name: 'S', method: [{ name: 'Get', inputType: '.d.M', outputType: '.d.M' }] };
const message = { name: 'M', field: [{ name: 's', number: 1, type: 9, label: 1 }] };

/** A FileDescriptorProto of package d. */
function fileOf(definitions: object): Uint8Array {
  const file = { name: 'd.proto', package: 'd', syntax: 'proto3', ...definitions };
  return descriptor.FileDescriptorProto.encode(descriptor.FileDescriptorProto.fromObject(file)).finish();
}

describe('what a server says of itself', () => {
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

  /** A server whose reflection lists `names`, and has `files` for each of them. */
  const start = async (names: readonly string[], files: readonly Uint8Array[]): Promise<string> => {
    const list = field(6, Buffer.concat(names.map((name) => field(1, field(1, name)))));
    const described = field(4, Buffer.concat(files.map((file) => field(1, file))));
    server = await serve(folder.url(), {
      'grpc.reflection.v1.ServerReflection': {
        ServerReflectionInfo: {
          shape: 'bidi',
          handle: async function* (questions: AsyncIterable<Uint8Array>) {
            for await (const [tag] of questions) yield (tag ?? 0) >>> 3 === 7 ? list : described;
          },
        },
      },
      'd.S': {
        Get: () => {
          const details = [{ typeUrl: `x/${CONTROL}`, value: new Uint8Array() }];
          throw new TtrpcError(5, 'gone', { details });
        },
      },
      'd.T': { Get: () => field(1, CONTROL) },
      'd.Long': { Get: () => field(1, 'x'.repeat(4_000_000)) },
    } as never);
    return folder.url();
  };

  test('forges no line of list and describe, and controls no terminal', async () => {
    const fields = [{ name: `s${CONTROL}`, number: 1, type: 9, label: 1 }];
    const url = await start(
      ['d.S', `d.${CONTROL}`],
      [fileOf({ messageType: [{ name: 'M', field: fields }], service: [service] })],
    );
    expect(await ttrpc(['list', url])).toMatchObject({ status: 0, stdout: `d.${ESCAPED}\nd.S\n` });
    expect(await ttrpc(['describe', url, 'd.M'])).toMatchObject({
      status: 0,
      stdout: `d.M is a message:\nmessage M {\n  string s${ESCAPED} = 1;\n}\n`,
    });
    expect((await ttrpc(['describe', '--msg-template', url, 'd.M'])).stdout).toBe(
      `{\n  ${JSON.stringify(`s${CONTROL}`).replace(/[^ -~]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)}: ""\n}\n`,
    );
  });

  test('is offered to a shell only where it is a name', async () => {
    const names = ['d.S', 'd.$(reboot)', 'd.`reboot`', 'd.S;reboot', `d.${CONTROL}`];
    const url = await start(names, [fileOf({ messageType: [message], service: [service] })]);
    expect((await ttrpc(['__complete', 'health', url, ''])).stdout).toBe('d.S\n');
    expect((await ttrpc(['__complete', 'call', url, 'd.'])).stdout).toBe('d.S/\n');
  });

  test('controls no terminal in responses and details, which are the same JSON', async () => {
    const file = fileOf({ messageType: [message], service: [service, { ...service, name: 'T' }] });
    const url = await start(['d.S'], [file]);
    const response = await ttrpc(['call', url, 'd.T/Get']);
    expect(response.stdout).toBe(`{"s":"${ESCAPED}"}\n`);
    expect(JSON.parse(response.stdout)).toEqual({ s: CONTROL });
    expect((await ttrpc(['call', url, 'd.S/Get'])).stderr).toContain(`1) {"@type":"x/${ESCAPED}",`);
    const asJson = await ttrpc(['call', '--format-error', url, 'd.S/Get']);
    expect(asJson.stderr).toContain(`{"@type":"x/${ESCAPED}",`);
  });

  test('that describes nothing is an error that says so', async () => {
    const url = await start(['d.S'], []);
    expect(await ttrpc(['call', url, 'd.S/Get'])).toMatchObject({
      status: 1,
      stderr: "ttrpc: the server's reflection describes nothing: it sends no file for 'd.S'\n",
    });
  });

  test('that cannot be used is told by the tap, which guesses', async () => {
    const url = await start(['d.S'], [fileOf({ messageType: [message, message], service: [service] })]);
    const tapped = await Tapped.start(folder.url('t.sock'), url);
    try {
      expect((await ttrpc(['list', folder.url('t.sock')])).stdout).toBe('d.S\n');
      expect(await tapped.stop()).toMatchObject({
        status: 0,
        stderr: expect.stringMatching(
          /^ttrpc: the server's reflection: 'd\.M' is defined twice in d\.proto: messages that are not known otherwise are guessed\nlistening/,
        ),
      });
    } finally {
      await tapped.program.kill();
    }
  });

  test('Ctrl-C ends a command whose output nobody takes', async () => {
    const url = await start(['d.Long'], [fileOf({ messageType: [message], service: [{ ...service, name: 'Long' }] })]);
    const child = spawn(process.execPath, [await builtCommand(), 'call', url, 'd.Long/Get'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      // Of its output only what fits into buffers is taken.
      await new Promise((resolve) => child.stdout.on('readable', resolve));
      let errors = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      expect(await ended).toEqual([1, null]);
      expect(errors).toBe('ttrpc: nobody reads the output: the rest of it is lost\n');
    } finally {
      child.stdout.destroy();
      child.kill('SIGKILL');
    }
  });
});
