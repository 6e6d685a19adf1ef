export { drainFirst, type RootModule } from './drain-first.js';
export type { ContextServer } from './call/ttrpc-context.js';
export { TtrpcContext } from './call/ttrpc-context.js';
export { TtrpcExceptionFilter } from './nest-seam/ttrpc-exception.filter.js';
export { TtrpcServer, type TtrpcServerEvents, type TtrpcServerStatus } from './ttrpc-server.js';
export type { TtrpcServerOptions } from './ttrpc-server-options.js';
