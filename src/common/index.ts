export { TTRPC_TRANSPORT } from './nest-keys.js';
export { TtrpcException } from './ttrpc-exception.js';
export type { TtrpcStream } from './ttrpc-stream.js';
