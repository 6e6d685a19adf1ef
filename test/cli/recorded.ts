import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { FrameReader } from '../../src/protocol/wire/frame-reader.js';
import { requestData, responseData } from './tap-frames.js';

/** What a frame of a recording may say beside what {@link frame} knows. */
type More = Partial<Record<'at' | 'connection' | 'stream' | 'flags' | 'mux', number>>;

/** The request of demo.v1.Demo/Get. */
export const REQUEST = requestData('demo.v1.Demo', 'Get');

/** A response that says `text`. */
export function answer(text = 'a'): Uint8Array {
  return responseData(Buffer.concat([Buffer.from([10, text.length]), Buffer.from(text)]));
}

/** A line of a recording, of stream 1 on connection 1. */
export function frame(from: 'client' | 'server', type: number, data: Uint8Array, more: More = {}): object {
  return { event: 'frame', from, stream: 1, type, flags: 0, data: Buffer.from(data).toString('base64'), ...more };
}

/** Writes a recording; its lines are those of connection 1, 1 ms after each other. */
export function record(file: string, lines: readonly object[], nri = false): string {
  const head = { format: 'ttrpc-recording', version: 1, begun: '2026-01-01T00:00:00Z', nri };
  const all = lines.map((line, at) => ({ at, connection: 1, ...line }));
  writeFileSync(file, [head, ...all].map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}

/** Serves at a socket file: `onFrame` is told of each frame that comes. */
export async function serveFrames(
  file: string,
  onFrame: (socket: Socket, frame: { stream: number; type: number; data: Buffer }) => void,
): Promise<Server> {
  const server = createServer((socket) => {
    const reader = new FrameReader(
      {
        onFrame: (stream, type, _flags, buf, start, end) =>
          onFrame(socket, { stream, type, data: Buffer.from(buf.subarray(start, end)) }),
        onOversizedFrame: () => undefined,
      },
      4 << 20,
    );
    socket.on('error', () => undefined).on('data', (chunk) => reader.push(chunk));
  });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  return server;
}
