import { firstValueFrom, type Observable } from 'rxjs';
import type { TtrpcClient } from 'nestjs-ttrpc';
import { isPattern } from '../bodies.js';
import type { BurstResult, BurstSpec } from '../peer.js';
import { requestMessage, statusOf } from './call-record.js';
import type { Flavour } from './flavour.js';
import { sparse, type ReplyMessage, type RequestMessage } from './messages.js';

const INTEROP = 'interop.v1.Interop';

/** See {@link BurstSpec}. */
export async function burst(client: TtrpcClient, flavour: Flavour, spec: BurstSpec): Promise<BurstResult> {
  const { count, firstSeq = 0, bodyBytes = 0, maxDelayMs } = spec;
  const begun = Date.now();
  const result: BurstResult = { statuses: {}, transportErrors: {}, wrong: 0, overtaken: 0, mostOpen: 0, elapsedMs: 0 };
  const unary = caller(client, flavour);
  let open = 0;
  let newest = -1;
  const one = async (index: number): Promise<void> => {
    const seq = firstSeq + index;
    const delayMs = Math.floor((((index * 7919) % 101) * maxDelayMs) / 100);
    result.mostOpen = Math.max(result.mostOpen, ++open);
    const code = await unary(sparse(requestMessage({ seq, bodyBytes, delayMs }))).then(
      (reply) => {
        if (index < newest) result.overtaken++;
        newest = Math.max(newest, index);
        if (reply.seq !== seq || reply.body.length !== bodyBytes || !isPattern(seq, reply.body)) result.wrong++;
        return 0;
      },
      (error: unknown) => statusOf(error).code,
    );
    open--;
    result.statuses[code] = (result.statuses[code] ?? 0) + 1;
  };
  await Promise.all(Array.from({ length: count }, (_, index) => one(index)));
  result.elapsedMs = Date.now() - begun;
  return result;
}

function caller(client: TtrpcClient, flavour: Flavour): (request: Partial<RequestMessage>) => Promise<ReplyMessage> {
  if (flavour === 'observables') {
    const proxy = client.getService<{ unary(request: Partial<RequestMessage>): Observable<ReplyMessage> }>(INTEROP);
    return (request) => firstValueFrom(proxy.unary(request));
  }
  const proxy = client.getAsyncService<{ unary(request: Partial<RequestMessage>): Promise<ReplyMessage> }>(INTEROP);
  return (request) => proxy.unary(request);
}
