import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientCase, ServerCase } from './case.js';
import { close as closing, data, echoed, ended, item, message, ok, PROBE, request } from './service.js';
import { runClientCase, type CallEvent, type ClientFactory } from './run/client-case.js';
import { RawConnection, setPatience } from './run/connection.js';
import { difference, disagreements, Results } from './run/differences.js';
import { runServerCase } from './run/server-case.js';
import { streamRequest } from './cases/client/frames.js';
import { REMOTE_CLOSED, REQUEST, RESPONSE, type FrameSpec, type Written } from './wire/frame.js';

// A runner that finds nothing would pass everything: here it is shown faults that it must find.

afterEach(() => setPatience());

const hello = { seq: 1, body: { text: 'hello' } };

/** Calls 1 (unary), 3 (two messages) and the probes. */
const serverCase: ServerCase = {
  name: 'a case',
  section: 'Frame',
  rule: '-',
  steps: [
    { send: [request(1, 'Unary', message(hello)), request(3, 'NothingStream'), data(3), data(3), closing(3)] },
    { receive: [ok(1, echoed(hello)), item(3), item(3), ended(3)] },
  ],
  after: 'usable',
};

const right: Record<number, Written[]> = {
  1: [{ id: 1, type: RESPONSE, data: { response: { payload: echoed(hello) } } }],
  3: [data(3), data(3), closing(3)],
};

interface Fault {
  /** What is sent for a call instead of the right response. */
  answers?: Record<number, Written[]>;
  /** What is sent behind the response of a probe. */
  afterProbe?: Written[];
  /** Does not close when the client does. */
  staysOpen?: true;
}

/** Runs the case against a scripted server. */
async function againstServer({ answers, afterProbe, staysOpen }: Fault): Promise<Map<string, string[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'ttrpc-conformance-'));
  const path = join(folder, 's');
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    void serveScript(new RawConnection(socket), { ...right, ...answers }, afterProbe ?? [], staysOpen ?? false);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return await runServerCase(serverCase, {
      peer: 'ours',
      path,
      awaitEvent: () => Promise.resolve(),
      hasStarted: () => Promise.resolve(false),
    });
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function serveScript(
  connection: RawConnection,
  answers: Record<number, Written[]>,
  afterProbe: Written[],
  staysOpen: boolean,
): Promise<void> {
  for (;;) {
    const incoming = await connection.next(() => 'the runner goes on').catch(() => ({ ended: 'nothing came' }));
    if ('ended' in incoming) {
      if (!staysOpen && incoming.ended !== 'nothing came') connection.halfClose();
      return;
    }
    const { id, type } = incoming.frame;
    if (type !== REQUEST) continue;
    const probe: Written[] = [{ id, type: RESPONSE, data: { response: { payload: PROBE.answer } } }, ...afterProbe];
    await connection.write(answers[id] ?? probe);
  }
}

