import { Duplex } from 'node:stream';
import { HEADER_BYTES, MAX_MESSAGE_BYTES } from '../protocol/wire/frame.js';
import { OutgoingFrames } from './outgoing-frames.js';

/** The id of the connection by which the runtime calls the plugin. */
export const PLUGIN_CONNECTION = 1;
/** The id of the connection by which the plugin calls the runtime. */
export const RUNTIME_CONNECTION = 2;

const MUX_HEADER_BYTES = 8;
/** As in Go: one ttrpc message. A longer frame is a sign of a stream that is out of step. */
const MAX_PAYLOAD_BYTES = HEADER_BYTES + MAX_MESSAGE_BYTES;
/** As in Go: a connection that is not read ends the trunk, and does not grow. */
const MAX_UNREAD_FRAMES = 256;
const MAX_UNREAD_BYTES = 4 * MAX_PAYLOAD_BYTES;

/**
 * NRI's multiplexer: connections over one socket, the trunk, each mux frame with an 8-byte header (the connection's id and
 * the payload's length, both u32 BE). Nothing is said about opening or closing, so a connection that ends, ends the trunk.
 * Payloads for ids that are not open are dropped.
 */
export class Mux {
  readonly #connections = new Map<number, MuxConnection>();
  readonly #header = Buffer.alloc(MUX_HEADER_BYTES);
  #headerBytes = 0;
  #payloadBytes = 0;
  #target: MuxConnection | undefined;
  #isOver = false;

  constructor(private readonly trunk: Duplex) {
    trunk.on('data', (chunk: Buffer) => this.#read(chunk));
    trunk.once('end', () => this.#onEnd());
    trunk.once('error', (error) => this.#over(error));
    trunk.once('close', () => this.#over());
  }

  /** The connection with this id, from 1 on. It is there at once: the other end need not know of it. */
  open(id: number): Duplex {
    const known = this.#connections.get(id);
    if (known) return known;
    if (!Number.isInteger(id) || id < 1 || id > 0xffffffff) {
      throw new RangeError(`a mux connection's id is an integer from 1 to 4294967295, got ${id}`);
    }
    const connection = new MuxConnection(id, this);
    this.#connections.set(id, connection);
    if (this.#isOver) connection.destroy();
    return connection;
  }

  /** Ends the trunk once what was written is sent, and with it all connections. */
  end(): void {
    this.trunk.end();
  }

  /** Ends the trunk and all connections now. */
  destroy(error?: Error): void {
    this.#over(error);
    this.trunk.destroy();
  }

  /** A connection sends `payloads`; `done` is called when the trunk has taken them. */
  send(id: number, payloads: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    if (this.#isOver || this.trunk.writableEnded) {
      done(new Error('the mux is closed'));
      return;
    }
    if (payloads.length === 0) {
      done();
      return;
    }
    const headers = Buffer.allocUnsafe(MUX_HEADER_BYTES * payloads.length);
    this.trunk.cork();
    payloads.forEach((payload, i) => {
      const header = headers.subarray(i * MUX_HEADER_BYTES, (i + 1) * MUX_HEADER_BYTES);
      header.writeUInt32BE(id, 0);
      header.writeUInt32BE(payload.length, 4);
      this.trunk.write(header);
      if (i < payloads.length - 1) this.trunk.write(payload);
      else this.trunk.write(payload, done);
    });
    this.trunk.uncork();
  }

  #read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#isOver) {
      if (this.#payloadBytes === 0) {
        const taken = Math.min(MUX_HEADER_BYTES - this.#headerBytes, chunk.length - at);
        chunk.copy(this.#header, this.#headerBytes, at, at + taken);
        this.#headerBytes += taken;
        at += taken;
        if (this.#headerBytes < MUX_HEADER_BYTES) return;
        this.#headerBytes = 0;
        this.#begin(this.#header.readUInt32BE(0), this.#header.readUInt32BE(4));
      } else {
        const taken = Math.min(this.#payloadBytes, chunk.length - at);
        this.#payloadBytes -= taken;
        this.#target?.receive(chunk.subarray(at, at + taken), this.#payloadBytes === 0);
        at += taken;
      }
    }
  }

  #begin(id: number, length: number): void {
    if (length > MAX_PAYLOAD_BYTES) {
      this.destroy(
        new Error(`a mux frame for connection ${id} has ${length} bytes, the limit is ${MAX_PAYLOAD_BYTES}`),
      );
      return;
    }
    this.#payloadBytes = length;
    this.#target = this.#connections.get(id);
  }

  #onEnd(): void {
    if (this.#headerBytes > 0 || this.#payloadBytes > 0) {
      this.destroy(new Error('the socket of the mux has ended within a frame'));
    } else {
      for (const connection of this.#connections.values()) connection.receiveEnd();
    }
  }

  #over(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const connection of this.#connections.values()) {
      // What has been read is still to be delivered when the trunk has just come to its end.
      if (error) connection.destroy(error);
      else connection.receiveEnd();
    }
  }
}

class MuxConnection extends Duplex {
  readonly #outgoing = new OutgoingFrames();
  readonly #unread: Uint8Array[] = [];
  #unreadFrames = 0;
  #unreadBytes = 0;
  #wanted = false;
  #ended = false;

  constructor(
    private readonly id: number,
    private readonly mux: Mux,
  ) {
    super();
  }

  /** Bytes of a mux frame have come; `isLast` when they end it. */
  receive(bytes: Uint8Array, isLast: boolean): void {
    if (this.destroyed) return;
    if (this.#wanted && this.#unread.length === 0) {
      this.#wanted = this.push(bytes);
      return;
    }
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    if (isLast) this.#unreadFrames++;
    if (this.#unreadFrames <= MAX_UNREAD_FRAMES && this.#unreadBytes <= MAX_UNREAD_BYTES) return;
    this.mux.destroy(
      new Error(
        `connection ${this.id} of the mux is not read: ${this.#unreadFrames} frames of ${this.#unreadBytes} bytes wait ` +
          `(limits ${MAX_UNREAD_FRAMES} and ${MAX_UNREAD_BYTES})`,
      ),
    );
  }

  /** Nothing more will come. */
  receiveEnd(): void {
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    if (this.#unread.length === 0) this.push(null);
  }

  override _read(): void {
    this.#wanted = true;
    while (this.#wanted && this.#unread.length > 0) {
      const bytes = this.#unread.shift() as Uint8Array;
      this.#unreadBytes -= bytes.length;
      this.#unreadFrames = Math.min(this.#unreadFrames, this.#unread.length);
      this.#wanted = this.push(bytes);
    }
    if (this.#ended && this.#unread.length === 0) this.push(null);
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.mux.send(this.id, this.#outgoing.take([chunk]), done);
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.mux.send(this.id, this.#outgoing.take(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.mux.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error);
    this.#unread.length = 0;
    this.mux.destroy(error ?? undefined);
  }
}
