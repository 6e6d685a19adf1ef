import type { MessageCodec } from './message-codec.js';
import type { MethodShape } from '../core/method-shape.js';

/** One rpc of a service: its name as the .proto file spells it, its shape and the codecs of its two messages. */
export interface MethodDescriptor<Request = unknown, Response = unknown> {
  /** The rpc's name (`SayHello`): the bytes that travel in the request. */
  readonly name: string;
  readonly shape: MethodShape;
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
  /**
   * True where the .proto file says that a second call does no harm (`idempotency_level` NO_SIDE_EFFECTS or IDEMPOTENT):
   * clients may make a call of it again that has been sent. Default false.
   */
  readonly idempotent?: boolean | undefined;
}

/**
 * One service, whatever made its types: .proto files, protobufjs roots or generated code all become this before
 * the transport or the client see them (ARCHITECTURE.md, "The rooms").
 * `Methods` carries the static types of its rpcs, keyed by the rpc's name.
 */
export interface ServiceDescriptor<
  Methods extends Record<string, MethodDescriptor> = Record<string, MethodDescriptor>,
> {
  /** Qualified name: `package.Service`, the bytes that travel in the request. */
  readonly name: string;
  /** The rpcs, keyed by name. An object without a prototype when this library makes it: a peer's name never reaches Object's members. */
  readonly methods: Methods;
}