describe('the runner of server cases', () => {
  test('passes a server that keeps to the case, and tells what it did', async () => {
    expect(await againstServer({})).toEqual(
      new Map([
        ['first/1', ['Response OK payload 0801120568656c6c6f180120052d94041f8a']],
        ['first/3', ['Data none', 'Data none', 'Data[remote-closed, no-data] none']],
      ]),
    );
  });

  const answerOf1 = (response: object, flags = 0): Fault => ({
    answers: { 1: [{ id: 1, type: RESPONSE, flags, data: { response: response } }] },
  });
  const payload = echoed(hello);
  test.each<[string, Fault, string]>([
    [
      'a status of code 0 that is written out',
      answerOf1({ status: { code: '0' }, payload }),
      'OK with a status of code 0',
    ],
    ['an empty status', answerOf1({ status: {}, payload }), 'OK with a status of code 0'],
    ['another payload', answerOf1({ payload: echoed({ seq: 2 }) }), 'expected Response OK'],
    ['no payload', answerOf1({}), 'expected Response OK'],
    ['an error', answerOf1({ status: { code: '2', message: 'no' } }), 'got Response UNKNOWN "no"'],
    ['flags on a Response', answerOf1({ payload }, 1), 'got Response[remote-closed]'],
    ['Data for a response', { answers: { 1: [data(1, payload)] } }, 'got Data'],
    [
      'a Response that does not decode',
      { answers: { 1: [{ id: 1, type: RESPONSE, data: { hex: 'ff' } }] } },
      'does not decode',
    ],
    ['an unknown field in an envelope', answerOf1({ payload, extra: [{ field: 9, varint: '1' }] }), 'unknown field 9'],
    ['two responses', { answers: { 1: [...(right[1] ?? []), ...(right[1] ?? [])] } }, 'unexpected Response OK'],
    ['a response on another id', { answers: { 1: [{ id: 5, type: RESPONSE }] } }, 'stream 5: unexpected'],
    [
      'a message too few',
      { answers: { 3: [data(3), closing(3)] } },
      'expected Data none, got Data[remote-closed, no-data]',
    ],
    [
      'a message too many',
      { answers: { 3: [data(3), data(3), data(3), closing(3)] } },
      'expected Data[remote-closed, no-data]',
    ],
    [
      'an end with an OK Response',
      { answers: { 3: [data(3), data(3), { id: 3, type: RESPONSE }] } },
      'got Response OK',
    ],
    [
      'an end with a last message',
      { answers: { 3: [data(3), data(3, undefined, REMOTE_CLOSED)] } },
      'got Data[remote-closed]',
    ],
    ['messages in another order', { answers: { 3: [data(3), closing(3), data(3)] } }, 'expected Data none'],
    [
      'a frame over the limit',
      { answers: { 3: [{ id: 3, type: 3, saysLength: 5_000_000 }] } },
      'the peer sent a frame with 5000000 bytes',
    ],
    ['a late frame', { afterProbe: [data(3)] }, 'stream 3: unexpected Data none'],
  ])('finds %s', async (_, fault, words) => {
    await expect(againstServer(fault)).rejects.toThrow(words);
  });

  test.each<[string, Fault, string]>([
    ['a call that is never answered', { answers: { 1: [] } }, 'still waiting until this comes: stream 1 Response OK'],
    [
      'a stream that does not end',
      { answers: { 3: [data(3), data(3)] } },
      'still waiting until this comes: stream 3 Data[remote-closed, no-data]',
    ],
    ['a connection that stays open', { staysOpen: true }, 'still waiting until the server closes'],
  ])('finds %s', async (_, fault, words) => {
    setPatience(100);
    await expect(againstServer(fault)).rejects.toThrow(words);
  });
});

/** A bidi call with one message each way. */
const clientCase: ClientCase = {
  name: 'a case',
  section: 'Frame',
  rule: '-',
  steps: [
    { call: 'a', shape: 'bidi' },
    { sees: [streamRequest(1)] },
    { sends: 'a', message: { text: 'ping' } },
    { closesSend: 'a' },
    { sees: [data(1, { text: 'ping' }), closing(1)] },
    {
      send: [
        data(1, { text: 'pong' }),
        { id: 1, type: RESPONSE, data: { response: { status: { code: '5', message: 'gone' } } } },
      ],
    },
    { delivers: 'a', messages: [{ text: 'pong' }] },
    { ends: 'a', as: { error: { code: 'NOT_FOUND', message: 'gone' } } },
  ],
  after: 'usable',
};

interface ClientFault {
  opens?: FrameSpec[];
  sends?: FrameSpec[];
  closes?: FrameSpec[];
  delivers?: CallEvent[];
  /** Sent when the client closes. */
  lastWords?: FrameSpec[];
  probeId?: number;
  staysOpen?: true;
}

/** A scripted client: it sends what it is told to send and delivers what it is told to deliver. */
function scripted(fault: ClientFault): ClientFactory {
  return async (path) => {
    const connection = await RawConnection.toPath(path);
    const write = (frames: FrameSpec[]): void => void connection.write(frames);
    const answers: CallEvent[] = fault.delivers ?? [
      { message: Buffer.from('pong') },
      { end: { code: 5, message: 'gone', details: [] } },
    ];
    return {
      start({ shape, service, method, request: payload }) {
        if (shape === 'bidi') {
          write(fault.opens ?? [streamRequest(1)]);
          return {
            send: () => write(fault.sends ?? [data(1, { text: 'ping' })]),
            closeSend: () => write(fault.closes ?? [closing(1)]),
            cancel: () => undefined,
            next: () => Promise.resolve(answers.shift() ?? { end: 'ok' as const }),
          };
        }
        const asked = { service, method, payload: { hex: Buffer.from(payload ?? []).toString('hex') } };
        write([{ id: fault.probeId ?? 3, type: REQUEST, data: { request: asked } }]);
        const events: CallEvent[] = [{ message: Buffer.from('yes') }, { end: 'ok' }];
        return {
          send: nothing,
          closeSend: nothing,
          cancel: nothing,
          next: () => Promise.resolve(events.shift() ?? { end: 'ok' as const }),
        };
      },
      async close() {
        if (fault.lastWords) await connection.write(fault.lastWords);
        if (!fault.staysOpen) await connection.destroy();
        else connections.push(connection);
      },
    };
  };
}

function nothing(): void {
  // The call is scripted.
}

