import { randomUUID } from 'node:crypto';
import { capitalised } from '../common/method-name.js';
import { TtrpcException } from '../common/ttrpc-exception.js';
import { TtrpcError } from '../protocol/core/errors.js';
import type { TtrpcMetadata } from '../protocol/core/metadata.js';
import { sendsRequestStream, sendsResponseStream } from '../protocol/core/method-shape.js';
import { warnOfOptions, type OptionNames } from '../protocol/core/option-names.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import type { RawContext } from '../protocol/server/call-context.js';
import type { RawMethod } from '../protocol/server/raw-handler.js';
import { serve, type RawServer } from '../protocol/server/serve.js';
import type { MethodDescriptor, ServiceDescriptor } from '../schema/service-descriptor.js';
import { didYouMean } from '../protocol/core/suggest.js';

/**
 * What becomes of one call: the response; for an rpc that streams responses an array of them, in which an error ends the
 * stream; an error, which fails the call; or a function that takes the request (an AsyncIterable of them where the client
 * streams) and gives one of these, or a promise of it.
 */
export type FakeOutcome = object | ((request: never, context: RawContext) => unknown);

/** By rpc (`sayHello` or `SayHello`): one outcome for all calls that are a function, or a list, one for each call in turn. */
export type FakeScript = Readonly<
  Record<string, ((request: never, context: RawContext) => unknown) | readonly FakeOutcome[]>
>;

/** A call that the fake service got. */
export interface FakeCall {
  /** The rpc's name (`SayHello`). */
  readonly method: string;
  /** The messages that have come so far, decoded. */
  readonly requests: unknown[];
  readonly metadata: TtrpcMetadata;
  readonly deadline: Date | undefined;
  /** Aborts when the client cancels the call, or its deadline passes. */
  readonly signal: AbortSignal;
}

/** Options of {@link fakeTtrpcService}. */
export interface FakeServiceOptions {
  /** Where to serve. Default: a `memory:` address of its own. */
  url?: string | undefined;
}

const OPTIONS: OptionNames<FakeServiceOptions> = { url: true };

/** A service whose responses a test has written; made by {@link fakeTtrpcService}. */
export class FakeTtrpcService {
  /** The calls, in the order in which they came. */
  readonly calls: FakeCall[] = [];
  #server: RawServer | undefined;

  /** @internal */
  constructor(
    /** The address for the client under test. */
    readonly url: string,
  ) {}

  /** The calls of one rpc. */
  callsOf(method: string): FakeCall[] {
    return this.calls.filter((call) => call.method === method || call.method === capitalised(method));
  }

  /** Closes it; calls in flight end with UNAVAILABLE. */
  async close(): Promise<void> {
    await this.#server?.close();
  }

  /** As {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  async start(service: ServiceDescriptor, script: FakeScript): Promise<void> {
    const methods: Record<string, RawMethod> = {};
    for (const [name, outcomes] of Object.entries(script)) {
      const method = methodOf(service, name);
      if (typeof outcomes !== 'function' && !Array.isArray(outcomes)) {
        throw new TypeError(
          `the script of ${service.name}/${method.name}: expected a function or an array of outcomes`,
        );
      }
      methods[method.name] = this.#method(service, method, outcomes as FakeScript[string]);
    }
    this.#server = await serve(this.url, { [service.name]: methods }, { exposeErrors: true });
  }

  #method(service: ServiceDescriptor, method: MethodDescriptor, outcomes: FakeScript[string]): RawMethod {
    const name = `${service.name}/${method.name}`;
    let calls = 0;
    const begin = (context: RawContext): { call: FakeCall; outcome: unknown } => {
      const { metadata, deadline, signal } = context;
      const call: FakeCall = { method: method.name, requests: [], metadata, deadline, signal };
      this.calls.push(call);
      const index = calls++;
      if (typeof outcomes === 'function') return { call, outcome: outcomes };
      if (index < outcomes.length) return { call, outcome: outcomes[index] };
      const message = `the script of ${name} has ${outcomes.length} outcomes; this is call ${index + 1}`;
      return { call, outcome: new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, message) };
    };
    const run = async (input: unknown, context: RawContext): Promise<unknown> => {
      const { call, outcome } = begin(context);
      const streams = sendsRequestStream(method.shape);
      const request = streams
        ? decoded(input as AsyncIterable<Uint8Array>, method, call)
        : noted(method.request.decode(input as Uint8Array), call);
      if (typeof outcome === 'function')
        return (outcome as (request: unknown, context: RawContext) => unknown)(request, context);
      // A scripted response comes after the requests, so that the test finds them all in `calls`.
      if (streams && !sendsResponseStream(method.shape)) for await (const _ of request as AsyncIterable<unknown>);
      else if (streams) void drain(request as AsyncIterable<unknown>);
      return outcome;
    };
    const one = async (input: unknown, context: RawContext): Promise<Uint8Array> => {
      return method.response.encode(unlessError(await run(input, context)));
    };
    const many = async function* (input: unknown, context: RawContext): AsyncGenerator<Uint8Array> {
      const outcome = unlessError(await run(input, context)) as Iterable<unknown> | AsyncIterable<unknown>;
      for await (const message of outcome) yield method.response.encode(unlessError(message));
    };
    const handle = sendsResponseStream(method.shape) ? many : one;
    return { shape: method.shape, handle } as RawMethod;
  }
}

/**
 * Serves `service` in this process as `script` says, for tests of a client: `{ sayHello: [{ message: 'hi' }, new
 * TtrpcException(…)] }`. Rpcs without a script are UNIMPLEMENTED, and calls beyond a script FAILED_PRECONDITION.
 * Rejects with a TypeError for a script of an unknown rpc, and with a TtrpcError when `url` cannot be bound.
 */
export async function fakeTtrpcService(
  service: ServiceDescriptor,
  script: FakeScript,
  options: FakeServiceOptions = {},
): Promise<FakeTtrpcService> {
  warnOfOptions('fakeTtrpcService', options, OPTIONS);
  const { url = `memory:fake-${randomUUID()}` } = options;
  const fake = new FakeTtrpcService(url);
  await fake.start(service, script);
  return fake;
}

function methodOf(service: ServiceDescriptor, name: string): MethodDescriptor {
  const found = [name, capitalised(name)].find((each) => Object.hasOwn(service.methods, each));
  if (found !== undefined) return service.methods[found] as MethodDescriptor;
  const known = Object.keys(service.methods);
  throw new TypeError(
    `the script has '${name}', but ${service.name} has ${known.join(', ')}.${didYouMean(name, known)}`,
  );
}

function noted(message: unknown, { requests }: FakeCall): unknown {
  requests.push(message);
  return message;
}

async function* decoded(
  messages: AsyncIterable<Uint8Array>,
  { request }: MethodDescriptor,
  call: FakeCall,
): AsyncGenerator<unknown> {
  for await (const bytes of messages) yield noted(request.decode(bytes), call);
}

/** Reads to the end; a call that ends first is not a failure. */
async function drain(messages: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of messages);
  } catch {
    // The call is over.
  }
}

/** @throws the outcome when it is an error: a TtrpcException as the engine's error, others as they are */
function unlessError(outcome: unknown): unknown {
  if (outcome instanceof TtrpcException) throw engineError(outcome);
  if (outcome instanceof TtrpcError || isError(outcome)) throw outcome;
  return outcome;
}

function engineError({ code, message, details }: TtrpcException): TtrpcError {
  return new TtrpcError(code, message, { details });
}

/** An error of this realm or another: a message of a service is a plain object or of a generated class. */
function isError(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Error]';
}
