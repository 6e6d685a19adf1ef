import { streamKind } from '../../common/stream-kind.js';
import { badArgument } from './caller-error.js';
import type { ClientMethod } from '../api/client-method.js';

/** Checks the request of an rpc that takes one message. Raises INVALID_ARGUMENT that names the rpc for a stream. */
export function checkOneMessage(request: unknown, method: ClientMethod): void {
  const kind = streamKind(request);
  if (kind === undefined) return;
  throw badArgument(`${method.fullName} takes one message: expected a ${method.request.typeName}, got ${kind}`);
}
