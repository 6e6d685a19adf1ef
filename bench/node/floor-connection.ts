import type { Socket } from 'node:net';
import { readVarint, encodeUploadReply } from './raw-messages.js';

const HEADER = 10;
const PAYLOAD_TAG = 0x1a;
const REQUEST = 1;
const REMOTE_OPEN = 2;
const NO_DATA = 4;

/**
 * The floor: what Node needs at least. It knows nothing of ttrpc but the frame header and where the payload of a
 * request lies, answers every unary call with its own payload, counts the messages of a client-streaming one at a time,
 * and writes once for each chunk that it reads. No limits, no deadlines, no checks, no other streams.
 */
export function onConnection(socket: Socket): void {
  let rest: Buffer | undefined;
  let upload = { count: 0, sum: 0, bytes: 0 };
  socket.on('data', (chunk: Buffer) => {
    const input = rest ? Buffer.concat([rest, chunk]) : chunk;
    // Each response is shorter than its request, by the names of service and method.
    const output = Buffer.allocUnsafe(input.length);
    let at = 0;
    let filled = 0;
    while (input.length - at >= HEADER) {
      const end = at + HEADER + input.readUInt32BE(at);
      if (end > input.length) break;
      const flags = input[at + 9] as number;
      if (input[at + 8] === REQUEST) {
        if (flags & REMOTE_OPEN) upload = { count: 0, sum: 0, bytes: 0 };
        else filled = answer(input, at, end, output, filled);
      } else if (flags & NO_DATA) {
        socket.write(uploadAnswer(input.readUInt32BE(at + 4), encodeUploadReply(upload)));
      } else {
        // An Echo: the value at offset 1, behind it the tag and the length of the body.
        upload.count++;
        upload.sum = (upload.sum + input.readUInt32LE(at + HEADER + 1)) >>> 0;
        upload.bytes = (upload.bytes + readVarint(input, at + HEADER + 6).value) >>> 0;
      }
      at = end;
    }
    rest = at < input.length ? input.subarray(at) : undefined;
    if (filled > 0) socket.write(output.subarray(0, filled));
  });
  socket.on('error', () => socket.destroy());
}

function answer(input: Buffer, at: number, end: number, output: Buffer, filled: number): number {
  // Service and method come first, each with a length below 128.
  let from = at + HEADER;
  while (input[from] !== PAYLOAD_TAG) from += 2 + (input[from + 1] as number);
  let lengthEnd = from + 1;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = input[lengthEnd++] as number;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const dataLength = lengthEnd - from + length;
  output.writeUInt32BE(dataLength, filled);
  output.writeUInt32BE(input.readUInt32BE(at + 4), filled + 4);
  output.writeUInt16BE(0x0200, filled + 8);
  output[filled + HEADER] = 0x12;
  input.copy(output, filled + HEADER + 1, from + 1, Math.min(end, lengthEnd + length));
  return filled + HEADER + dataLength;
}

function uploadAnswer(streamId: number, payload: Uint8Array): Buffer {
  const frame = Buffer.concat([Buffer.alloc(HEADER + 2), payload]);
  frame.writeUInt32BE(2 + payload.length, 0);
  frame.writeUInt32BE(streamId, 4);
  frame.writeUInt16BE(0x0200, 8);
  frame[HEADER] = 0x12;
  frame[HEADER + 1] = payload.length;
  return frame;
}
