import { Server, ServerGrpc } from '@nestjs/microservices';
import { TtrpcServer } from '../transport/ttrpc-server.js';

// Nest gives a handler without parameter decorators its second and third argument, metadata and call, only where the
// server is an `instanceof ServerGrpc`; any other strategy's handlers get the data alone. The other way would be to
// complete the parameter metadata of each handler, but nothing tells a strategy of a handler before Nest has built its
// pipeline. Loading ServerGrpc does not load grpc-js: only its constructor does, and that is never called.

/**
 * Makes `strategy`, a class that extends TtrpcServer, a gRPC server for Nest's `instanceof`. Nothing of ServerGrpc itself
 * is inherited that Server or TtrpcServer have.
 */
export function passForServerGrpc(strategy: { readonly prototype: object }): void {
  const own = {
    ...Object.getOwnPropertyDescriptors(Server.prototype),
    ...Object.getOwnPropertyDescriptors(TtrpcServer.prototype),
  };
  Object.setPrototypeOf(strategy.prototype, Object.create(ServerGrpc.prototype, own) as object);
}
