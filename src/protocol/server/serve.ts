import type { Duplex } from 'node:stream';
import { describe } from '../core/describe.js';
import { isDuplex } from '../socket/duplex.js';
import type { ErrorExposure } from '../core/errors.js';
import type { TtrpcMetadata } from '../core/metadata.js';
import type { MethodShape } from '../core/method-shape.js';
import type { Peer } from './peer.js';
import { RawCall } from './raw-call.js';
import type { ServerMethod } from './server-call.js';
import type { ServerStats } from './refusals.js';
import { ServerCore, type ServerCoreOptions } from './server.js';
import type { CloseOptions } from './server-options.js';

/** What a raw handler may know of its call. */
export interface RawContext {
  readonly service: string;
  readonly method: string;
  readonly metadata: TtrpcMetadata;
  /** When the client stops waiting, if it said so. */
  readonly deadline: Date | undefined;
  /** Aborts when the call ends before the handler has ended it; its reason is a TtrpcError. */
  readonly signal: AbortSignal;
  readonly peer: Peer;
}

/** A handler with one request. Its answer is bytes, or for a server-streaming method an iterable of bytes, or a promise of one. */
export type RawHandle<Request, Response> = (request: Request, context: RawContext) => Response;

/** A method of {@link RawServices}: a function for a unary one, else its shape and its handler. */
export type RawMethod =
  | RawHandle<Uint8Array, Uint8Array | Promise<Uint8Array>>
  | { shape: 'unary'; handle: RawHandle<Uint8Array, Uint8Array | Promise<Uint8Array>> }
  | {
      shape: 'server-streaming';
      handle: RawHandle<Uint8Array, AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>>;
    }
  | {
      shape: 'client-streaming';
      handle: RawHandle<AsyncIterableIterator<Uint8Array, undefined>, Uint8Array | Promise<Uint8Array>>;
    }
  | {
      shape: 'bidi';
      handle: RawHandle<
        AsyncIterableIterator<Uint8Array, undefined>,
        AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>
      >;
    };

/** What {@link serve} serves: methods by service name and method name. */
export type RawServices = Readonly<Record<string, Readonly<Record<string, RawMethod>>>>;

/** A server of the raw engine. */
export interface RawServer {
  /** The bound addresses; empty for a Duplex. */
  readonly addresses: string[];
  /** Open connections. */
  readonly connectionCount: number;
  /** What is open, held and was refused. */
  readonly stats: ServerStats;
  /**
   * Accepts nothing more, refuses new calls with UNAVAILABLE, lets calls in flight finish for `gracePeriodMs` (default
   * 0), then ends them with UNAVAILABLE. Resolves when no socket is left, at most a second after that. A second call waits
   * for the first. Rejects with a RangeError for a grace period that is none.
   */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Serves raw methods, bytes in and bytes out, on an address (see `parseAddress`) or on one Duplex.
 * A TtrpcError that a handler raises is the call's status; any other error is UNKNOWN, without its message.
 * A Duplex is ended when the server closes: its `end()` must tell the other end (`final` of one of your own), which has a
 * second to end, too; without a `final` it is destroyed once it has taken what was written.
 * Rejects with a TtrpcError that names the address when it cannot be bound.
 */
export async function serve(
  target: string | Duplex,
  services: RawServices,
  options: ServerCoreOptions & ErrorExposure = {},
): Promise<RawServer> {
  if (typeof target !== 'string' && !isDuplex(target)) {
    throw new TypeError(`expected an address or a Duplex to serve, got ${describe(target)}`);
  }
  const core = new ServerCore(options);
  for (const [service, methods] of Object.entries(services)) {
    for (const [name, method] of Object.entries(methods))
      core.methods.add(rawMethod(service, name, method, options.exposeErrors));
  }
  if (typeof target === 'string') await core.listen([target]);
  else core.accept(target, 'duplex');
  return core;
}

function rawMethod(service: string, name: string, method: RawMethod, exposeErrors?: boolean): ServerMethod {
  const shape: MethodShape = typeof method === 'function' ? 'unary' : method.shape;
  // The shape decides what the handler takes and gives; the union's members agree with it by their types.
  const handle = (typeof method === 'function' ? method : method.handle) as RawHandle<unknown, unknown>;
  return {
    service,
    method: name,
    shape,
    start(call, buf, start, end) {
      new RawCall(call, exposeErrors).run(handle, buf, start, end);
    },
  };
}
