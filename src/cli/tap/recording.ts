import { createReadStream, type WriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { once } from 'node:events';
import { reasonOf } from '../schema/source-flags.js';
import { roomIn } from '../stream-room.js';
import { ToolError } from '../tool-error.js';
import { withOwnNumbers } from './connection-numbers.js';
import type { SeenFrame, Side } from './frame.js';
import { linesOf } from './lines-of.js';
import type { RecordedFrame, RecordedLine } from './recorded-line.js';
import { lockRecording, type Release } from './recording-lock.js';

const FORMAT = 'ttrpc-recording';
const VERSION = 1;

/** The longest line there may be: a frame of 4 MiB in base64, and some room for how others write it. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

/** The first line of a recording. */
interface Head {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** When it was begun. */
  readonly begun: string;
  /** The frames are those within NRI's mux. */
  readonly nri: boolean;
}

/** What has been read of a file. */
export interface Recording {
  readonly nri: boolean;
  readonly lines: readonly RecordedLine[];
  /** The place of a last line that is not whole, as of a tap that was killed: it is left out. */
  readonly cut: string | undefined;
}

/** The file of a recording that has not begun. */
export class RecordingFile {
  private constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
  ) {}

  /** Opens `file` for writing, and leaves what it holds alone. @throws ToolError when it cannot be written */
  static async open(file: string): Promise<RecordingFile> {
    try {
      return new RecordingFile(file, await open(file, 'a', 0o600));
    } catch (error) {
      throw saveError(file, error);
    }
  }

  /** Begins a recording, in place of what the file held. @throws ToolError when another tap records there, or it cannot be written */
  async begin(nri: boolean): Promise<Recorder> {
    const { file, handle } = this;
    const head: Head = { format: FORMAT, version: VERSION, begun: new Date().toISOString(), nri };
    const release = await lockRecording(handle);
    if (!release) throw new ToolError(`--save ${file}: another ttrpc tap is recording to it`);
    try {
      // A pipe holds nothing.
      if ((await handle.stat()).isFile()) await handle.truncate();
      // By itself, so that a disk that is full already is told before anything is recorded.
      await handle.write(`${JSON.stringify(head)}\n`);
    } catch (error) {
      release();
      throw saveError(file, error);
    }
    return new Recorder(file, handle.createWriteStream(), release);
  }

  /** Closes the file of a recording that does not begin. */
  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** Writes what passes a tap to a file: a line of JSON for each frame. */
export class Recorder {
  /** Rejects with a ToolError when something cannot be written: nothing is recorded from then on. */
  readonly failed: Promise<never>;
  readonly #start = performance.now();

  constructor(
    file: string,
    private readonly stream: WriteStream,
    private readonly release: Release,
  ) {
    this.failed = new Promise((_resolve, reject) => {
      stream.on('error', (error) => reject(saveError(file, error)));
    });
    // Who does not wait for it is told by close().
    this.failed.catch(() => undefined);
  }

  /** Notes a frame. */
  frame({ connection, mux, from, stream, type, flags, data }: SeenFrame): void {
    const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    this.#write({ event: 'frame', connection, mux, from, stream, type, flags, data: base64 });
  }

  /** Notes what became of a connection. */
  connection(connection: number, event: 'connected' | 'disconnected'): void {
    this.#write({ event, connection });
  }

  /** Notes that one side has ended its half of a connection. */
  end(connection: number, from: Side): void {
    this.#write({ event: 'end', connection, from });
  }

  /** Resolves when the file takes more; undefined when it does already. */
  room(): Promise<void> | undefined {
    const { stream } = this;
    return !stream.writableNeedDrain || stream.closed ? undefined : roomIn(stream);
  }

  /** Ends the file. @throws ToolError when something could not be written */
  async close(): Promise<void> {
    const { stream } = this;
    if (!stream.closed) {
      const closed = once(stream, 'close').catch(() => undefined);
      stream.end();
      await closed;
    }
    this.release();
    if (stream.errored) await this.failed;
  }

  #write(line: object): void {
    this.stream.write(
      `${JSON.stringify({ at: Math.round((performance.now() - this.#start) * 1000) / 1000, ...line })}\n`,
    );
  }
}

function saveError(file: string, error: unknown): ToolError {
  return new ToolError(`--save ${file}: ${reasonOf(error)}`, { cause: error });
}

/** Reads a recording, but for a last line that is cut short. @throws ToolError naming the file, and the line that is wrong */
export async function readRecording(file: string): Promise<Recording> {
  const lines: RecordedLine[] = [];
  let head: Head | undefined;
  let cut: string | undefined;
  const stream = createReadStream(file);
  try {
    await once(stream, 'open');
    let number = 0;
    for await (const each of linesOf(stream, MAX_LINE_BYTES)) {
      number++;
      const text = each?.text;
      if (head === undefined) head = headOf(text, file);
      else if (text !== '') {
        const json = text === undefined ? undefined : parsed(text);
        const line = lineOf(json);
        if (line) lines.push(line);
        // What is cut short has no end, and is no JSON.
        else if (each?.isWhole === false && json === undefined) cut = `${file}:${number}`;
        else throw new ToolError(`${file}:${number}: not a line of a recording`);
      }
    }
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw new ToolError(`${file}: ${reasonOf(error)}`, { cause: error });
  } finally {
    stream.destroy();
  }
  if (head === undefined) throw new ToolError(`${file} is empty: expected a recording of ttrpc tap --save`);
  return { nri: head.nri, lines: withOwnNumbers(lines), cut };
}

/** `text` is undefined for a line that is too long. */
function headOf(text: string | undefined, file: string): Head {
  const head = (text === undefined ? undefined : parsed(text)) as Partial<Head> | undefined;
  if (head?.format !== FORMAT) throw new ToolError(`${file} is no recording of ttrpc tap --save`);
  if (head.version !== VERSION) {
    throw new ToolError(
      `${file} is a recording of version ${String(head.version)}: this ttrpc reads version ${VERSION}`,
    );
  }
  return head as Head;
}

/** Undefined for JSON that is no line of a recording. */
function lineOf(json: unknown): RecordedLine | undefined {
  const line = json as Partial<Record<keyof RecordedFrame, unknown>> | undefined;
  const isPlaced = Number.isFinite(line?.at) && isUint(line?.connection, 0xffffffff);
  const hasSide = line?.from === 'client' || line?.from === 'server';
  if (!line || !isPlaced) return undefined;
  switch (line.event) {
    case 'connected':
    case 'disconnected':
      return line as RecordedLine;
    case 'end':
      return hasSide ? (line as RecordedLine) : undefined;
    case 'frame': {
      const { stream, type, flags, mux, data } = line;
      const fits = isUint(stream, 0xffffffff) && isUint(type, 0xff) && isUint(flags, 0xff);
      const isMuxed = mux === undefined || isUint(mux, 0xffffffff);
      return hasSide && fits && isMuxed && isBase64(data) ? (line as RecordedLine) : undefined;
    }
    default:
      return undefined;
  }
}

function isUint(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

/** Node reads anything as base64, and leaves out what is none. */
function isBase64(value: unknown): boolean {
  return typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
