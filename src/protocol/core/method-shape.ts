/**
 * The four ways in which a ttrpc method exchanges messages, with gRPC's names.
 * The shape decides which frames each side may send (PROTOCOL.md, "Call shapes").
 */
export type MethodShape = 'unary' | 'server-streaming' | 'client-streaming' | 'bidi';

/** True when the client sends a stream of messages (client-streaming and bidi). */
export function sendsRequestStream(shape: MethodShape): boolean {
  return shape === 'client-streaming' || shape === 'bidi';
}

/** True when the server sends a stream of messages (server-streaming and bidi). */
export function sendsResponseStream(shape: MethodShape): boolean {
  return shape === 'server-streaming' || shape === 'bidi';
}

/** The shape of a method by which of its sides stream. */
export function shapeOf(method: {
  requestStream?: boolean | null | undefined;
  responseStream?: boolean | null | undefined;
}): MethodShape {
  if (method.requestStream) return method.responseStream ? 'bidi' : 'client-streaming';
  return method.responseStream ? 'server-streaming' : 'unary';
}
