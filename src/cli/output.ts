import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { roomIn } from './stream-room.js';

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
  if (givesUp) watchForStuck(stream);
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

/** Resolves when standard output takes more; undefined when it does already. */
export function outputRoom(): Promise<void> | undefined {
  const stdout = standardOutput();
  if (lost !== undefined || stdout.destroyed || !stdout.writableNeedDrain) return undefined;
  return roomIn(stdout);
}

/** `text` in colour where `stream` is a terminal, unless NO_COLOR, FORCE_COLOR=0 or TERM=dumb says otherwise. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream): string {
  const { NO_COLOR = '', FORCE_COLOR, TERM } = process.env;
  if (!stream.isTTY || NO_COLOR !== '' || FORCE_COLOR === '0' || TERM === 'dumb') return text;
  // Node's own check is about standard output, which may be a pipe while this is not.
  return styleText(style, text, { validateStream: false });
}

/** How long output that nobody takes may hold up the end of an interrupted command, in ms. */
const STUCK_MS = 1000;

/** True once output that nobody takes ends the process. */
let givesUp = false;

/** Has the process end with status 1 once nobody takes its output for a second: the reader of a pipe may stand still. */
export function giveUpStuckOutput(): void {
  givesUp = true;
  for (const stream of inUse) watchForStuck(stream);
}

/**
 * The timer of a socket sees each part of a write that is taken, however much is written meanwhile. A file has none: writes
 * to it end before they return.
 */
function watchForStuck(stream: Partial<Pick<NodeJS.WriteStream, 'setTimeout'>> & Writable): void {
  stream.setTimeout?.(STUCK_MS, () => {
    // The time has passed without anything to take, too.
    if (stream.writableLength === 0) return;
    standardError().write('ttrpc: nobody reads the output: the rest of it is lost\n');
    process.exit(1);
  });
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
