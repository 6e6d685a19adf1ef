import { subscribe } from 'node:diagnostics_channel';
import { messageOf } from './describe-error.js';
import { debugging, debugLine } from './debug-log.js';
import type { CallTrace, ConnectionEvent } from './diagnostics.js';

/** The package may be loaded twice, as ES module and as CommonJS: one of the two writes. */
const WRITES = Symbol.for('nestjs-ttrpc.debug-calls');

/** Writes what happens to calls and connections to standard error from now on, if NODE_DEBUG says so. A second call is harmless. */
export function debugCalls(): void {
  if (!debugging) return;
  const ofProcess = globalThis as { [WRITES]?: boolean };
  if (ofProcess[WRITES]) return;
  ofProcess[WRITES] = true;
  const numbers = new WeakMap<CallTrace, number>();
  let last = 0;
  const begins = (message: unknown): void => {
    const call = message as CallTrace;
    const number = ++last;
    numbers.set(call, number);
    debugLine(`${call.side} call ${number} ${call.service}/${call.method} begins: ${howItBegins(call)}`);
  };
  const ends = (message: unknown): void => {
    const call = message as CallTrace;
    const number = numbers.get(call);
    if (number === undefined) return;
    debugLine(`${call.side} call ${number} ${call.service}/${call.method} ends: ${howItEnds(call)}`);
  };
  for (const side of ['client', 'server']) {
    subscribe(`tracing:nestjs-ttrpc.${side}:start`, begins);
    subscribe(`tracing:nestjs-ttrpc.${side}:asyncEnd`, ends);
  }
  for (const what of ['opened', 'closed', 'refused']) {
    subscribe(`nestjs-ttrpc.connection.${what}`, (message) => {
      const { side, address, reason, error } = message as ConnectionEvent;
      const why = [reason, error === undefined ? undefined : messageOf(error)]
        .filter((part) => part !== undefined)
        .join(', ');
      debugLine(`${side} connection ${address} ${what}${why === '' ? '' : `: ${why}`}`);
    });
  }
}

function howItBegins({ shape, address, deadline, parent }: CallTrace): string {
  const parts: string[] = [shape ?? 'not served', address];
  if (deadline !== undefined) parts.push(`${Math.round(deadline - Date.now())} ms to its deadline`);
  if (parent) parts.push(`for ${parent.service}/${parent.method}`);
  return parts.join(', ');
}

function howItEnds(call: CallTrace): string {
  const status = call.error ? `${call.statusName} (${call.error.message})` : (call.statusName ?? '');
  const took = (performance.now() - call.startTime).toFixed(1);
  const sent = `${call.messagesSent} sent (${call.bytesSent} bytes)`;
  const received = `${call.messagesReceived} received (${call.bytesReceived} bytes)`;
  return `${status} after ${took} ms, messages: ${sent}, ${received}`;
}
