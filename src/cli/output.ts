import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

/** The text forms that the command uses on a terminal. */
type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Writes `text` to standard output; resolves when it takes more. */
export async function print(text: string): Promise<void> {
  await writeTo(process.stdout, text);
}

/** As {@link print}, to standard error: everything but results. */
export async function printError(text: string): Promise<void> {
  await writeTo(process.stderr, text);
}

async function writeTo(stream: Writable, text: string): Promise<void> {
  if (stream.destroyed || stream.write(text)) return;
  await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
}

/** Resolves when standard output takes more; undefined when it does already. */
export function outputRoom(): Promise<void> | undefined {
  const { stdout } = process;
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
  await Promise.all([process.stdout, process.stderr].map((stream) => flushed(stream)));
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
