import type { Counters } from './counters.js';
import { CallLog } from './call-log.js';
import { RequestEnvelope } from '../../src/protocol/wire/request-envelope.js';
import { FrameWriter } from '../../src/protocol/wire/frame-writer.js';
import { MethodTable } from '../../src/protocol/server/method-table.js';
import { type MethodKey } from '../../src/protocol/wire/method-ref.js';
import type { ServerCall, ServerMethod } from '../../src/protocol/server/server-call.js';
import { ServerConnection } from '../../src/protocol/server/server-connection.js';
import { wrap } from './wrap.js';

/*
 * Looks at a server from inside without a line for it in src: methods of its classes are wrapped while the fuzzer runs.
 */

/** Who wants to know; mutants are known by the address that their connection was accepted with. */
export class ServerInstruments {
  readonly #logs = new Map<string, CallLog>();
  /** The calls that were begun, by address and id. */
  readonly #callsAt = new Map<string, Map<number, ServerCall>>();
  readonly #byWriter = new WeakMap<FrameWriter, CallLog>();
  readonly #undo: (() => void)[] = [];
  #current: CallLog | undefined;

  constructor(private readonly counters: Counters) {
    this.#wrapConnection();
    this.#wrapWriter();
    this.#wrapEnvelope();
    this.#wrapMethods();
  }

  /** A connection that is accepted with this address is that of a mutant. */
  watch(address: string, mutant: number): CallLog {
    const log = new CallLog(mutant);
    this.#logs.set(address, log);
    this.#callsAt.set(address, new Map());
    return log;
  }

  /** The connection is over. */
  forget(address: string): void {
    this.#logs.delete(address);
    this.#callsAt.delete(address);
  }

  /** What the connection of `address` has done. */
  logOf(address: string): CallLog | undefined {
    return this.#logs.get(address);
  }

  /** True when a call is open and its client has not closed its side: it may wait for more. */
  waitsForClient(address: string, id: number): boolean {
    const call = this.#callsAt.get(address)?.get(id);
    return call !== undefined && !call.inputClosed;
  }

  /** Takes all wrappings off. */
  restore(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #wrapConnection(): void {
    this.#undo.push(
      wrap(ServerConnection.prototype, 'onFrame', (connection, [id, type, flags], proceed) => {
        const log = this.#logOf(connection);
        if (log) this.#cameFrame(connection, log, id, type, flags);
        this.#current = log;
        proceed();
        this.#current = undefined;
      }),
      wrap(ServerConnection.prototype, 'onOversizedFrame', (connection, [id], proceed) => {
        const log = this.#logOf(connection);
        log?.came(id);
        if (log) this.counters.hit(`frame: oversized, ${this.#stateOf(connection, id)}`, log.mutant);
        proceed();
      }),
    );
  }

  #logOf(connection: ServerConnection): CallLog | undefined {
    const log = this.#logs.get(connection.peer.address);
    if (log) this.#byWriter.set(connection.writer, log);
    return log;
  }

  #cameFrame(connection: ServerConnection, log: CallLog, id: number, type: number, flags: number): void {
    log.came(id);
    const state = this.#stateOf(connection, id);
    const what =
      id % 2 === 0
        ? 'frame: even id'
        : type === 1
          ? `Request: ${state}`
          : type === 3
            ? `Data[${flags & 5}]: ${state}`
            : `frame: unknown type, ${state}`;
    this.counters.hit(what, log.mutant);
  }

  /** How a stream stands when a frame for it comes. */
  #stateOf(connection: ServerConnection, id: number): string {
    const call = this.#callsAt.get(connection.peer.address)?.get(id);
    if (!call) return 'id without a call';
    if (!call.ended) return `${call.method.shape} ${call.inputClosed ? 'closed by its client' : 'open'}`;
    return call.inputClosed ? 'call over' : 'call over before its client has closed';
  }

  #wrapWriter(): void {
    const log = (writer: FrameWriter): CallLog | undefined => this.#byWriter.get(writer);
    this.#undo.push(
      wrap(FrameWriter.prototype, 'writeStatus', (writer, [id, { code, message }], proceed) => {
        const before = log(writer)?.sent.length;
        proceed();
        // One that was too long has been written by a second call.
        if (log(writer)?.sent.length === before) log(writer)?.error(id, code, message);
      }),
      wrap(FrameWriter.prototype, 'writeResponse', (writer, [id], proceed) => {
        proceed();
        log(writer)?.answer(id);
      }),
      wrap(FrameWriter.prototype, 'writeData', (writer, [id], proceed) => {
        proceed();
        log(writer)?.data(id);
      }),
      wrap(FrameWriter.prototype, 'writeClose', (writer, [id], proceed) => {
        proceed();
        log(writer)?.close(id);
      }),
    );
  }

  /** Tells of each call that begins, of the methods that are added from now on. */
  #wrapMethods(): void {
    this.#undo.push(
      wrap(MethodTable.prototype as MethodTable<MethodKey>, 'add', (_, [method], proceed) => {
        proceed();
        if (isServerMethod(method)) this.#wrapMethod(method);
      }),
    );
  }

  #wrapMethod(method: ServerMethod): void {
    const open = method.open.bind(method);
    method.open = (call) => {
      const log = this.#logs.get(call.peer.address);
      if (log) {
        log.started(call.id, call.method.shape);
        this.counters.hit(`handler: ${call.method.shape}`, log.mutant);
        this.#callsAt.get(call.peer.address)?.set(call.id, call);
      }
      return open(call);
    };
  }

  #wrapEnvelope(): void {
    this.#undo.push(
      wrap(RequestEnvelope.prototype, 'parse', (_, _range, proceed) => {
        const mutant = this.#current?.mutant;
        if (mutant !== undefined) this.counters.hit('envelope: reached', mutant);
        proceed();
        if (mutant !== undefined) this.counters.hit('envelope: read', mutant);
      }),
    );
  }
}

function isServerMethod(method: MethodKey): method is ServerMethod {
  return 'open' in method;
}
