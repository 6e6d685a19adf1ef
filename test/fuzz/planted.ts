import type { Invariant } from './harness.js';

/** A fault that is put into a source as it loads, so that the fuzzer can show that it finds such a thing. */
export interface PlantedFault {
  readonly what: string;
  readonly side: 'server' | 'client';
  /** What it breaks. */
  readonly breaks: Invariant;
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const plantedFaults: readonly PlantedFault[] = [
  {
    what: 'an error is sent although the call is over',
    side: 'server',
    breaks: 'every call ends once',
    file: 'src/protocol/server/server-call.ts',
    find: `  fail(status: StatusObject): void {
    if (this.#state !== 'open') return;`,
    replace: '  fail(status: StatusObject): void {',
  },
  {
    what: 'handlers are not told that their client is gone',
    side: 'server',
    breaks: 'every call ends once',
    file: 'src/protocol/server/server-connection.ts',
    find: 'for (const call of this.#calls.all()) call.abort(reason);',
    replace: 'void reason;',
  },
  {
    what: 'an envelope that does not parse is an exception',
    side: 'server',
    breaks: 'the process lives',
    file: 'src/protocol/server/server-connection.ts',
    find: 'else this.#refuseRequest(streamId, TtrpcStatus.INVALID_ARGUMENT, `unmarshal request error: ${messageOf(error)}`);',
    replace: 'else throw error;',
  },
  {
    what: 'a stream that ends keeps what it has taken of its budget',
    side: 'server',
    breaks: 'memory stays in its limits',
    file: 'src/protocol/connection/send-queue.ts',
    find: '    this.#sender?.budget.give(this.#queuedBytes);\n',
    replace: '',
  },
  {
    what: 'a call that was given up fails again',
    side: 'client',
    breaks: 'every call ends once',
    file: 'src/protocol/client/client-call.ts',
    find: `  fail(error: TtrpcError): void {
    if (!this.#open) return;`,
    replace: '  fail(error: TtrpcError): void {',
  },
  {
    what: 'an answer that its caller cannot decode ends the call well, too',
    side: 'client',
    breaks: 'every call ends once',
    file: 'src/protocol/client/client-call.ts',
    find: `      this.observer.onError(decodeError(error));
      return;`,
    replace: '      this.observer.onError(decodeError(error));',
  },
  {
    what: 'an answer that does not parse is an exception',
    side: 'client',
    breaks: 'the process lives',
    file: 'src/protocol/client/client-connection.ts',
    find: 'this.#protocolError(call, `a Response that does not parse: ${messageOf(error)}`);',
    replace: 'throw error;',
  },
];
