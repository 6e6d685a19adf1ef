import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { pattern, Sum } from '../interop/bodies.js';
import type { CallResult, CallSpec, Driver, Progress, ServerPeer, Sums } from '../interop/peer.js';
import { MemoryWatch, type MemoryUse } from './memory.js';
import type { SoakPeer } from './peers.js';

/** One long stream to a reader that sleeps in between. */
export interface FlowSpec {
  /** Who sends: the server's handler, or the client. */
  sender: 'server' | 'client';
  messages: number;
  /** Size of each body, in bytes. */
  bytes: number;
  /** The reader sleeps `pauseMs` after each so many messages. */
  pauseEvery: number;
  pauseMs: number;
}

/** What became of a flow. */
export interface FlowResult {
  /** Messages by which the sender was ahead at most, counted at both ends while the reader slept. */
  lead: number;
  /** What it may be: the socket's buffers plus what the two libraries hold; Infinity where one has no limit. */
  bound: number;
  /** How often both ends were counted while the reader stood still. */
  samples: number;
  elapsedMs: number;
  memory: { client: MemoryUse; server: MemoryUse };
  /** All came, but not in their order: why the reader's library does that. */
  reordered?: string;
  /** What was lost, doubled, out of order or not as it was sent; empty when all is well. */
  problems: string[];
}

/** How often both ends are counted, in ms. */
const SAMPLE_MS = 20;

/** The header of a frame, and what stands before a body. */
const OVERHEAD_BYTES = 10 + 7;

/** The largest piece in which Linux puts bytes into a unix socket's buffer. */
const SOCKET_PIECE_BYTES = 36 * 1024;

let flows = 0;

/** Runs one flow from `client` to `server`, which are peers of those kinds. */
export async function runFlow(
  spec: FlowSpec,
  kinds: { client: SoakPeer; server: SoakPeer },
  driver: Driver,
  server: ServerPeer,
): Promise<FlowResult> {
  const name = `flow ${++flows}`;
  await server.events({ clear: true });
  await driver.connect(name, server.address);
  const begun = Date.now();
  const seq = flows;
  const fromServer = spec.sender === 'server';
  const done = driver.call(name, callOf(spec, seq), name);
  let over = false;
  const end = (): void => void (over = true);
  done.then(end, end);

  const client = new MemoryWatch(driver.pid);
  const served = new MemoryWatch(server.pid);
  const method = fromServer ? 'ServerStream' : 'ClientStream';
  const atServer = (): Promise<Progress | undefined> => server.progress(method, seq).catch(() => undefined);
  const atClient = (): Promise<Progress | undefined> => driver.progress(name).catch(() => undefined);
  const [sending, reading] = fromServer ? [atServer, atClient] : [atClient, atServer];
  let lead = 0;
  let samples = 0;
  let warm = false;
  while (!over) {
    const before = (await reading())?.received;
    const sent = (await sending())?.sent;
    const after = (await reading())?.received;
    // Only a reader that stood still was so far behind when the sender was counted.
    if (before !== undefined && sent !== undefined && before === after) {
      samples++;
      lead = Math.max(lead, sent - before);
    }
    if (!warm && (sent ?? 0) > spec.messages / 5) {
      warm = true;
      client.warm();
      served.warm();
    }
    if (!over) {
      client.look();
      served.look();
      await sleep(SAMPLE_MS);
    }
  }
  const result = await done;
  await driver.close(name);
  await server.awaitIdle();
  client.look();
  served.look();
  const problems = problemsOf(spec, seq, result);
  const reordered = problems.length > 0 && cameInDisorder(spec, result) ? kinds.server.reorders : undefined;
  return {
    lead,
    bound: leadBound(spec, kinds),
    samples,
    elapsedMs: Date.now() - begun,
    memory: { client: client.use, server: served.use },
    ...(reordered === undefined ? { problems } : { problems: [], reordered }),
  };
}

function callOf({ sender, messages, bytes, pauseEvery, pauseMs }: FlowSpec, seq: number): CallSpec {
  return sender === 'server'
    ? { op: 'server-stream', request: { seq, replyCount: messages, replyBytes: bytes }, pauseEvery, pauseMs }
    : {
        op: 'client-stream',
        generate: { seq, count: messages, bodyBytes: bytes, delayEvery: pauseEvery, delayMs: pauseMs },
      };
}

/** Messages that the way from the one program to the other holds at most. */
function leadBound({ sender, bytes }: FlowSpec, { client, server }: { client: SoakPeer; server: SoakPeer }): number {
  const { sends } = sender === 'server' ? server : client;
  const { reads } = sender === 'server' ? client : server;
  // A unix socket has one buffer, the sender's, which nobody here changes; Linux takes one more piece while it is not full.
  const socket = Number(readFileSync('/proc/sys/net/core/wmem_default', 'utf8')) + SOCKET_PIECE_BYTES;
  return Math.ceil((socket + sends.bytes + reads.bytes) / (bytes + OVERHEAD_BYTES)) + sends.messages + reads.messages;
}

function problemsOf(spec: FlowSpec, seq: number, { status, transportError, replies, firstReply, sent }: CallResult) {
  const { messages } = spec;
  const problems: string[] = [];
  const expectSame = (what: string, came: unknown, wanted: unknown): void => {
    if (isDeepStrictEqual(came, wanted)) return;
    problems.push(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(came)}`);
  };
  expectSame('status', transportError ?? status, { code: 0, message: '', details: [] });
  if (problems.length > 0) return problems;
  if (spec.sender === 'server') {
    const { ordered, wrong, first, last, ...sums } = replies;
    expectSame('replies', { ordered, wrong, first, last }, { ordered: true, wrong: 0, first: 0, last: messages - 1 });
    expectSame('replies', sumsOf(sums), sumsFrom(0, spec));
  } else {
    expectSame('sent', sent.count, messages);
    expectSame('received', firstReply && sumsOf(firstReply), sumsFrom(seq, spec));
  }
  return problems;
}

/** As many messages and bytes as were sent by the client, well ended, with another checksum. */
function cameInDisorder({ sender, messages, bytes }: FlowSpec, { status, firstReply }: CallResult): boolean {
  const all = firstReply?.count === messages && firstReply.totalBytes === messages * bytes;
  return sender === 'client' && status?.code === 0 && all;
}

function sumsOf({ count, totalBytes, checksum }: Sums): Sums {
  return { count, totalBytes, checksum };
}

function sumsFrom(seq: number, { messages, bytes }: FlowSpec): Sums {
  const sum = new Sum();
  for (let index = 0; index < messages; index++) sum.add(seq + index, pattern(seq + index, bytes));
  return sum.sums;
}
