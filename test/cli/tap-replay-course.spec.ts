import { createServer, type Server } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { builtCommand, ttrpc } from '../support/built-command.js';
import type { ProgramEnd } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { answer, frame, record, REQUEST, serveFrames } from './recorded.js';
import { frameOf, requestData, statusData } from './tap-frames.js';

jest.setTimeout(30_000);

beforeAll(() => builtCommand(), 120_000);

const CONNECTED = { event: 'connected' };
const NOTHING = new Uint8Array();

let folder: TempFolder;
let server: Server | undefined;

beforeEach(() => {
  folder = new TempFolder();
});
afterEach(() => {
  server?.close();
  server = undefined;
  folder.remove();
});

type OnFrame = Parameters<typeof serveFrames>[1];

const serve = async (onFrame: OnFrame): Promise<void> => {
  server = await serveFrames(folder.file('s.sock'), onFrame);
};
const replay = (file: string, ...flags: string[]): Promise<ProgramEnd> =>
  ttrpc(['replay', '--no-reflection', ...flags, file, folder.url('s.sock')]);
const recorded = (...lines: object[]): string => record(folder.file('calls.ttrpc'), lines);

/** Answers each request. */
const answers: OnFrame = (socket, { stream, type }) => type === 1 && socket.write(frameOf(stream, 2, answer()));
/** A frame of a stream that ends with it. */
const last = (stream: number): Buffer => {
  const bytes = frameOf(stream, 3, NOTHING);
  bytes[9] = 5;
  return bytes;
};

describe('a stream whose end is recorded is awaited until it ends', () => {
  test('where the server says so in a frame of its own', async () => {
    const file = recorded(CONNECTED, frame('client', 1, REQUEST), frame('server', 3, Buffer.of(8, 7), { flags: 1 }));
    await serve((socket) => {
      socket.write(frameOf(1, 3, Buffer.of(8, 7)));
      setTimeout(() => socket.write(last(1)), 50);
    });
    expect(await replay(file)).toMatchObject({ status: 0, stdout: '1:1 demo.v1.Demo/Get OK: same\n' });
  });

  test('where the server sends more than it had', async () => {
    const file = recorded(CONNECTED, frame('client', 1, REQUEST), frame('server', 2, answer()));
    await serve((socket) => {
      let left = 3;
      const timer = setInterval(() => {
        if (left-- > 0) socket.write(frameOf(1, 3, Buffer.of(8, 7)));
        else clearInterval(timer);
        if (left < 0) socket.write(last(1));
      }, 10);
    });
    const { status, stdout } = await replay(file);
    expect(status).toBe(2);
    expect(stdout).toContain('message 3: recorded nothing, got {"1":7}');
    expect(stdout).not.toContain('status:');
  });

  test('and not for ever', async () => {
    const file = recorded(CONNECTED, frame('client', 1, REQUEST), frame('server', 2, answer()));
    const sending = new Set<NodeJS.Timeout>();
    await serve((socket) => sending.add(setInterval(() => socket.write(frameOf(1, 3, Buffer.of(8, 7))), 10)));
    const end = await replay(file, '--max-time', '0.3');
    for (const each of sending) clearInterval(each);
    expect(end).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the server has not sent the end of stream 1 on connection 1 within 0.3 s'),
    });
  });
});

test('an answer whose request is not recorded, as it was too large, is not awaited', async () => {
  const file = recorded(
    CONNECTED,
    frame('server', 2, answer()),
    frame('client', 1, REQUEST, { stream: 3 }),
    frame('server', 2, answer(), { stream: 3 }),
  );
  await serve(answers);
  expect(await replay(file)).toMatchObject({ status: 0, stdout: '1:3 demo.v1.Demo/Get OK: same\n' });
});

test('what a server had answered before it closed is read, also where a write to it fails', async () => {
  const large = new Uint8Array(200_000);
  const calls = Array.from({ length: 12 }, (_none, at) => {
    const data = frame('client', 3, large);
    const lines = [
      CONNECTED,
      frame('client', 1, REQUEST, { flags: 2 }),
      data,
      data,
      data,
      frame('server', 2, answer()),
    ];
    return lines.map((line) => ({ ...line, connection: at + 1 }));
  });
  await serve((socket, { type }) => {
    if (type === 1) socket.write(frameOf(1, 2, statusData(8, 'too much')), () => socket.destroy());
  });
  const { status, stdout } = await replay(recorded(...calls.flat()));
  expect(status).toBe(2);
  expect(stdout.match(/status: recorded OK, got RESOURCE_EXHAUSTED: too much/g)).toHaveLength(12);
});

test('a call that a server which has closed no longer takes was not made, and is no difference where it was not answered', async () => {
  const calls = [1, 3, 5].flatMap((stream) => [
    frame('client', 1, REQUEST, { stream }),
    ...(stream < 5 ? [frame('server', 2, answer(), { stream })] : [{ event: 'end', from: 'server' }]),
  ]);
  await serve((socket) => socket.end(frameOf(1, 2, answer())));
  const { status, stdout } = await replay(recorded(CONNECTED, ...calls));
  expect(status).toBe(2);
  const names = '1:1 demo.v1.Demo/Get OK: same,1:3 demo.v1.Demo/Get OK: different,';
  // It may close before it is asked again, or then.
  expect(stdout.replace(/\n {2}(it was not made|message.*\n {2}status.*got none)/, '').replaceAll('\n', ',')).toBe(
    `${names}1:5 demo.v1.Demo/Get no status: same,`,
  );
});

