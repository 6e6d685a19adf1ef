import { fileURLToPath } from 'node:url';
import type { Observable } from 'rxjs';
import type { TtrpcCallOptions, TtrpcClientOptions, TtrpcStreamSource } from '../../src/client/index.js';
import { TtrpcClient } from '../../src/client/index.js';
import {
  serve,
  TtrpcError,
  TtrpcStatus,
  type RawContext,
  type RawMethod,
  type RawServer,
} from '../../src/protocol/index.js';
import { loadSchema } from '../../src/schema/index.js';
import { deferred, type Deferred, turn } from './deferred.js';
import { TempFolder } from './temp-folder.js';

/** The .proto file of the services that the client's tests call. */
export const CLIENT_PROTO = fileURLToPath(new URL('../nest/client-lab.proto', import.meta.url));

export interface Question {
  text?: string;
  number?: number;
  inner?: { list?: number[] };
}

export interface Answer {
  text?: string;
  number?: number;
}

type Observed<Q> = (request: Q, options?: TtrpcCallOptions) => Observable<Answer>;

/** The Observable proxy of `client.v1.Lab`. */
export interface Lab {
  ask: Observed<Question>;
  Ask: Observed<Question>;
  count: Observed<Question>;
  sum: Observed<TtrpcStreamSource<Question>>;
  chat: Observed<TtrpcStreamSource<Question>>;
  look: Observed<Question>;
  fail: Observed<Question>;
  wait: Observed<Question>;
}

type Promised<Q> = (request: Q, options?: TtrpcCallOptions) => Promise<Answer>;
type Iterated<Q> = (request: Q, options?: TtrpcCallOptions) => AsyncIterableIterator<Answer, undefined>;

/** The async proxy of `client.v1.Lab`. */
export interface AsyncLab {
  ask: Promised<Question>;
  Ask: Promised<Question>;
  count: Iterated<Question>;
  sum: Promised<TtrpcStreamSource<Question>>;
  chat: Iterated<TtrpcStreamSource<Question>>;
  look: Promised<Question>;
  fail: Promised<Question>;
  wait: Promised<Question>;
}

/** What the server has seen of a call; `Look` answers it. */
export interface Seen {
  method: string;
  metadata: Record<string, string[]>;
  /** What was left of the call's time, in ms. */
  leftMs: number | null;
}

/** How a handler of the lab ended. */
export interface Ended {
  method: string;
  /** The code of the reason why its call was aborted, if it was. */
  aborted: TtrpcStatus | undefined;
}

const schema = loadSchema({ protoPath: CLIENT_PROTO });
const service = schema.resolve('Lab');
const questions = codecOf('Ask').request;
const answers = codecOf('Ask').response;

function codecOf(name: string): (typeof service.methods)[string] {
  const method = service.methods[name];
  if (!method) throw new Error(`no rpc ${name}`);
  return method;
}

function question(bytes: Uint8Array): Question {
  return questions.decode(bytes) as Question;
}

function answer(value: Answer): Uint8Array {
  return answers.encode(value);
}

/** A server of the raw engine on a temporary socket, and the clients of a test. What both leave behind shows at the end. */
export class ClientLab {
  readonly folder = new TempFolder();
  /** One for each call of `Wait` that the server has begun: resolving it answers. */
  readonly waits: Deferred<Answer>[] = [];
  /** One for each streaming handler, or `Wait`, that has come to its end. */
  readonly ended: Ended[] = [];
  /** Messages that `Count` and `Chat` have given to the engine. */
  produced = 0;
  /** Messages that `Sum` and `Chat` have taken from the engine. */
  received = 0;
  /** What the server has seen of each call, in the order in which their handlers began. */
  readonly seen: Seen[] = [];
  server: RawServer | undefined;
  readonly #clients: TtrpcClient[] = [];
  readonly #watchers = new Set<() => void>();

  get url(): string {
    return this.folder.url();
  }

  /** Starts the server, or starts it again. */
  async start(url = this.url): Promise<RawServer> {
    this.server = await serve(url, this.services());
    return this.server;
  }

