import { BaseRpcContext } from '@nestjs/microservices';
import { TtrpcException } from '../../common/ttrpc-exception.js';
import type { TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcMetadata } from '../../protocol/core/metadata.js';
import type { Peer } from '../../protocol/server/peer.js';
import type { ServerCall } from '../../protocol/server/server-call.js';
import type { StatusDetail } from '../../protocol/core/status.js';
import type { PackedMessage, PackOptions } from '../../schema/any-value.js';

/** What a context needs of its server. */
export interface ContextServer {
  pack(typeName: string, value: object, options?: PackOptions): StatusDetail;
  unpack(packed: PackedMessage): unknown;
}

/**
 * What a handler, guard, pipe, filter or interceptor may know of the call that it serves: Nest's rpc context, also as
 * the handler's second argument.
 */
export class TtrpcContext extends BaseRpcContext<[ServerCall]> {
  #metadata: TtrpcMetadata | undefined;
  #controller: AbortController | undefined;
  #aborted: TtrpcException | undefined;

  /** Made by `server`, one for each call. */
  constructor(
    call: ServerCall,
    /** The strategy that took the call. */
    readonly server: ContextServer,
  ) {
    super([call]);
  }

  /** The request's metadata; empty when it carried none. */
  get metadata(): TtrpcMetadata {
    return (this.#metadata ??= this.#call.metadata ?? new TtrpcMetadata());
  }

  /** When the client stops waiting; undefined when it did not say. */
  get deadline(): Date | undefined {
    const { deadline } = this.#call;
    return deadline === undefined ? undefined : new Date(deadline);
  }

  /**
   * Aborts when the call ends before the handler has ended it. Its reason is a TtrpcException: CANCELLED (the client is
   * gone), DEADLINE_EXCEEDED or UNAVAILABLE (the server closes).
   */
  get signal(): AbortSignal {
    // Made when somebody asks for it: most handlers never do.
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** Qualified name of the service (`demo.v1.Greeter`). */
  get service(): string {
    return this.#call.method.service;
  }

  /** Name of the rpc (`SayHello`). */
  get method(): string {
    return this.#call.method.method;
  }

  /** Who calls. */
  get peer(): Peer {
    return this.#call.connection.peer;
  }

  /**
   * Encodes a message of the server's schema as a detail of a status.
   * Raises a SchemaError for an unknown type and an EncodeError for a value that does not fit it.
   */
  pack(typeName: string, value: object, options?: PackOptions): StatusDetail {
    return this.server.pack(typeName, value, options);
  }

  /** Decodes a detail of a status or a google.protobuf.Any by the server's schema. Raises a SchemaError for an unknown type. */
  unpack(packed: PackedMessage): unknown {
    return this.server.unpack(packed);
  }

  get #call(): ServerCall {
    return this.args[0];
  }

  /** @internal The call has ended without its handler, or is about to. */
  abort(error: TtrpcError): void {
    this.#aborted ??= TtrpcException.from(error);
    this.#controller?.abort(this.#aborted);
  }
}
