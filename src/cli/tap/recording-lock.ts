import type { FileHandle } from 'node:fs/promises';
import { createServer } from 'node:net';

/** Lets go of a file. */
export type Release = () => void;

/**
 * Keeps other taps from recording to the file of `handle`; undefined when another one does. What holds it is the name of an
 * abstract socket, made of the file's number: it goes with its process, however that ends, and leaves no file behind. Other
 * systems than Linux have none: there nothing is kept, nor is it of a pipe or a device.
 */
export async function lockRecording(handle: FileHandle): Promise<Release | undefined> {
  const stat = await handle.stat({ bigint: true });
  if (process.platform !== 'linux' || !stat.isFile()) return () => undefined;
  const server = createServer((socket) => socket.destroy());
  const code = await new Promise<string | undefined>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen(`\0nestjs-ttrpc/recording/${stat.dev}:${stat.ino}`, () => resolve(undefined));
  });
  if (code === 'EADDRINUSE') return undefined;
  // Where such sockets are not allowed a tap records all the same.
  return () => void server.close();
}
