import { concat, from, isObservable, NEVER, type Observable } from 'rxjs';
import type { TtrpcClient } from 'nestjs-ttrpc';
import type { CallSpec } from '../peer.js';
import type { Flavour } from './flavour.js';
import { objects } from './objects.js';

/** What a caller must know of the call that it makes. */
export interface ProxyCall {
  readonly spec: Pick<CallSpec, 'op' | 'lockstep' | 'keepOpen' | 'metadata' | 'timeoutMs'>;
  readonly signal: AbortSignal;
  /** The only request of a unary or server-streaming call. */
  request(): object;
  /** The requests of a client-streaming or bidi call. */
  requests(): Iterable<object>;
  /** As {@link requests}, as the spec says: each after the replies to the one before, or without an end. */
  pacedRequests(): AsyncIterable<object>;
  /** Takes a reply. */
  took(reply: object): void;
  /** When the reader shall sleep after that: a promise to wait for. */
  readonly pause?: Promise<void> | undefined;
}

/** Makes a call by one kind of proxy and hands its replies to the record; rejects with the call's error. */
export type Caller = (client: TtrpcClient, service: string, method: string, record: ProxyCall) => Promise<void>;

type Proxy = Record<string, (argument: unknown, options: object) => unknown>;

/** A caller for each kind of proxy. */
export const callers: Record<Flavour, Caller> = {
  observables: (client, service, method, record) => {
    const proxy = client.getService<Proxy>(service);
    const replies = invoke(proxy, method, observableArgument(record), record);
    if (!isObservable(replies)) throw new Error(`${service}/${method} gave no Observable`);
    return new Promise((resolve, reject) => {
      (replies as Observable<object>).subscribe({
        next: (reply) => record.took(reply),
        error: reject,
        complete: resolve,
      });
    });
  },
  iterables: async (client, service, method, record) => {
    const proxy = client.getAsyncService<Proxy>(service);
    const answer = invoke(proxy, method, iterableArgument(record), record);
    if (record.spec.op === 'unary' || record.spec.op === 'client-stream') {
      record.took((await answer) as object);
      return;
    }
    for await (const reply of answer as AsyncIterable<object>) {
      record.took(reply);
      const { pause } = record;
      if (pause) await pause;
    }
  },
};

function invoke(proxy: Proxy, method: string, argument: unknown, record: ProxyCall): unknown {
  const { metadata, timeoutMs } = record.spec;
  const rpc = proxy[method];
  if (rpc === undefined) throw new Error(`the proxy has no ${method}`);
  const answer = rpc(argument, {
    signal: record.signal,
    ...(metadata && { metadata }),
    ...(timeoutMs && { timeoutMs }),
  });
  objects.seen?.('what a proxy gave', answer as object);
  return answer;
}

function observableArgument(record: ProxyCall): unknown {
  const { spec } = record;
  if (!streams(spec)) return record.request();
  if (spec.lockstep) return from(record.pacedRequests());
  const requests = from(record.requests());
  return spec.keepOpen ? concat(requests, NEVER) : requests;
}

function iterableArgument(record: ProxyCall): unknown {
  return streams(record.spec) ? record.pacedRequests() : record.request();
}

function streams({ op }: Pick<CallSpec, 'op'>): boolean {
  return op === 'client-stream' || op === 'bidi';
}
