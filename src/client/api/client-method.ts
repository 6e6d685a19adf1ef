import type { CallMethod } from '../../protocol/client/call-runtime.js';
import type { MessageCodec } from '../../protocol/wire/message-codec.js';
import { methodRef, type MethodRef } from '../../protocol/wire/method-ref.js';
import type { MethodShape } from '../../protocol/core/method-shape.js';
import type { MethodDescriptor, ServiceDescriptor } from '../../schema/service-descriptor.js';

/** An rpc as a client calls it; made once for each proxy. */
export class ClientMethod implements CallMethod {
  readonly ref: MethodRef;
  readonly shape: MethodShape;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  readonly idempotent: boolean;

  constructor(service: ServiceDescriptor, method: MethodDescriptor) {
    this.ref = methodRef(service.name, method.name, method.shape);
    this.shape = method.shape;
    this.request = method.request;
    this.response = method.response;
    this.idempotent = method.idempotent === true;
  }

  /** `demo.v1.Greeter/SayHello`, for error texts. */
  get fullName(): string {
    return `${this.ref.service}/${this.ref.method}`;
  }
}
