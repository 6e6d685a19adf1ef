import type { Socket } from 'node:net';
import type { RefusalReason, TtrpcServerOptions } from '../../../src/index.js';
import type { Bytes } from '../../conformance/wire/bytes.js';
import { frame } from '../../support/frames.js';
import { ask, blob, call, write, type Target } from './wire.js';

const MIB = 1024 * 1024;

/** One attack, and what the server may let it have. */
export interface Attack {
  readonly name: string;
  /** The options whose limit it meets; undefined where there is nothing to refuse. */
  readonly limit: string | undefined;
  /** Other than the defaults: limits in time are shortened so that they show. */
  readonly server?: Partial<TtrpcServerOptions>;
  /** Options of Node for the server's process. */
  readonly node?: readonly string[];
  /** Which counter must go up, and to how much at least. */
  readonly refused?: { readonly by: RefusalReason; readonly atLeast: number };
  /** How much the server may hold for it, in MiB above what it holds when idle: the named limit and what connections cost. */
  readonly atMostMiB: number;
  /** What the attacker does. It keeps its connections until everything is measured, and returns a line for the report. */
  run(target: Target): Promise<string>;
}

const BUFFERED = { stream: 16, connection: 64, server: 256 };

/** What it takes beside that: objects for its connections and calls, what is on its way. */
const SLACK_MIB = 32;

/** What decoded requests may take in all by default. */
const DECODED_MIB = 256;

/** A server that others' messages should not end has at least so much. */
const SMALL_HEAP = ['--max-old-space-size=512'];

/** Messages of which decoding makes far more than their bytes; `payload` gives one of so many bytes. */
const DECODED: readonly {
  what: string;
  payload: (bytes: number) => Bytes;
  more?: Partial<TtrpcServerOptions>;
}[] = [
  { what: 'empty messages', payload: (bytes) => ({ repeat: { hex: '0a00' }, times: bytes / 2 }) },
  { what: 'empty bytes', payload: (bytes) => ({ repeat: { hex: '1200' }, times: bytes / 2 }) },
  {
    what: 'zeros as Long',
    payload: (bytes) => ({ message: [{ field: 3, bytes: { fill: 0, length: bytes } }] }),
  },
  {
    what: 'messages with 11 empty lists',
    payload: (bytes) => ({ repeat: { hex: '2200' }, times: bytes / 2 }),
    more: { loader: { defaults: true } },
  },
];

