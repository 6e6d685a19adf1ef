import type { MethodDescriptor } from './service-descriptor.js';

/** What the encoder of a method's requests takes. */
export type RequestOf<Method extends MethodDescriptor> = Parameters<Method['request']['encode']>[0];

/** What the decoder of a method's responses makes. */
export type ResponseOf<Method extends MethodDescriptor> = ReturnType<Method['response']['decode']>;

/** What a client sends to a method: one message, a stream of them, or either where the type does not tell the shape. */
export type SentTo<Method extends MethodDescriptor, Message, Stream> = [Method['shape']] extends [
  'unary' | 'server-streaming',
]
  ? Message
  : [Method['shape']] extends ['client-streaming' | 'bidi']
    ? Stream
    : Message | Stream;

/** What a client gets from a method: one message, a stream of them, or `Either` where the type does not tell the shape. */
export type ReceivedFrom<Method extends MethodDescriptor, Message, Stream, Either = Message | Stream> = [
  Method['shape'],
] extends ['unary' | 'client-streaming']
  ? Message
  : [Method['shape']] extends ['server-streaming' | 'bidi']
    ? Stream
    : Either;