describe('each call is compared by itself', () => {
  const lines = (text: string): object[] => [
    CONNECTED,
    frame('client', 1, REQUEST),
    frame('server', 2, answer(text)),
    { event: 'disconnected' },
  ];

  test('of two recordings in one file, whose connections have the same numbers', async () => {
    await serve(answers);
    expect(await replay(recorded(...lines('b'), ...lines('a')))).toMatchObject({
      status: 2,
      stdout: `1:1 demo.v1.Demo/Get OK: different
  message 1: 1: recorded "b", got "a"
2:1 demo.v1.Demo/Get OK: same
`,
    });
  });

  test('of a stream id that is used again', async () => {
    await serve(answers);
    const [connected, ...call] = lines('b').slice(0, 3) as [object, ...object[]];
    const again = lines('a').slice(1, 3);
    expect(await replay(recorded(connected, ...call, ...again))).toMatchObject({
      status: 2,
      stdout: `1:1 demo.v1.Demo/Get OK: different
  message 1: 1: recorded "b", got "a"
1:1#2 demo.v1.Demo/Get OK: same
`,
    });
  });

  test('of a connection whose beginning is cut out', async () => {
    await serve(answers);
    expect(await replay(recorded(...lines('a').slice(1), ...lines('a').slice(1)))).toMatchObject({
      status: 0,
      stdout: '1:1 demo.v1.Demo/Get OK: same\n2:1 demo.v1.Demo/Get OK: same\n',
    });
  });
});

test('a server that is gone meanwhile ends a replay with what has come so far', async () => {
  const call = [CONNECTED, frame('client', 1, REQUEST), frame('server', 2, answer()), { event: 'disconnected' }];
  const calls = [1, 2, 3].flatMap((connection) => call.map((line) => ({ ...line, connection })));
  await serve((socket, { stream }) => {
    server?.close();
    socket.write(frameOf(stream, 2, answer()));
  });
  expect(await replay(recorded(...calls))).toMatchObject({
    status: 2,
    stdout: `1:1 demo.v1.Demo/Get OK: same
2:1 demo.v1.Demo/Get OK: different
  it was not made
3:1 demo.v1.Demo/Get OK: different
  it was not made
`,
    stderr: expect.stringMatching(/the replay stopped: cannot connect to .*\n3 calls: 1 as recorded, 2 different\n$/),
  });
});

test('--keep-time keeps the gaps between frames, and not those before the first and after the last one', async () => {
  const hour = 3_600_000;
  const file = recorded(
    { at: hour, ...CONNECTED },
    frame('client', 1, REQUEST, { at: 2 * hour }),
    frame('server', 2, answer(), { at: 2 * hour + 1 }),
    frame('client', 1, REQUEST, { at: 2 * hour + 500, stream: 3 }),
    frame('server', 2, answer(), { at: 2 * hour + 501, stream: 3 }),
    { at: 3 * hour, event: 'disconnected' },
  );
  const times: number[] = [];
  await serve((socket, { stream }) => {
    times.push(performance.now());
    socket.write(frameOf(stream, 2, answer()));
  });
  expect(await replay(file, '--keep-time')).toMatchObject({ status: 0 });
  const [first = 0, second = 0] = times;
  expect(second - first).toBeGreaterThan(450);
});

test("calls of NRI's runtime that are others, or more, are differences", async () => {
  const muxed = (id: number, bytes: Uint8Array): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(id, 0);
    head.writeUInt32BE(bytes.length, 4);
    return Buffer.concat([head, bytes]);
  };
  const call = (method: string): Uint8Array => requestData('demo.v1.Plugin', method);
  const file = record(
    folder.file('nri.ttrpc'),
    [
      CONNECTED,
      frame('client', 1, REQUEST, { mux: 2 }),
      frame('server', 2, answer(), { mux: 2 }),
      frame('server', 1, call('One'), { mux: 1 }),
      frame('server', 1, call('Two'), { mux: 1, stream: 3 }),
    ],
    true,
  );
  const more = [...['One', 'Other', 'More'].entries()].map(([at, name]) =>
    muxed(1, frameOf(2 * at + 1, 1, call(name))),
  );
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(Buffer.concat([muxed(2, frameOf(1, 2, answer())), ...more])));
  });
  await new Promise<void>((resolve) => server?.listen(folder.file('s.sock'), resolve));
  expect(await replay(file)).toMatchObject({
    status: 2,
    stdout: `1/2:1 demo.v1.Demo/Get OK: same
1/1:1 demo.v1.Plugin/One no status: same
1/1:3 demo.v1.Plugin/Two no status: different
  method: recorded demo.v1.Plugin/Two, got demo.v1.Plugin/Other
1/1:5 demo.v1.Plugin/More no status: different
  it is not recorded
`,
    stderr: '4 calls: 2 as recorded, 2 different\n',
  });
});
