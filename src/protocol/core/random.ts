import { closeSync, openSync, readSync } from 'node:fs';
import { nodeCrypto } from './node-crypto.js';

/** An unpredictable integer from 0 to 2^32 - 1: from the system where that needs no `node:crypto`. */
export function randomUint32(): number {
  return readDevice('/dev/urandom') ?? nodeCrypto().randomInt(2 ** 32);
}

/** Undefined on a system without that device, and in a root folder without `/dev`. */
export function readDevice(path: string): number | undefined {
  const bytes = Buffer.alloc(4);
  try {
    const device = openSync(path, 'r');
    try {
      return readSync(device, bytes) === bytes.length ? bytes.readUInt32LE() : undefined;
    } finally {
      closeSync(device);
    }
  } catch {
    return undefined;
  }
}
