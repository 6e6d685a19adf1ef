import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

/** The text forms that the command uses on a terminal. */
type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** The streams that were written to: Node makes each at its first use, which takes a millisecond. */
const inUse = new Set<NodeJS.WriteStream>();

/** What a shell gives for a command that SIGPIPE has ended. */
const SIGPIPE_STATUS = 141;

/** The exit status when standard output cannot be written any more; undefined while it can. */
let lost: number | undefined;

/** The exit status when not all of the output could be written, whatever else came of the run. */
export function statusOfOutput(): number | undefined {
  return lost;
}

/**
 * Standard output. When it cannot be written, the command ends as by SIGTERM: silently when its reader has gone
 * (`| head`), as others do by SIGPIPE, and else with one line that says why.
 */
export function standardOutput(): NodeJS.WriteStream {
  return used(process.stdout, (error: NodeJS.ErrnoException) => {
    if (lost !== undefined) return;
    lost = error.code === 'EPIPE' ? SIGPIPE_STATUS : 1;
    if (error.code !== 'EPIPE') standardError().write(`ttrpc: the output cannot be written: ${error.message}\n`);
    if (process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM');
    else process.exit(lost);
  });
}

/** Standard error. Where it cannot be written there is no other place to say so: the command goes on. */
export function standardError(): NodeJS.WriteStream {
  return used(process.stderr, () => undefined);
}

function used(stream: NodeJS.WriteStream, onError: (error: Error) => void): NodeJS.WriteStream {
  if (inUse.has(stream)) return stream;
  inUse.add(stream);
  return stream.on('error', onError);
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
  // What comes after that is about the end that it makes.
  if (lost !== undefined || stream.destroyed || stream.write(text)) return;
  await roomIn(stream);
}

/** Resolves when a stream takes more, or nothing any more. */
function roomIn(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error'];
    const done = (): void => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

/** Resolves when standard output takes more; undefined when it does already. */
export function outputRoom(): Promise<void> | undefined {
  const stdout = standardOutput();
  if (lost !== undefined || stdout.destroyed || !stdout.writableNeedDrain) return undefined;
  return roomIn(stdout);
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
