import { foreignProtocol } from '../../protocol/wire/foreign-protocol.js';
import { MAX_MESSAGE_BYTES } from '../../protocol/wire/frame.js';
import { FrameReader } from '../../protocol/wire/frame-reader.js';
import { MuxReader } from './mux-reader.js';

/** Who has sent something: whoever connected to the tap, or the server behind it. */
export type Side = 'client' | 'server';

/** A frame on its way. Its data is only valid while it is shown. */
export interface SeenFrame {
  /** The number of the connection, from 1. */
  readonly connection: number;
  /** The connection within NRI's mux; undefined without one. */
  readonly mux: number | undefined;
  readonly from: Side;
  readonly stream: number;
  readonly type: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

/** Is told what a tapped connection carries, in the order in which it came. */
export interface FrameWatcher {
  onFrame(frame: SeenFrame): void;
  /** Something on the wire that is no frame to decode. */
  onNote(note: { connection: number; mux: number | undefined; from: Side; text: string }): void;
}

/** NRI uses two; each more has memory of its own. */
const MAX_MUX_CONNECTIONS = 16;

/** Cuts the bytes of one direction of a connection into frames. */
export class SeenBytes {
  readonly #readers = new Map<number | undefined, FrameReader>();
  readonly #mux: MuxReader | undefined;
  #hasTooMany = false;
  #isOver = false;

  constructor(
    private readonly connection: number,
    private readonly from: Side,
    isMux: boolean,
    private readonly watcher: FrameWatcher,
  ) {
    this.#mux = isMux
      ? new MuxReader(
          (id, bytes) => this.#readerOf(id)?.push(bytes),
          (text) => this.#note(undefined, text),
        )
      : undefined;
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    if (this.#mux) this.#mux.push(chunk);
    else this.#readerOf(undefined)?.push(chunk);
  }

  /** The end of the bytes: says what was cut short. Nothing happens the second time. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#mux?.isMidFrame) this.#note(undefined, 'ended in the middle of a mux frame');
    for (const [mux, reader] of this.#readers) if (reader.midFrame) this.#note(mux, 'ended in the middle of a frame');
  }

  /** Undefined for a connection within the mux that is one too many. */
  #readerOf(mux: number | undefined): FrameReader | undefined {
    const known = this.#readers.get(mux);
    if (known) return known;
    if (this.#readers.size >= MAX_MUX_CONNECTIONS) {
      if (!this.#hasTooMany) this.#note(mux, 'one connection too many in the mux: further ones are only passed on');
      this.#hasTooMany = true;
      return undefined;
    }
    const reader = this.#newReader(mux);
    this.#readers.set(mux, reader);
    return reader;
  }

  #newReader(mux: number | undefined): FrameReader {
    const { connection, from } = this;
    const reader: FrameReader = new FrameReader(
      {
        onFrame: (stream, type, flags, buf, start, end) =>
          this.watcher.onFrame({ connection, mux, from, stream, type, flags, data: buf.subarray(start, end) }),
        onOversizedFrame: (stream, _type, _flags, length) =>
          this.#note(
            mux,
            `frame of stream ${stream} with ${length} bytes, above ttrpc's limit of ${MAX_MESSAGE_BYTES}`,
          ),
      },
      MAX_MESSAGE_BYTES,
      undefined,
      (first) => {
        const protocol = foreignProtocol(first);
        if (protocol === undefined) return;
        reader.stop();
        this.#note(mux, `this is ${protocol}, not ttrpc: passed on as it is`);
      },
    );
    return reader;
  }

  #note(mux: number | undefined, text: string): void {
    this.watcher.onNote({ connection: this.connection, mux, from: this.from, text });
  }
}
