export { drainFirst, type RootModule } from './drain-first.js';
export type { ContextServer } from './ttrpc-context.js';
export { TtrpcContext } from './ttrpc-context.js';
export { TtrpcExceptionFilter } from './ttrpc-exception.filter.js';
export { TtrpcServer, type TtrpcServerEvents, type TtrpcServerStatus } from './ttrpc-server.js';
export type { TtrpcServerOptions } from './ttrpc-server-options.js';