export const ATTACKS: readonly Attack[] = [
  {
    name: '10,000 connections opened and dropped',
    limit: undefined,
    atMostMiB: SLACK_MIB,
    async run(target) {
      let opened = 0;
      for (let round = 0; round < 50; round++) {
        const sockets = await target.connectAll(200);
        opened += sockets.length;
        for (const [index, socket] of sockets.entries()) {
          // Some say something first, some leave in the middle of a frame.
          if (index % 3 === 1) await write(socket, call('Echo', 1));
          if (index % 3 === 2) await write(socket, call('Echo', 1).subarray(0, 15));
          socket.destroy();
        }
      }
      return `${opened} opened`;
    },
  },
  {
    name: '1,000 connections held idle',
    limit: undefined,
    atMostMiB: SLACK_MIB,
    run: async (target) => `${(await target.connectAll(1000)).length} held`,
  },
  {
    name: '3,000 connections where 200 may be',
    limit: 'maxConnections',
    server: { maxConnections: 200 },
    refused: { by: 'maxConnections', atLeast: 2000 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      await target.connectAll(3000, { reads: true });
      return `${target.sockets.size} held`;
    },
  },
  {
    name: '500 connections that do nothing',
    limit: 'idleTimeoutMs (here 1 s)',
    server: { idleTimeoutMs: 1000 },
    refused: { by: 'idleTimeoutMs', atLeast: 500 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      await target.connectAll(500, { reads: true });
      return untilGone(target, 4000);
    },
  },
  {
    name: '100 connections that send 1 byte a second',
    limit: 'frameTimeoutMs (here 3 s)',
    server: { frameTimeoutMs: 3000 },
    refused: { by: 'frameTimeoutMs', atLeast: 100 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      const sockets = await target.connectAll(100, { reads: true });
      const bytes = call('Echo', 1, { payload: blob(1000) });
      for (let second = 0; second < 7 && target.sockets.size > 0; second++) {
        for (const socket of sockets) if (!socket.destroyed) socket.write(bytes.subarray(second, second + 1));
        await seconds(1);
      }
      return `${target.sockets.size} left after 7 s`;
    },
  },
  {
    name: '500 unfinished frames of 4 MiB, each a connection',
    limit: 'maxBufferedBytesPerServer',
    refused: { by: 'maxBufferedBytes', atLeast: 1 },
    // A frame's buffer runs ahead of what has come, up to eight times, and counts whole here; the limit counts what has come,
    // which is what is resident. 500 whole ones would be 2,000 MiB.
    atMostMiB: BUFFERED.server + SLACK_MIB + 256,
    async run(target) {
      const almost = call('Echo', 1, { payload: blob(4 * MIB - 100) }).subarray(0, 4 * MIB - 200);
      const sockets = await target.connectAll(500);
      const sent = await Promise.all(sockets.map((socket) => trickle(socket, almost, 256 * 1024)));
      return `${mib(sent.reduce((sum, bytes) => sum + bytes, 0))} MiB sent`;
    },
  },
  {
    name: '4,000 headers of a frame of 4 MiB, each a connection',
    limit: 'none needed: a header holds nothing',
    atMostMiB: SLACK_MIB,
    async run(target) {
      const header = call('Echo', 1, { payload: blob(4 * MIB - 100) }).subarray(0, 10);
      const sockets = await target.connectAll(4000);
      for (const socket of sockets) socket.write(header);
      await seconds(3);
      return `${sockets.length} sent`;
    },
  },
  {
    name: '100 frames of 8 MiB',
    limit: 'maxMessageBytes',
    refused: { by: 'maxMessageBytes', atLeast: 100 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      const bytes = frame({ id: 1, type: 1, data: { fill: 0, length: 8 * MIB } });
      for (let i = 0; i < 100 && socket; i++) await write(socket, bytes);
      return '800 MiB sent';
    },
  },
  {
    name: '50 answers of 5 MiB',
    limit: 'maxMessageBytes',
    refused: { by: 'maxMessageBytes', atLeast: 50 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      for (let i = 0; i < 50 && socket; i++) await write(socket, call('Give', 2 * i + 1, { payload: ask(5 * MIB) }));
      await seconds(0.5);
      return '50 asked for';
    },
  },
  {
    name: '30,000 calls at a time on one connection',
    limit: 'maxConcurrentCalls',
    refused: { by: 'maxConcurrentCalls', atLeast: 25_000 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      await sendCalls(socket, 30_000, (id) => call('Wait', id));
      return '30,000 begun';
    },
  },
  {
    name: '30,000 calls of 1 ms to a handler that goes on',
    limit: 'maxConcurrentCalls',
    refused: { by: 'maxConcurrentCalls', atLeast: 10_000 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      for (let part = 0; part < 10; part++) {
        await sendCalls(socket, 3000, (id) => call('Ignore', part * 6000 + id, { timeoutNano: '1000000' }));
        await seconds(0.05);
      }
      return '30,000 begun';
    },
  },
  {
    name: '1,000 requests of 1 MiB in flight on one connection',
    limit: 'maxBufferedBytesPerConnection',
    refused: { by: 'maxBufferedBytes', atLeast: 500 },
    atMostMiB: BUFFERED.connection + SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      await sendCalls(socket, 1000, (id) => call('Wait', id, { payload: blob(MIB) }));
      return '1,000 MiB sent';
    },
  },
  {
    name: 'the same on 16 connections',
    limit: 'maxBufferedBytesPerServer',
    refused: { by: 'maxBufferedBytes', atLeast: 500 },
    atMostMiB: BUFFERED.server + SLACK_MIB,
    async run(target) {
      const sockets = await target.connectAll(16, { reads: true });
      await Promise.all(
        sockets.map((socket) => sendCalls(socket, 100, (id) => call('Wait', id, { payload: blob(MIB) }))),
      );
      return '1,600 MiB sent';
    },
  },
  {
    name: '300 requests with 4 MiB of metadata',
    limit: 'maxMetadataBytes',
    refused: { by: 'maxMetadataBytes', atLeast: 300 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      const pairs = Array.from({ length: 200_000 }, (_, index): [string, string] => [`key-${index}`, 'v']);
      const bytes = call('Wait', 1, { metadata: pairs });
      for (let i = 0; i < 300 && socket; i++) {
        bytes.writeUInt32BE(2 * i + 1, 4);
        await write(socket, Buffer.from(bytes));
      }
      return `${mib(300 * bytes.length)} MiB sent`;
    },
  },
  {
    name: 'metadata just below the limit on 1,200 calls in flight',
    limit: 'maxBufferedBytesPerConnection',
    refused: { by: 'maxBufferedBytes', atLeast: 1000 },
    atMostMiB: BUFFERED.connection + SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      const pairs = Array.from({ length: 20_000 }, (_, index): [string, string] => [`k${index}`, '']);
      const bytes = call('Wait', 1, { metadata: pairs });
      for (let i = 0; i < 1200 && socket; i++) {
        bytes.writeUInt32BE(2 * i + 1, 4);
        await write(socket, Buffer.from(bytes));
      }
      return `1,200 requests of ${Math.round(bytes.length / 1024)} KiB sent`;
    },
  },
  {
    name: 'never reads 1 GiB of answers: 4,096 of 256 KiB',
    limit: 'maxBufferedBytesPerConnection',
    refused: { by: 'maxBufferedBytes', atLeast: 1000 },
    atMostMiB: BUFFERED.connection + SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1);
      await sendCalls(socket, 4096, (id) => call('Give', id, { payload: ask(256 * 1024) }));
      return '4,096 asked for';
    },
  },
  {
    name: 'never reads 1 GiB of answers: 256 connections, one of 4 MiB each',
    limit: 'maxBufferedBytesPerServer',
    refused: { by: 'maxBufferedBytes', atLeast: 200 },
    atMostMiB: BUFFERED.server + SLACK_MIB,
    async run(target) {
      const sockets = await target.connectAll(256);
      for (const socket of sockets) await write(socket, call('Give', 1, { payload: ask(4 * MIB - 100) }));
      for (const socket of sockets) await write(socket, call('Give', 3, { payload: ask(4 * MIB - 100) }));
      return '512 asked for';
    },
  },
  {
    name: 'never reads 1 GiB of a stream that is pulled',
    limit: 'none needed: nothing is pulled',
    atMostMiB: SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1);
      if (socket) await write(socket, call('Pull', 1, { flags: 1, payload: ask(64 * 1024, 16 * 1024) }));
      return '1 GiB asked for';
    },
  },
  {
    name: 'never reads 1 GiB of a stream that is pushed',
    limit: 'maxBufferedBytes',
    refused: { by: 'maxBufferedBytes', atLeast: 1 },
    atMostMiB: BUFFERED.stream + SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1);
      if (socket) await write(socket, call('Push', 1, { flags: 1, payload: ask(64 * 1024, 16 * 1024) }));
      return '1 GiB asked for';
    },
  },
  {
    name: 'never reads 1 GiB of 100 such streams of one connection',
    limit: 'maxBufferedBytesPerConnection',
    refused: { by: 'maxBufferedBytes', atLeast: 50 },
    atMostMiB: BUFFERED.connection + SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1);
      await sendCalls(socket, 100, (id) => call('Push', id, { flags: 1, payload: ask(64 * 1024, 160) }));
      return '1 GiB asked for';
    },
  },
  {
    name: 'never reads 1 GiB of such streams of 100 connections',
    limit: 'maxBufferedBytesPerServer',
    refused: { by: 'maxBufferedBytes', atLeast: 50 },
    atMostMiB: BUFFERED.server + SLACK_MIB,
    async run(target) {
      for (const socket of await target.connectAll(100)) {
        await write(socket, call('Push', 1, { flags: 1, payload: ask(64 * 1024, 160) }));
      }
      return '1 GiB asked for';
    },
  },
  {
    name: 'a stream that pushes 10,000,000 empty messages',
    limit: 'maxBufferedBytes',
    refused: { by: 'maxBufferedBytes', atLeast: 1 },
    atMostMiB: BUFFERED.stream + SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1);
      if (socket) await write(socket, call('Push', 1, { flags: 1, payload: ask(0, 10_000_000) }));
      return '10,000,000 asked for';
    },
  },
  {
    name: '4,000 uploads of 250 KiB that no handler takes, on one connection',
    limit: 'maxBufferedBytesPerConnection',
    refused: { by: 'stalledStream', atLeast: 1 },
    atMostMiB: BUFFERED.connection + SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      const part = blob(125 * 1024);
      let sent = 0;
      for (let i = 0; i < 4000 && socket; i++) {
        const id = 2 * i + 1;
        const data = frame({ id, type: 3, data: part });
        if (!(await write(socket, Buffer.concat([call('Take', id, { flags: 6 }), data, data])))) break;
        sent++;
      }
      return `${sent} sent before it was not read any more`;
    },
  },
  {
    name: '100,000 requests that each leave out 2,000 ids',
    limit: undefined,
    atMostMiB: SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      await sendCalls(socket, 100_000, (id) => call('Echo', (id - 1) * 2000 + 1));
      return '100,000 sent';
    },
  },
  {
    name: '800,000 frames that break the protocol',
    limit: 'the protocol',
    refused: { by: 'protocol', atLeast: 400_000 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      const many = Buffer.concat(
        Array.from({ length: 1000 }, (_, index) =>
          frame({ id: index, type: index % 4, flags: index % 8, data: { hex: 'ff' } }),
        ),
      );
      for (let i = 0; i < 800 && socket; i++) await write(socket, many);
      return '800,000 sent';
    },
  },
  {
    name: '100 messages nested 1,000,000 deep',
    limit: 'the nesting of messages',
    refused: { by: 'protocol', atLeast: 100 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      const [socket] = await target.connectAll(1, { reads: true });
      const bytes = call('Nest', 1, { payload: nested(1_000_000) });
      for (let i = 0; i < 100 && socket; i++) {
        bytes.writeUInt32BE(2 * i + 1, 4);
        await write(socket, Buffer.from(bytes));
      }
      return `100 of ${mib(bytes.length)} MiB sent`;
    },
  },
  {
    name: '5,000 connections that authorize() refuses',
    limit: 'authorize',
    server: {
      // The first one is the client that is served meanwhile.
      authorize: () => admitted++ < 1,
    },
    refused: { by: 'authorize', atLeast: 4000 },
    atMostMiB: SLACK_MIB,
    async run(target) {
      await target.connectAll(5000, { reads: true });
      return '5,000 opened';
    },
  },
  ...DECODED.flatMap(({ what, payload, more }): Attack[] => [
    {
      name: `12 requests of 4 MiB that become far more: ${what}`,
      limit: 'maxDecodedMessageBytes',
      server: more,
      node: SMALL_HEAP,
      atMostMiB: DECODED_MIB + SLACK_MIB,
      async run(target) {
        const [socket] = await target.connectAll(1, { reads: true });
        await sendCalls(socket, 12, (id) => call('Crowd', id, { payload: payload(4_000_000) }));
        await seconds(1);
        return '46 MiB sent';
      },
    },
    {
      name: `60 requests in flight on 4 connections that become more: ${what}`,
      limit: 'maxDecodedBytesPerServer',
      server: more,
      node: SMALL_HEAP,
      atMostMiB: DECODED_MIB + SLACK_MIB,
      async run(target) {
        const bytes = payload(200_000);
        for (const socket of await target.connectAll(4, { reads: true })) {
          await sendCalls(socket, 15, (id) => call('Crowd', id, { payload: bytes }));
        }
        await seconds(1);
        return '11 MiB sent';
      },
    },
  ]),
];

