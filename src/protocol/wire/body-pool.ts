/** The most memory that spare bodies take, in bytes, for each thread. */
const MAX_SPARE_BYTES = 1024 * 1024;

/** The most spare bodies, and so the most that {@link takeBody} looks at. */
const MAX_SPARE = 8;

/** A spare body may be so many times as large as what is wanted. */
const MAX_SLACK = 1.25;

/** The newest last. */
const spare: Buffer[] = [];
let spareBytes = 0;

/** `ArrayBuffer` of Node 22 and later. */
interface TransferableBuffer {
  transfer?(bytes: number): ArrayBuffer;
}

/**
 * Memory of at least `bytes` bytes for a frame that comes in several reads, with whatever content. New memory of this size
 * is expensive: the system clears each page of it, and V8 collects its heap the earlier the more of it is in use.
 */
export function takeBody(bytes: number): Buffer {
  for (let i = spare.length - 1; i >= 0; i--) {
    const body = spare[i] as Buffer;
    if (body.length < bytes || body.length > bytes * MAX_SLACK) continue;
    spare.splice(i, 1);
    spareBytes -= body.length;
    return body;
  }
  return Buffer.allocUnsafeSlow(bytes);
}

/**
 * Takes a body back. Nobody may read it or have a view of it: its next user overwrites it. What exceeds the limits of the
 * pool is freed at once where this version of Node can, and by the garbage collector where not.
 */
export function returnBody(body: Buffer): void {
  if (body.length > MAX_SPARE_BYTES) {
    free(body);
    return;
  }
  spare.push(body);
  spareBytes += body.length;
  // The oldest one goes: sizes that are not in use any more make room.
  while (spareBytes > MAX_SPARE_BYTES || spare.length > MAX_SPARE) {
    const oldest = spare.shift() as Buffer;
    spareBytes -= oldest.length;
    free(oldest);
  }
}

function free(body: Buffer): void {
  (body.buffer as TransferableBuffer).transfer?.(0);
}
