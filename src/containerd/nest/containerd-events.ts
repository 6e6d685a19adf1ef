import type { Observable, Subject } from 'rxjs';
import type { Duplex } from 'node:stream';
import { loadOptional } from '../../protocol/core/optional-package.js';
import { TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import type { ContainerdEventTypes } from '../event-types.js';
import { receiveEvents, type ContainerdEvent, type EventReceiver, type ReceiveEventsOptions } from '../events.js';
import { containerdSchema } from '../schema.js';

/** An event whose type is known. */
export type TypedContainerdEvent<Name extends keyof ContainerdEventTypes> = ContainerdEvent & {
  readonly type: Name;
  readonly event: ContainerdEventTypes[Name];
};

/**
 * The events that shims forward to this application, as Observables. They are hot: who subscribes late has missed what came
 * before. They complete when the application shuts down. Provided by `ContainerdEventsModule`.
 */
export class ContainerdEvents {
  /** All events. */
  readonly all: Observable<ContainerdEvent>;
  readonly #subject: Subject<ContainerdEvent>;
  readonly #rxjs: typeof import('rxjs');
  #receiver: EventReceiver | undefined;

  constructor() {
    this.#rxjs = rxjs();
    this.#subject = new this.#rxjs.Subject();
    this.all = this.#subject.asObservable();
  }

  /** Where it listens: what shims are to find in TTRPC_ADDRESS. Empty before the application has started. */
  get addresses(): string[] {
    return this.#receiver?.addresses ?? [];
  }

  /**
   * Events of one type, decoded: `events.of('containerd.events.TaskExit')`.
   * @throws INVALID_ARGUMENT for a type that is not known here
   */
  of<Name extends keyof ContainerdEventTypes>(type: Name): Observable<TypedContainerdEvent<Name>> {
    if (!containerdSchema().findType(type)) {
      const message = `containerd has no event type '${type}': expected a full name such as 'containerd.events.TaskExit'`;
      throw new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, message);
    }
    return this.all.pipe(this.#rxjs.filter((event): event is TypedContainerdEvent<Name> => event.type === type));
  }

  /** Begins to listen. Called by the module only. */
  async start(target: string | Duplex, options?: ReceiveEventsOptions): Promise<void> {
    this.#receiver = await receiveEvents(target, options);
    void this.#deliver(this.#receiver);
  }

  /** Listens no more, and completes the Observables. Called by the module only. */
  async stop(): Promise<void> {
    await this.#receiver?.close();
    this.#subject.complete();
  }

  async #deliver(receiver: EventReceiver): Promise<void> {
    for await (const event of receiver) this.#subject.next(event);
  }
}

/** Loaded here, and not by an import, so that shims and plugins without Nest do without it. */
function rxjs(): typeof import('rxjs') {
  const found = loadOptional('rxjs') as typeof import('rxjs') | undefined;
  if (found) return found;
  throw new TtrpcError(
    TtrpcStatus.FAILED_PRECONDITION,
    'ContainerdEvents needs the package rxjs, which Nest needs, too',
  );
}
