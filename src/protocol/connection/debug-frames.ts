import type { Duplex } from 'node:stream';
import { debugging, debugLine } from '../core/debug-log.js';
import { statusName } from '../core/status.js';
import { messageOf } from '../core/describe-error.js';
import { FrameFlag, FrameType } from '../wire/frame.js';
import { FrameReader, type FrameSink } from '../wire/frame-reader.js';
import { RequestEnvelope } from '../wire/request-envelope.js';
import { ResponseEnvelope } from '../wire/response-envelope.js';

/** Which connection the frames are of. */
export interface FramesOf {
  readonly side: 'client' | 'server';
  /** The server's address. */
  readonly address: string;
}

/** What stands between a connection and its bytes while frames are written to standard error. */
export interface FrameTap {
  /** Writes each frame that comes, before it goes on to its sink. */
  readonly sink: FrameSink;
  /** Writes each frame that leaves. */
  readonly duplex: Duplex;
}

let last = 0;

/** A tap on a connection that begins now; undefined unless NODE_DEBUG names `nestjs-ttrpc`: it costs nothing then. */
export function tapFrames(of: FramesOf, sink: FrameSink, duplex: Duplex): FrameTap | undefined {
  if (!debugging) return undefined;
  const name = `${of.side} connection ${++last} ${of.address}`;
  const received = new FrameLines(`${name} <`, sink);
  const sent = new FrameReader(new FrameLines(`${name} >`), Infinity);
  return { sink: received, duplex: withWrite(duplex, (chunk) => sent.push(chunk)) };
}

/** `duplex`, whose writes `onWrite` sees first. Its user's own object stays as it is. */
function withWrite(duplex: Duplex, onWrite: (chunk: Uint8Array) => void): Duplex {
  const write = (chunk: Uint8Array, ...rest: never[]): boolean => {
    onWrite(chunk);
    return duplex.write(chunk, ...rest);
  };
  return new Proxy(duplex, {
    get(target, key) {
      if (key === 'write') return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Writes a line for each frame. Values of metadata and payloads may be secret: only keys and sizes are written. */
class FrameLines implements FrameSink {
  readonly #request = new RequestEnvelope();
  readonly #response = new ResponseEnvelope();
  readonly onUnaffordableFrame: FrameSink['onUnaffordableFrame'];

  constructor(
    private readonly prefix: string,
    private readonly next?: FrameSink,
  ) {
    if (next?.onUnaffordableFrame) {
      this.onUnaffordableFrame = (streamId, type, flags, limit) => {
        debugLine(`${prefix} ${head(streamId, type, flags)}: dropped, its bytes exceed the budget of ${limit}`);
        next.onUnaffordableFrame?.(streamId, type, flags, limit);
      };
    }
  }

  onFrame(streamId: number, type: number, flags: number, buf: Uint8Array, start: number, end: number): void {
    debugLine(
      `${this.prefix} ${head(streamId, type, flags)}, ${end - start} bytes${this.#content(type, buf, start, end)}`,
    );
    this.next?.onFrame(streamId, type, flags, buf, start, end);
  }

  onOversizedFrame(streamId: number, type: number, flags: number, length: number): void {
    debugLine(`${this.prefix} ${head(streamId, type, flags)}: dropped, its ${length} bytes exceed maxMessageBytes`);
    this.next?.onOversizedFrame(streamId, type, flags, length);
  }

  #content(type: number, buf: Uint8Array, start: number, end: number): string {
    try {
      if (type === FrameType.Request) return `: ${this.#requestText(buf, start, end)}`;
      if (type === FrameType.Response) return `: ${this.#responseText(buf, start, end)}`;
      return '';
    } catch (error) {
      return `: does not parse (${messageOf(error)})`;
    }
  }

  #requestText(buf: Uint8Array, start: number, end: number): string {
    const request = this.#request;
    request.parse(buf, start, end);
    const parts = [`${request.serviceIn(buf)}/${request.methodIn(buf)}`];
    if (request.payloadEnd > request.payloadStart)
      parts.push(`payload of ${request.payloadEnd - request.payloadStart} bytes`);
    if (request.timeoutNano !== 0) parts.push(`timeout ${request.timeoutNano / 1e6} ms`);
    if (request.metadata) parts.push(`metadata ${[...new Set([...request.metadata].map(([key]) => key))].join(' ')}`);
    return parts.join(', ');
  }

  #responseText(buf: Uint8Array, start: number, end: number): string {
    const response = this.#response;
    response.parse(buf, start, end);
    const { status, payloadStart, payloadEnd } = response;
    return status
      ? `${statusName(status.code)} (${status.message})`
      : `OK, payload of ${payloadEnd - payloadStart} bytes`;
  }
}

const TYPES: Readonly<Record<number, string>> = { 1: 'Request', 2: 'Response', 3: 'Data' };

function head(streamId: number, type: number, flags: number): string {
  const named = Object.entries({
    'remote-closed': FrameFlag.RemoteClosed,
    'remote-open': FrameFlag.RemoteOpen,
    'no-data': FrameFlag.NoData,
  }).flatMap(([name, flag]) => ((flags & flag) === 0 ? [] : ` ${name}`));
  return `${TYPES[type] ?? `type ${type}`} stream ${streamId}${named.join('')}`;
}