let admitted = 0;

/** The attack of that name. Throws an Error for any other name. */
export function attackNamed(name: string): Attack {
  const attack = ATTACKS.find((each) => each.name === name);
  if (!attack) throw new Error(`there is no attack ${JSON.stringify(name)}`);
  return attack;
}

async function sendCalls(socket: Socket | undefined, count: number, make: (id: number) => Buffer): Promise<void> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (let i = 0; i < count && socket; i++) {
    const one = make(2 * i + 1);
    waiting.push(one);
    bytes += one.length;
    if (bytes < 64 * 1024 && i < count - 1) continue;
    if (!(await write(socket, Buffer.concat(waiting)))) return;
    waiting = [];
    bytes = 0;
  }
}

/** Sends `bytes` in pieces; gives how many were taken. */
async function trickle(socket: Socket, bytes: Buffer, piece: number): Promise<number> {
  for (let at = 0; at < bytes.length; at += piece) {
    if (!(await write(socket, bytes.subarray(at, at + piece)))) return at;
  }
  return bytes.length;
}

/** Messages in messages, as many as fit: each length is that of all that it has in it. */
function nested(depth: number): { hex: string } {
  const pieces: Buffer[] = [];
  let length = 0;
  for (let level = 0; level < depth && length < 4 * MIB - 1000; level++) {
    const head = [0x0a];
    let rest = length;
    for (; rest > 0x7f; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
    head.push(rest);
    pieces.push(Buffer.from(head));
    length += head.length;
  }
  return { hex: Buffer.concat(pieces.reverse()).toString('hex') };
}

async function untilGone(target: Target, atMostMs: number): Promise<string> {
  const end = Date.now() + atMostMs;
  while (target.sockets.size > 0 && Date.now() < end) await seconds(0.05);
  return `${target.sockets.size} left`;
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}
