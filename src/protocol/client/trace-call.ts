import { TracedCall, traceOf } from '../core/diagnostics.js';
import { TtrpcMetadata } from '../core/metadata.js';
import type { CallMethod } from './call-runtime.js';
import type { Channel } from './channel.js';
import type { CallStart } from './client-call.js';

/**
 * The trace of a call that begins now, and what gives the start of that call once its subscribers have added their metadata:
 * they get a copy, since the caller's own may be shared by several calls.
 */
export function traceCall(channel: Channel, { ref }: CallMethod, given: CallStart): [TracedCall, () => CallStart] {
  const { deadline, parent } = given;
  const metadata = new TtrpcMetadata(given.metadata);
  const trace = new TracedCall('client', {
    service: ref.service,
    method: ref.method,
    shape: ref.shape,
    address: channel.address,
    metadata,
    deadline: deadline === undefined ? undefined : Date.now() + (deadline - performance.now()),
    parent: parent && traceOf(parent),
    counter: channel.callStats,
  });
  return [trace, () => ({ ...given, metadata: metadata.size === 0 ? undefined : metadata })];
}
