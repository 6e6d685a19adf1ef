import { BaseRpcContext } from '@nestjs/microservices';
import type { TtrpcMetadata } from '../../protocol/core/metadata.js';
import type { Peer } from '../../protocol/server/peer.js';
import type { RawContext } from '../../protocol/server/call-context.js';
import type { StatusDetail } from '../../protocol/core/status.js';
import type { PackedMessage, PackOptions } from '../../schema/any-value.js';

/** What a context needs of its server. */
export interface ContextServer {
  pack(typeName: string, value: object, options?: PackOptions): StatusDetail;
  unpack(packed: PackedMessage): unknown;
}

/**
 * What a handler, guard, pipe, filter or interceptor may know of the call that it serves: Nest's rpc context, also as
 * the handler's second argument. Its one argument is the call as the engine's handlers see it.
 */
export class TtrpcContext extends BaseRpcContext<[RawContext]> implements RawContext {
  /** Made by `server`, one for each call. */
  constructor(
    call: RawContext,
    /** The strategy that took the call. */
    readonly server: ContextServer,
  ) {
    super([call]);
  }

  /** The request's metadata; empty when it carried none. */
  get metadata(): TtrpcMetadata {
    return this.args[0].metadata;
  }

  /** When the client stops waiting; undefined when it did not say. */
  get deadline(): Date | undefined {
    return this.args[0].deadline;
  }

  /**
   * Aborts when the call ends before the handler has ended it. Its reason is a TtrpcException: CANCELLED (the client is
   * gone), DEADLINE_EXCEEDED or UNAVAILABLE (the server closes). What a listener throws is logged.
   */
  get signal(): AbortSignal {
    return this.args[0].signal;
  }

  /** Qualified name of the service (`demo.v1.Greeter`). */
  get service(): string {
    return this.args[0].service;
  }

  /** Name of the rpc (`SayHello`). */
  get method(): string {
    return this.args[0].method;
  }

  /** Who calls. */
  get peer(): Peer {
    return this.args[0].peer;
  }

  /**
   * Encodes a message of the server's schema as a detail of a status.
   * @throws SchemaError for an unknown type, EncodeError for a value that does not fit it.
   */
  pack(typeName: string, value: object, options?: PackOptions): StatusDetail {
    return this.server.pack(typeName, value, options);
  }

  /** Decodes a detail of a status or a google.protobuf.Any by the server's schema. @throws SchemaError for an unknown type. */
  unpack(packed: PackedMessage): unknown {
    return this.server.unpack(packed);
  }
}
