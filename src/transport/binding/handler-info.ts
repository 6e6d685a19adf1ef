import type { MethodDescriptor, ServiceDescriptor } from '../../schema/service-descriptor.js';
import type { HandlerCallback } from './bound-handler.js';

/** A handler that was written for another transport of Nest and serves an rpc here, too. */
export interface ForeignHandler {
  /** How its decorator reads, for error texts: `@GrpcMethod('HeroService', 'FindOne')`. */
  readonly label: string;
  /** The handler as this transport calls it. @throws an Error when it cannot serve `method` */
  adapt(callback: HandlerCallback, method: MethodDescriptor): HandlerCallback;
}

/** What the decorators know about a handler. */
export interface HandlerInfo {
  /** The service's name as the user wrote it, short or qualified. */
  readonly service: string;
  /** Where the service was given as a descriptor. */
  readonly descriptor: ServiceDescriptor | undefined;
  /** The rpc's name as the user wrote it; undefined: it follows from `property`. */
  readonly rpc: string | undefined;
  /** Class and method, for error texts. */
  readonly className: string;
  readonly property: string;
  /**
   * Set for a handler of another transport. Its service's name may be relative to the server's `package`, and a handler
   * of `@TtrpcMethod` for the same rpc takes precedence.
   */
  readonly foreign?: ForeignHandler | undefined;
  /** True: its `signal` aborts when the server begins to close. */
  readonly signalClosing?: boolean | undefined;
  /**
   * Set where the messages of its request stream are validated, so it must have one. @throws an Error when the pipes of
   * the application cannot do that
   */
  readonly verifyMessages?: ((server: object) => void) | undefined;
  /**
   * The module of this library to which the handler belongs. The user has not written it, so a server whose `services` leave
   * its service out need not serve it.
   */
  readonly module?: string | undefined;
  /** Called when a server that serves the handler knows what it serves, before it listens. */
  readonly onServed?: ((server: object) => void) | undefined;
}

/** `GreeterController.sayHello`, for error texts. */
export function handlerName(info: HandlerInfo): string {
  return info.foreign?.label ?? `${info.className}.${info.property}`;
}
