export { bytesCodec, connect as connectRaw } from '../../src/protocol/index.js';
export type { ServiceDescriptor } from '../../src/index.js';
