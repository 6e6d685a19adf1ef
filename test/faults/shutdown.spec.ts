import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { connect, TtrpcStatus, type RawClient, type RawStream } from '../../src/protocol/index.js';
import { loadSchema } from '../../src/schema/index.js';
import { LAB_PROTO, type Message } from '../support/nest-lab.js';
import { startProgram, type Program } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { turn } from '../support/deferred.js';

const RUN_SOURCES = fileURLToPath(new URL('../../scripts/typescript/register-sources.mjs', import.meta.url));
const PROGRAM = fileURLToPath(new URL('programs/shutdown.ts', import.meta.url));
const SERVICE = 'lab.v1.Lab';
const EMPTY = new Uint8Array(0);
const CLOSING = { code: TtrpcStatus.UNAVAILABLE, message: 'the server is closing' };
const lab = loadSchema({ protoPath: LAB_PROTO }).resolve(SERVICE);
const encode = (message: Message): Uint8Array => lab.methods['Ask']?.request.encode(message) as Uint8Array;
const decode = (bytes: Uint8Array): Message => lab.methods['Ask']?.response.decode(bytes) as Message;

let folder: TempFolder;
let program: Program;
let clients: RawClient[];

async function start(kind: string, drain: string): Promise<RawClient> {
  program = startProgram(process.execPath, ['--import', RUN_SOURCES, PROGRAM, kind, folder.url(), drain]);
  await program.shows('ready');
  return client();
}

async function client(): Promise<RawClient> {
  const made = await connect(folder.url());
  clients.push(made);
  return made;
}

/** Begins a call of Sum and waits until its handler has it: the connection is that call's own. */
async function upload(on: RawClient): Promise<RawStream> {
  const stream = on.stream(SERVICE, 'Sum', 'client-streaming');
  await stream.send(encode({ number: 1 }));
  await program.shows('counting');
  return stream;
}

async function readAll(stream: RawStream): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const bytes of stream) messages.push(decode(bytes));
  return messages;
}

beforeEach(() => {
  folder = new TempFolder();
  clients = [];
});

afterEach(async () => {
  for (const each of clients) each.close();
  await program.kill();
  const left = folder.list();
  folder.remove();
  expect(left).toEqual([]);
  expect(program.left()).toEqual([]);
});

describe('SIGTERM', () => {
  it.each([
    ['a microservice', 'microservice', 'drain', ['counted with the database open', 'server closed', 'database closed']],
    ['a hybrid application', 'hybrid', 'drain', ['counted with the database open', 'server closed', 'database closed']],
    // What Nest does by itself: the call is let finish, but what it needs is gone.
    [
      'one without drainFirst',
      'microservice',
      '',
      ['database closed', 'counted with the database closed', 'server closed'],
    ],
  ])('%s lets its calls finish and ends', async (_name, kind, drain, order) => {
    const shared = await start(kind, drain);
    // Connections that stay open and idle must not hold it.
    await (await client()).call(SERVICE, 'Ask', encode({ text: 'before' }));
    const watch = shared.stream(SERVICE, 'Count', 'server-streaming');
    await watch.send(EMPTY);
    const watched = readAll(watch);
    const stream = await upload(await client());
    const slow = shared.call(SERVICE, 'Ask', encode({ text: 'slow', number: 300 }));
    // On the same connection, so the slow one has begun when this one is answered.
    await shared.call(SERVICE, 'Ask', encode({ text: 'quick' }));
    program.child.kill('SIGTERM');
    // The stream without an end is told, ends well, and with that says that the server is closing.
    expect(await watched).toMatchObject([{ number: 1 }, { text: 'good bye' }]);
    await expect(shared.call(SERVICE, 'Ask', EMPTY)).rejects.toMatchObject(CLOSING);
    await expect(connect(folder.url())).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    expect(decode(await slow)).toMatchObject({ text: 'slow' });
    await stream.send(encode({ number: 2 }));
    stream.closeSend();
    expect(await readAll(stream)).toMatchObject([{ number: 2 }]);
    // Nothing keeps the process: neither a connection nor the grace period of ten minutes.
    const { signal, stdout, stderr } = await program.ended;
    expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: '' });
    expect(stdout.split('\n').filter((line) => /database|server/.test(line))).toEqual(order);
  });

  it('under load: each call that was handled is answered', async () => {
    const shared = await start('microservice', 'drain');
    const answered = new Set<string>();
    const codes = new Map<string, number>();
    let next = 0;
    let over = false;
    const caller = async (): Promise<void> => {
      while (!over) {
        const text = `#${next++}`;
        try {
          await shared.call(SERVICE, 'Ask', encode({ text, number: next % 7 }));
          answered.add(text);
        } catch (error) {
          const { code, message } = error as { code: TtrpcStatus; message: string };
          codes.set(TtrpcStatus[code], (codes.get(TtrpcStatus[code]) ?? 0) + 1);
          over = message !== CLOSING.message;
          await turn();
        }
      }
    };
    const callers = Array.from({ length: 64 }, caller);
    while (answered.size < 500) await turn();
    program.child.kill('SIGTERM');
    await Promise.all(callers);
    const { stdout } = await program.ended;
    const handled = [...stdout.matchAll(/^answered (#\d+)$/gm)].map(([, text]) => text as string);
    expect(handled.length).toBeGreaterThanOrEqual(500);
    expect(handled.filter((text) => !answered.has(text))).toEqual([]);
    expect([...codes.keys()]).toEqual(['UNAVAILABLE']);
  });
});
