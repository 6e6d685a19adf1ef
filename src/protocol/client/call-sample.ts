import { SendQueue } from '../connection/send-queue.js';
import { TtrpcMetadata } from '../core/metadata.js';
import { CallLimits } from './call-limits.js';
import type { CallMethod, CallRuntime } from './call-runtime.js';
import type { RouteOptions } from './channel.js';
import type { CallObserver, CallStart } from './client-call.js';
import { IteratorCall } from './iterator-call.js';
import { PromiseCall } from './promise-call.js';
import { SentStream } from './raw-stream.js';

const NO_LIMITS: CallStart = Object.freeze({});
const NO_ROUTE: RouteOptions = Object.freeze({});
/** A limit that does not matter: its timer is cleared at once. */
const ANY_MS = 1000;

/**
 * An example of what calls of a client consist of, for an idle client to keep. V8 drops a hidden class, and all code that
 * was compiled for it, when a full collection finds no object of it: see `sampleCall` of the server. They never begin, and
 * hold nothing of a caller's.
 */
export function sampleCalls<Options extends RouteOptions>(
  runtime: CallRuntime<Options>,
  method: CallMethod,
): readonly object[] {
  const promise = new PromiseCall(runtime, method, ignore);
  const iterator = new IteratorCall(runtime, method, undefined, undefined);
  return [promise, iterator, ...sampleClientCall(runtime, method, promise)];
}

/** As {@link sampleCalls}, for streams whose requests their callers send by hand. */
export function sampleStreams<Options extends RouteOptions>(
  runtime: CallRuntime<Options>,
  method: CallMethod,
  options: Options,
): readonly object[] {
  const stream = new SentStream(runtime, method, options);
  return [stream, ...sampleClientCall(runtime, method, stream)];
}

/** The engine's part of a sample: a call, and what some calls have beside it. */
export function sampleClientCall<Options extends RouteOptions>(
  { channel }: CallRuntime<Options>,
  { ref }: CallMethod,
  observer: CallObserver,
): readonly object[] {
  const call = channel.newCall(ref, NO_LIMITS, NO_ROUTE, observer);
  const limits = new CallLimits(call, { deadline: performance.now() + ANY_MS });
  limits.clear();
  return [call, limits, new TtrpcMetadata({ key: 'value' }), new SendQueue(0)];
}

function ignore(): void {
  // Its call does not begin.
}
