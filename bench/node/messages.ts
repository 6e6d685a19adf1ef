import { fileURLToPath } from 'node:url';

/** bench.proto, whose messages are here as the Node peers have them; from dist/bench/node, where this file runs. */
export const PROTO_PATH = fileURLToPath(new URL('../../../bench/proto/bench.proto', import.meta.url));

/** bench.v1.Echo. */
export interface Echo {
  value: number;
  body: Uint8Array;
}

/** bench.v1.DownloadRequest. */
export interface DownloadRequest {
  count: number;
  bytes: number;
  first: number;
}

/** bench.v1.UploadReply. */
export interface UploadReply {
  count: number;
  sum: number;
  bytes: number;
}

/** bench.v1.Order; int64 fields as the loader's defaults give them. */
export interface Order {
  value: number;
  [field: string]: unknown;
}

/** The full name of the service. */
export const SERVICE = 'bench.v1.Bench';

/** A body of `size` bytes, each its own index modulo 256. */
export function newBody(size: number): Buffer {
  const body = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) body[i] = i;
  return body;
}

/** The body of a peer that speaks JSON: there bytes would be an array of numbers. */
export function newText(size: number): string {
  return 'x'.repeat(size);
}

/** bench.v1.Echo, encoded: the value at offset 1, then the body. */
export function encodeEcho(value: number, body: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      break;
    }
    length.push((rest & 0x7f) | 0x80);
  }
  const head = Buffer.from([0x0d, 0, 0, 0, 0, 0x12, ...length]);
  head.writeUInt32LE(value, 1);
  return Buffer.concat([head, body]);
}
