/**
 * The four ways in which a ttrpc method exchanges messages, named as gRPC names them.
 * They decide which frames each side may send (PROTOCOL.md, "Call shapes").
 */
export type MethodShape = 'unary' | 'server-streaming' | 'client-streaming' | 'bidi';

/** True when the client sends a stream of messages (client-streaming and bidi). */
export function sendsRequestStream(shape: MethodShape): boolean {
  return shape === 'client-streaming' || shape === 'bidi';
}

/** True when the server answers with a stream of messages (server-streaming and bidi). */
export function sendsResponseStream(shape: MethodShape): boolean {
  return shape === 'server-streaming' || shape === 'bidi';
}