  /** A client of the lab's server, closed at the end. */
  client(options: Partial<TtrpcClientOptions> = {}): TtrpcClient {
    const place = options.duplex ?? options.connect ?? options.url;
    const client = new TtrpcClient({
      protoPath: CLIENT_PROTO,
      ...(place === undefined && { url: this.url }),
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** Resolves once `condition` holds; asked again after whatever the server sees. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** Resolves once so many connections are open at the server. */
  async untilConnections(count: number): Promise<void> {
    while (this.server?.connectionCount !== count) await turn();
  }

  /** Closes everything; fails when a socket file is left. */
  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server?.close();
    this.folder.close();
  }

  /** What the server serves. */
  services(): Record<string, Record<string, RawMethod>> {
    const services = this.#handlers();
    return Object.fromEntries(
      Object.entries(services).map(([name, methods]) => [
        name,
        Object.fromEntries(Object.entries(methods).map(([rpc, method]) => [rpc, this.#watched(method)])),
      ]),
    );
  }

  #watched(method: RawMethod): RawMethod {
    const { shape, handle } = typeof method === 'function' ? { shape: 'unary', handle: method } : method;
    return {
      shape,
      // The shape and the handler belong together, whichever they are.
      handle: (request: never, context: RawContext) => {
        this.#changed(() => this.seen.push(look(context)));
        return handle(request, context);
      },
    } as RawMethod;
  }

  #handlers(): Record<string, Record<string, RawMethod>> {
    return {
      'client.v1.Lab': {
        Ask: (bytes) => {
          const { text = '', number = 0 } = question(bytes);
          return answer({ text: `you said ${text}`, number: number + 1 });
        },
        Count: { shape: 'server-streaming', handle: (bytes, context) => this.#count(question(bytes), context) },
        Sum: { shape: 'client-streaming', handle: (parts, context) => this.#sum(parts, context) },
        Chat: { shape: 'bidi', handle: (lines, context) => this.#chat(lines, context) },
        Look: (_bytes, context) => answer({ text: JSON.stringify(look(context)) }),
        Fail: (bytes) => {
          const { text = '', number = 5 } = question(bytes);
          const details = [schema.pack('client.v1.Answer', { text: 'the detail', number: 7 })];
          throw new TtrpcError(number, text, { details });
        },
        Wait: (_bytes, context) => this.#wait(context),
      },
      'client.v1.Traps': Object.fromEntries(
        Object.keys(schema.resolve('Traps').methods).map((name) => [name, () => answer({ text: name })]),
      ),
    };
  }

  /** Gives `number` answers (0: without end), or fails where `text` says so, after `number` of them. */
  async *#count({ number = 0, text = '' }: Question, context: RawContext): AsyncGenerator<Uint8Array> {
    try {
      for (let i = 0; number === 0 || i < number; i++) {
        this.#changed(() => this.produced++);
        yield answer({ number: i, text: `n${i}` });
      }
      if (text === 'fail') throw new TtrpcError(TtrpcStatus.DATA_LOSS, 'lost the thread');
      if (text === 'late') throw new TtrpcError(TtrpcStatus.DEADLINE_EXCEEDED, 'took too long');
      if (text === 'stay') await aborted(context);
    } finally {
      this.#end('Count', context);
    }
  }

  async #sum(parts: AsyncIterable<Uint8Array>, context: RawContext): Promise<Uint8Array> {
    let sum = 0;
    try {
      for await (const part of parts) {
        const { number = 0, text } = question(part);
        this.#changed(() => this.received++);
        if (text === 'enough') break;
        sum += number;
      }
      return answer({ number: sum });
    } finally {
      this.#end('Sum', context);
    }
  }

  /** Answers each line; `bye` ends it, `fail` fails it. */
  async *#chat(lines: AsyncIterable<Uint8Array>, context: RawContext): AsyncGenerator<Uint8Array> {
    try {
      for await (const line of lines) {
        const { text = '' } = question(line);
        this.#changed(() => this.received++);
        if (text === 'bye') return;
        if (text === 'fail') throw new TtrpcError(TtrpcStatus.ABORTED, 'no more of this');
        this.#changed(() => this.produced++);
        yield answer({ text: text.toUpperCase() });
      }
    } finally {
      this.#end('Chat', context);
    }
  }

  async #wait(context: RawContext): Promise<Uint8Array> {
    const wait = deferred<Answer>();
    context.signal.addEventListener('abort', () => wait.reject(context.signal.reason));
    this.#changed(() => this.waits.push(wait));
    try {
      return answer(await wait.promise);
    } finally {
      this.#end('Wait', context);
    }
  }

  #end(method: string, { signal }: RawContext): void {
    const reason = signal.reason as TtrpcError | undefined;
    this.#changed(() => this.ended.push({ method, aborted: signal.aborted ? reason?.code : undefined }));
  }

  #changed(change: () => void): void {
    change();
    for (const check of this.#watchers) check();
  }
}

function look({ method, metadata, deadline }: RawContext): Seen {
  return { method, metadata: metadata.toJSON(), leftMs: deadline ? deadline.getTime() - Date.now() : null };
}

function aborted({ signal }: RawContext): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
}

/** All values of a stream, and then what it failed with, if it did. */
export async function readAll<T>(stream: AsyncIterable<T>): Promise<{ values: T[]; error: unknown }> {
  const values: T[] = [];
  try {
    for await (const value of stream) values.push(value);
    return { values, error: undefined };
  } catch (error) {
    return { values, error };
  }
}