const connections: RawConnection[] = [];
afterEach(() => Promise.all(connections.splice(0).map((connection) => connection.destroy())));

describe('the runner of client cases', () => {
  test('passes a client that keeps to the case', async () => {
    await expect(runClientCase(clientCase, scripted({}))).resolves.toBeUndefined();
  });

  test.each<[string, ClientFault, string]>([
    ['other flags', { opens: [{ ...streamRequest(1), flags: 2 }] }, 'flags 2 instead of 6'],
    ['another id', { opens: [streamRequest(3)] }, 'stream id 3 instead of 1'],
    [
      'a payload where none is to be',
      {
        opens: [
          {
            ...streamRequest(1),
            data: { request: { service: 'demo.v1.Test', method: 'Method', payload: { hex: '' } } },
          },
        ],
      },
      'data ',
    ],
    ['another message', { sends: [data(1, { text: 'pung' })] }, 'data 70756e67'],
    [
      'a message too many',
      { sends: [data(1, { text: 'ping' }), data(1)] },
      'expected stream 1 Data[remote-closed, no-data]',
    ],
    ['a close with a message', { closes: [data(1, undefined, REMOTE_CLOSED)] }, 'flags 1 instead of 5'],
    ['a frame after the end', { closes: [closing(1), closing(1)] }, 'expected Request id 3'],
    ['another delivery', { delivers: [{ message: Buffer.from('pung') }] }, 'delivered 70756e67 instead of 706f6e67'],
    [
      'a missing delivery',
      { delivers: [{ end: { code: 5, message: 'gone', details: [] } }] },
      'where it was to deliver',
    ],
    [
      'a delivery too many',
      { delivers: [{ message: Buffer.from('pong') }, { message: Buffer.from('pong') }] },
      'was to end with NOT_FOUND',
    ],
    [
      'another status',
      { delivers: [{ message: Buffer.from('pong') }, { end: { code: 2, message: 'gone', details: [] } }] },
      'UNKNOWN',
    ],
    [
      'another status text',
      { delivers: [{ message: Buffer.from('pong') }, { end: { code: 5, message: '', details: [] } }] },
      'NOT_FOUND ""',
    ],
    [
      'details that nobody sent',
      {
        delivers: [
          { message: Buffer.from('pong') },
          { end: { code: 5, message: 'gone', details: [{ typeUrl: 't', value: Buffer.alloc(0) }] } },
        ],
      },
      'detail t',
    ],
    ['an end that is no error', { delivers: [{ message: Buffer.from('pong') }, { end: 'ok' }] }, 'ended with OK'],
    ['an id that does not grow', { probeId: 1 }, 'stream id 1'],
    ['an even id', { probeId: 4 }, 'stream id 4'],
    ['a frame at the close', { lastWords: [closing(1)] }, 'where only the end was to come'],
  ])('finds %s', async (_, fault, words) => {
    await expect(runClientCase(clientCase, scripted(fault))).rejects.toThrow(words);
  });

  test.each<[string, ClientFault, string]>([
    ['a client that sends nothing', { opens: [] }, 'still waiting until the client sends stream 1 Request'],
    ['a connection that stays open', { staysOpen: true }, 'still waiting until the client closes'],
  ])('finds %s', async (_, fault, words) => {
    setPatience(100);
    await expect(runClientCase(clientCase, scripted(fault))).rejects.toThrow(words);
  });
});

describe('the comparison of two peers', () => {
  const alike = new Map([['first/1', ['Response OK']]]);
  const other = new Map([['first/1', ['Response OK', 'Response OK']]]);
  const declared = { go: { reason: 'r', row: 'r', decision: 'd' } };

  test.each([
    ['alike', alike, alike, {}, []],
    ['different, as declared', alike, other, { differs: declared }, []],
    ['different, not declared', alike, other, {}, [expect.stringContaining('not declared')]],
    ['alike, declared to differ', alike, alike, { differs: declared }, [expect.stringContaining('both answer alike')]],
    ['one that did not run', alike, undefined, {}, [expect.stringContaining('did not run to its end against go')]],
    ['one that must not run', alike, undefined, { notAgainst: { go: 'why' } }, []],
  ])('%s', (_, ours, theirs, more, expected) => {
    const results = new Results();
    results.add('ours', 'a case', ours);
    if (theirs) results.add('go', 'a case', theirs);
    expect(disagreements([{ ...serverCase, ...more }], results, 'go')).toEqual(expected);
  });

  test('a stream that only one of them has used', () => {
    expect(difference(alike, new Map())).toEqual({ left: 'stream 1: Response OK', right: 'stream 1: nothing' });
  });
});
