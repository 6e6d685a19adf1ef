import { ClientConnection } from '../../src/protocol/client/client-connection.js';
import { ResponseEnvelope } from '../../src/protocol/wire/response-envelope.js';
import type { Counters } from './counters.js';
import type { WatchedCall } from './watched-call.js';
import { wrap } from './wrap.js';

/** What is known of one connection of a client under test. */
export interface ClientLog {
  readonly mutant: number;
  readonly calls: readonly WatchedCall[];
  /** Changes with each event. */
  events: number;
}

/** Looks at clients from inside without a line for it in src: methods of their classes are wrapped while the fuzzer runs. */
export class ClientInstruments {
  readonly #logs = new WeakMap<ClientConnection, ClientLog>();
  readonly #undo: (() => void)[] = [];
  #current: ClientLog | undefined;

  constructor(private readonly counters: Counters) {
    this.#undo.push(
      wrap(ClientConnection.prototype, 'onFrame', (connection, [id, type, flags], proceed) => {
        this.#came(
          connection,
          id,
          type === 3 ? `Data[${flags & 5}]` : type === 2 ? 'Response' : 'frame of an unknown type',
        );
        this.#current = this.#logs.get(connection);
        proceed();
        this.#current = undefined;
      }),
      wrap(ClientConnection.prototype, 'onOversizedFrame', (connection, [id], proceed) => {
        this.#came(connection, id, 'oversized frame');
        proceed();
      }),
      wrap(ResponseEnvelope.prototype, 'parse', (envelope, _, proceed) => {
        const mutant = this.#current?.mutant;
        if (mutant !== undefined) counters.hit('envelope: reached', mutant);
        proceed();
        if (mutant !== undefined) counters.hit(`envelope: read, ${envelope.status ? 'an error' : 'OK'}`, mutant);
      }),
    );
  }

  /** A connection is that of a mutant. */
  watch(connection: ClientConnection, log: ClientLog): void {
    this.#logs.set(connection, log);
  }

  /** Takes all wrappings off. */
  restore(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #came(connection: ClientConnection, id: number, what: string): void {
    const log = this.#logs.get(connection);
    if (!log) return;
    log.events++;
    const call = log.calls.find((each) => each.call.id === id);
    const state = call === undefined ? 'id without a call' : `${call.shape} ${call.call.open ? 'open' : 'over'}`;
    this.counters.hit(`${what}: ${state}`, log.mutant);
  }
}
