import { readFileSync } from 'node:fs';
import type { CallShape } from '../conformance/case.js';
import { clientCases } from '../conformance/cases/client/index.js';
import { serverCases } from '../conformance/cases/server/index.js';
import { INTEROP } from '../conformance/service.js';
import type { Bytes } from '../conformance/wire/bytes.js';
import { encodeWritten, FrameCutter, REMOTE_CLOSED, REQUEST, type Written } from '../conformance/wire/frame.js';
import { readRequest } from '../conformance/wire/envelope.js';
import type { Frame } from './frame.js';

/** What mutants are made of: frames of one side of a conversation. */
export interface Seed {
  readonly name: string;
  readonly frames: readonly Frame[];
  /** The calls that the frames answer, in the order of their ids 1, 3, 5, …; for clients under test. */
  readonly calls: readonly CallShape[];
}

/** Larger conversations, and frames of them, teach the fuzzer nothing that smaller ones do not. */
const MAX_FRAMES = 40;
const MAX_DATA = 4096;

interface Recorded {
  name: string;
  toServer: string[];
  toClient: string[];
}

function recorded(file: string): Recorded[] {
  return JSON.parse(readFileSync(new URL(`corpus/${file}.json`, import.meta.url), 'utf8')) as Recorded[];
}

function cut(bytes: Buffer): Frame[] {
  return new FrameCutter().push(bytes).map((frame) => ({ ...frame, mutated: false }));
}

function written(all: readonly Written[]): Frame[] {
  return all.slice(0, MAX_FRAMES).flatMap((each) => {
    if ('saysLength' in each) return [];
    try {
      return cut(encodeWritten(each));
    } catch {
      // Oversized on purpose: the mutators have their own way to that.
      return [];
    }
  });
}

function seed(name: string, frames: Frame[], calls: CallShape[] = []): Seed[] {
  const small = frames.filter(({ data }) => data.length <= MAX_DATA).slice(0, MAX_FRAMES);
  return small.length === 0 ? [] : [{ name, frames: small, calls }];
}

const STREAMS: Record<string, CallShape> = {
  ClientStream: 'client-streaming',
  NothingClientStream: 'client-streaming',
  Bidi: 'bidi',
  NothingStream: 'bidi',
};

function shapeOf({ flags, data }: Frame): CallShape {
  if ((flags & REMOTE_CLOSED) !== 0) return 'server-streaming';
  return STREAMS[readRequest(data).method] ?? 'unary';
}

/** What clients say to a server: Go's client as it was recorded, and the conformance cases. */
export function serverSeeds(): Seed[] {
  const fromGo = recorded('go-client').flatMap(({ name, toServer }) =>
    seed(
      `Go's client: ${name}`,
      toServer.flatMap((hex) => cut(Buffer.from(hex, 'hex'))),
    ),
  );
  const fromCases = Object.values(serverCases)
    .flat()
    .flatMap(({ name, steps }) =>
      seed(
        `case: ${name}`,
        steps.flatMap((step) => ('send' in step && step.on === undefined ? written(step.send) : [])),
      ),
    );
  // Streams that nobody holds back, of so many messages.
  const floods = [1, 3, 10, 14, 40].flatMap((count) =>
    seed(
      `a flood of ${count}`,
      written([
        { id: 1, type: REQUEST, flags: REMOTE_CLOSED, data: flood(count) },
        { id: 3, type: REQUEST, flags: REMOTE_CLOSED, data: flood(count) },
      ]),
    ),
  );
  return [...fromGo, ...fromCases, ...floods, ...floods];
}

function flood(count: number): Bytes {
  return { request: { service: INTEROP, method: 'Flood', payload: { fill: 0, length: count } } };
}

/** What servers say to a client: Go's server as it was recorded, and the conformance cases. */
export function clientSeeds(): Seed[] {
  const fromGo = [...recorded('go-server'), ...recorded('go-client')].flatMap(({ name, toServer, toClient }) => {
    const asked = toServer.flatMap((hex) => cut(Buffer.from(hex, 'hex')));
    const calls = asked.filter(({ type }) => type === REQUEST).map(shapeOf);
    return seed(
      `answers: ${name}`,
      toClient.flatMap((hex) => cut(Buffer.from(hex, 'hex'))),
      calls,
    );
  });
  const fromCases = Object.values(clientCases)
    .flat()
    .flatMap(({ name, steps }) =>
      seed(
        `case: ${name}`,
        steps.flatMap((step) => ('send' in step ? written(step.send) : [])),
        steps.flatMap((step) => ('call' in step ? [step.shape] : [])).slice(0, MAX_FRAMES),
      ),
    );
  return [...fromGo, ...fromCases];
}
