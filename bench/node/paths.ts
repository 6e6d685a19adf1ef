import { fileURLToPath } from 'node:url';

/** bench.proto; from dist/bench/node, where this file runs. */
export const PROTO_PATH = fileURLToPath(new URL('../../../bench/proto/bench.proto', import.meta.url));
