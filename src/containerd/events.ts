import type { Duplex } from 'node:stream';
import { connect, type RawClient } from '../protocol/client/connect.js';
import { messageOf, TtrpcError } from '../protocol/core/errors.js';
import { warnOfOptions, type OptionNames } from '../protocol/core/option-names.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { implement } from '../protocol/server/implement.js';
import { serve, type RawServer } from '../protocol/server/serve.js';
import type { ServerCoreOptions } from '../protocol/server/server.js';
import { containerdSchema, eventsService } from './schema.js';
import type { Any } from './generated/messages.js';

/** The metadata key by which containerd learns of the namespace of a request over ttrpc. */
export const NAMESPACE_HEADER = 'containerd-namespace-ttrpc';

/** How long one attempt to forward an event may take, in ms, as in containerd's own publisher. */
const FORWARD_MS = 5000;
/** How often an event is tried. */
const ATTEMPTS = 5;
/** The wait before the second attempt, in ms; each later one is twice as long. */
const FIRST_WAIT_MS = 100;

/** An event of containerd or of one of its shims. */
export interface ContainerdEvent {
  /** `/tasks/start`, say. */
  readonly topic: string;
  /** containerd's namespace (`default`, `k8s.io`). */
  readonly namespace: string;
  readonly timestamp: Date;
  /** The name of the event's type: `containerd.events.TaskStart`. */
  readonly type: string;
  /** The event, decoded; undefined for a type that is not known here. */
  readonly event: object | undefined;
  /** The event's bytes. */
  readonly bytes: Uint8Array;
}

/** Options of {@link receiveEvents}. */
export interface ReceiveEventsOptions extends ServerCoreOptions {
  /** How many events may wait for their reader. Past it shims get RESOURCE_EXHAUSTED and try again. Default 1,024. */
  maxQueued?: number;
}

/** Events as they come: an AsyncIterable for one reader; RxJS makes an Observable of it by `from(events)`. */
export interface EventReceiver extends AsyncIterable<ContainerdEvent> {
  /** Where it listens: what shims are to find in TTRPC_ADDRESS. */
  readonly addresses: string[];
  /** Ends the stream and stops serving. */
  close(): Promise<void>;
}

/**
 * Receives events as containerd does: serves what shims forward their events to. Give its address to shims as
 * TTRPC_ADDRESS.
 */
export async function receiveEvents(
  target: string | Duplex,
  { maxQueued = 1024, ...options }: ReceiveEventsOptions = {},
): Promise<EventReceiver> {
  const queue = new EventQueue(maxQueued);
  const service = implement(eventsService(), {
    forward({ envelope }) {
      if (!envelope) throw new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, 'the request has no envelope');
      queue.push(opened(envelope));
    },
  });
  const server = await serve(target, [service], options);
  return new Receiver(server, queue);
}

function opened(envelope: {
  topic: string;
  namespace: string;
  timestamp: { seconds: bigint; nanos: number } | null;
  event: Any | null;
}): ContainerdEvent {
  const { topic, namespace, timestamp } = envelope;
  const { type_url: url, value: bytes } = envelope.event ?? { type_url: '', value: new Uint8Array() };
  const type = url.slice(url.lastIndexOf('/') + 1);
  const ms = timestamp ? Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1e6) : 0;
  const event = containerdSchema().findType(type)?.decode(bytes) as object | undefined;
  return { topic, namespace, timestamp: new Date(ms), type, event, bytes };
}

class Receiver implements EventReceiver {
  constructor(
    private readonly server: RawServer,
    private readonly queue: EventQueue,
  ) {}

  get addresses(): string[] {
    return this.server.addresses;
  }

  [Symbol.asyncIterator](): AsyncIterator<ContainerdEvent, undefined> {
    return this.queue;
  }

  async close(): Promise<void> {
    this.queue.end();
    await this.server.close();
  }
}

class EventQueue implements AsyncIterator<ContainerdEvent, undefined> {
  readonly #events: ContainerdEvent[] = [];
  readonly #readers: ((result: IteratorResult<ContainerdEvent, undefined>) => void)[] = [];
  #ended = false;

  constructor(private readonly limit: number) {}

  push(event: ContainerdEvent): void {
    const reader = this.#readers.shift();
    if (reader) reader({ value: event, done: false });
    else if (this.#events.length < this.limit) this.#events.push(event);
    else throw new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, `${this.limit} events wait for their reader, the limit`);
  }

  end(): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<ContainerdEvent, undefined>> {
    const event = this.#events.shift();
    if (event) return Promise.resolve({ value: event, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#readers.push(resolve));
  }
}

/** Options of an {@link EventPublisher}. */
export interface EventPublisherOptions {
  /** Where containerd serves ttrpc. Default: the environment's TTRPC_ADDRESS. */
  address?: string | undefined;
  /** containerd's namespace. */
  namespace: string;
  /** Hears of an event that could not be delivered. Default: a warning of the process. */
  onLost?: ((topic: string, error: unknown) => void) | undefined;
}

const PUBLISHER_OPTIONS: OptionNames<EventPublisherOptions> = { address: true, namespace: true, onLost: true };

/** Forwards events to containerd, in the order in which they are published; one that fails is tried again, 5 times in all. */
export class EventPublisher {
  readonly #address: string;
  #client: RawClient | undefined;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  /** Connects at the first event. @throws INVALID_ARGUMENT without an address or a namespace */
  constructor(private readonly options: EventPublisherOptions) {
    warnOfOptions('an EventPublisher', options, PUBLISHER_OPTIONS);
    this.#address = options.address ?? process.env['TTRPC_ADDRESS'] ?? '';
    if (this.#address === '') throw invalid('address: expected an address, or one in the environment as TTRPC_ADDRESS');
    if (!options.namespace) throw invalid("namespace: expected containerd's namespace, such as 'default'");
  }

  /** Publishes an event by its type's name: `publish('/tasks/start', 'containerd.events.TaskStart', { … })`. Resolves when it is delivered or lost. */
  publish(topic: string, type: string, event: object): Promise<void> {
    // Encoded now, so that its caller gets the error of an invalid one.
    const { typeUrl, value } = containerdSchema().pack(type, event, { typeUrlPrefix: '' });
    const envelope = {
      timestamp: new Date(),
      namespace: this.options.namespace,
      topic,
      event: { type_url: typeUrl, value },
    };
    this.#last = this.#last.then(() => this.#deliver(topic, envelope));
    return this.#last;
  }

  /** Waits for what was published, then disconnects. */
  async close(): Promise<void> {
    await this.#last;
    this.#closed = true;
    this.#client?.close();
  }

  async #deliver(topic: string, envelope: object): Promise<void> {
    let failure: unknown;
    for (let attempt = 0, wait = FIRST_WAIT_MS; attempt < ATTEMPTS && !this.#closed; attempt++, wait *= 2) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, wait / 2));
      try {
        this.#client ??= await connect(this.#address);
        const events = this.#client.service(eventsService());
        const metadata = { [NAMESPACE_HEADER]: this.options.namespace };
        await events.forward({ envelope }, { timeoutMs: FORWARD_MS, metadata });
        return;
      } catch (error) {
        failure = error;
      }
    }
    if (this.options.onLost) this.options.onLost(topic, failure);
    else process.emitWarning(`the event ${topic} was not delivered: ${messageOf(failure)}`, { type: 'TtrpcWarning' });
  }
}

function invalid(text: string): TtrpcError {
  return new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, text);
}
