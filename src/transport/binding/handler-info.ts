import type { ServiceDescriptor } from '../../schema/service-descriptor.js';

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
  /** True: its `signal` aborts when the server begins to close. */
  readonly signalClosing?: boolean | undefined;
}

/** `GreeterController.sayHello`, for error texts. */
export function handlerName(info: HandlerInfo): string {
  return `${info.className}.${info.property}`;
}
