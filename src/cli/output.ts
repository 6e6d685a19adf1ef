import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

/** The text forms that the command uses on a terminal. */
type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** The streams that were written to: Node makes each at its first use, which takes a millisecond. */
const inUse = new Set<NodeJS.WriteStream>();

/** Standard output. A reader that has gone (`| head`) ends the command, as SIGPIPE ends others. */
export function standardOutput(): NodeJS.WriteStream {
  return used(process.stdout, 0);
}

/** Standard error. */
export function standardError(): NodeJS.WriteStream {
  return used(process.stderr, 1);
}

function used(stream: NodeJS.WriteStream, status: number): NodeJS.WriteStream {
  if (inUse.has(stream)) return stream;
  inUse.add(stream);
  return stream.on('error', () => process.exit(status));
}

/** Writes `text` to standard output; resolves when it takes more. */
export async function print(text: string): Promise<void> {
  await writeTo(standardOutput(), text);
}

/** As {@link print}, to standard error: everything but results. */
export async function printError(text: string): Promise<void> {
  await writeTo(standardError(), text);
}

async function writeTo(stream: Writable, text: string): Promise<void> {
  if (stream.destroyed || stream.write(text)) return;
  await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
}

/** Resolves when standard output takes more; undefined when it does already. */
export function outputRoom(): Promise<void> | undefined {
  const stdout = standardOutput();
  if (stdout.destroyed || !stdout.writableNeedDrain) return undefined;
  return Promise.race([once(stdout, 'drain'), once(stdout, 'close')]).then(() => undefined);
}

/** `text` in colour where `stream` is a terminal and NO_COLOR is not set. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream): string {
  const colours = stream.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
  return colours ? styleText(style, text) : text;
}

/** Resolves when all that was written has left the process: exit() would drop what still waits for a pipe. */
export async function flushOutput(): Promise<void> {
  await Promise.all([...inUse].map((stream) => flushed(stream)));
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) {
      resolve();
      return;
    }
    stream.once('close', resolve);
    stream.write('', () => resolve());
  });
}
