import { createReadStream, fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Standard input to read requests from; what cannot be read is an error of the stream. */
export function standardInput(): Readable {
  const kind = fstatSync(0);
  const isKnown = kind.isFile() || kind.isFIFO() || kind.isSocket() || kind.isCharacterDevice();
  // Of anything else, such as a folder, Node makes a stream that is empty.
  return isKnown ? process.stdin : createReadStream('', { fd: 0 });
}
