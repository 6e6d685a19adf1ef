import { streamKind } from '../../common/stream-kind.js';
import { badCall } from './caller-error.js';
import type { CallMethod } from '../../protocol/client/call-runtime.js';

/** Checks the request of an rpc that takes one message. @throws INVALID_ARGUMENT that names the rpc for a stream */
export function checkOneMessage(request: unknown, method: CallMethod): void {
  const kind = streamKind(request);
  if (kind === undefined) return;
  throw badCall(`${method.fullName} takes one message: expected a ${method.request.typeName}, got ${kind}`);
}
