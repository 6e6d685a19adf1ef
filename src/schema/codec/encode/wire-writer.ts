import { Buffer } from 'node:buffer';
import { DOUBLE_BYTES, setDouble, setFloat } from '../../../protocol/wire/floats.js';
import { LARGE_BYTES, type WriteArena } from '../../../protocol/wire/message-codec.js';
import { varintSize, writeVarint } from '../../../protocol/wire/wire.js';
import { InvalidValue } from './encode-error.js';

/** Strings up to this length are written by a loop: a call into Node costs more than it saves. */
const SHORT_STRING = 32;

/** Above this length a string is measured before memory is made for it. */
const LONG_STRING = 4096;

/** Bytes of a varint for a 64-bit number, and of anything else of fixed size. */
const MAX_SCALAR_BYTES = 10;

const NO_BYTES = Buffer.alloc(0);

/**
 * Writes protobuf values in place, at the end of an arena. Between `begin` and `finish` the offset lives here; the
 * arena's own is brought up to date wherever the arena is called.
 */
export class WireWriter {
  /** What the arena writes into; a Buffer, for Node's string methods. */
  buf: Buffer = NO_BYTES;
  pos = 0;
  /** What the message is of, for warnings: `request of demo.v1.Greeter/SayHello`. */
  origin: string | undefined;
  /** How many messages stand around the one that is written. */
  depth = 0;
  #maxDepth = 0;
  /** How many lengths are still to be written: what follows them must stay in one piece. */
  #openLengths = 0;
  #arena: WriteArena | undefined;

  /** Starts at the arena's offset, with `value`, which stands `depth` levels deep in others, of `maxDepth` at most. */
  begin(arena: WriteArena, value: unknown, depth: number, maxDepth: number): void {
    this.#arena = arena;
    this.#maxDepth = maxDepth;
    this.depth = depth - 1;
    this.enter(value);
    this.#openLengths = 0;
    this.#load(arena);
  }

  /** Steps into a message within the one that is written. @throws {InvalidValue} when there are too many around it */
  enter(value: unknown): void {
    this.depth += 1;
    if (this.depth > this.#maxDepth) {
      throw new InvalidValue(`at most ${this.#maxDepth} levels of nesting (is it a cycle?)`, value);
    }
  }

  /** Steps out again. */
  leave(): void {
    this.depth -= 1;
  }

  /** Hands the offset back to the arena. */
  finish(): void {
    (this.#arena as WriteArena).pos = this.pos;
    this.release();
  }

  /** Releases the arena and drops what was written. */
  release(): void {
    this.#arena = undefined;
    this.buf = NO_BYTES;
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    if (this.pos + bytes > this.buf.length) this.#grow(bytes);
  }

  /** An unsigned 32-bit varint. */
  uint32(value: number): void {
    if (this.pos + MAX_SCALAR_BYTES > this.buf.length) this.#grow(MAX_SCALAR_BYTES);
    if (value < 0x80) this.buf[this.pos++] = value;
    else this.pos = writeVarint(this.buf, this.pos, value);
  }

  /** A signed 32-bit varint: ten bytes when it is negative. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value);
    else this.varint64(value >>> 0, 0xffff_ffff);
  }

  /** A signed 32-bit varint, zig-zag encoded. */
  sint32(value: number): void {
    this.uint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** A 64-bit varint from its halves, both unsigned. */
  varint64(low: number, high: number): void {
    if (this.pos + MAX_SCALAR_BYTES > this.buf.length) this.#grow(MAX_SCALAR_BYTES);
    const { buf } = this;
    let pos = this.pos;
    while (high !== 0) {
      buf[pos++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.pos = writeVarint(buf, pos, low);
  }

  /** Four bytes, little-endian. */
  fixed32(value: number): void {
    if (this.pos + MAX_SCALAR_BYTES > this.buf.length) this.#grow(MAX_SCALAR_BYTES);
    this.pos = putFixed32(this.buf, this.pos, value);
  }

  /** Eight bytes, little-endian, from the halves. */
  fixed64(low: number, high: number): void {
    if (this.pos + MAX_SCALAR_BYTES > this.buf.length) this.#grow(MAX_SCALAR_BYTES);
    this.pos = putFixed32(this.buf, putFixed32(this.buf, this.pos, low), high);
  }

  /** A 32-bit float. */
  float(value: number): void {
    if (this.pos + MAX_SCALAR_BYTES > this.buf.length) this.#grow(MAX_SCALAR_BYTES);
    setFloat(value);
    const { buf, pos } = this;
    for (let i = 0; i < 4; i += 1) buf[pos + i] = DOUBLE_BYTES[i] as number;
    this.pos = pos + 4;
  }

  /** A 64-bit float. */
  double(value: number): void {
    if (this.pos + MAX_SCALAR_BYTES > this.buf.length) this.#grow(MAX_SCALAR_BYTES);
    setDouble(value);
    const { buf, pos } = this;
    for (let i = 0; i < 8; i += 1) buf[pos + i] = DOUBLE_BYTES[i] as number;
    this.pos = pos + 8;
  }

  /** One byte, 0 or 1. */
  bool(value: boolean): void {
    if (this.pos + MAX_SCALAR_BYTES > this.buf.length) this.#grow(MAX_SCALAR_BYTES);
    this.buf[this.pos++] = value ? 1 : 0;
  }

  /** A string with its length in front, as UTF-8; lone surrogates become U+FFFD, since peers refuse them. */
  string(value: string): void {
    const { length } = value;
    // Three bytes for a UTF-16 unit is the most there can be; room for a long text is not taken on a guess.
    let most = length * 3 + 5;
    if (this.pos + most > this.buf.length) {
      if (length > LONG_STRING) most = Buffer.byteLength(value) + 5;
      if (this.pos + most > this.buf.length) this.#grow(most);
    }
    const { buf } = this;
    const start = this.pos;
    if (length <= SHORT_STRING) {
      let pos = start + 1;
      let i = 0;
      for (; i < length; i += 1) {
        const unit = value.charCodeAt(i);
        if (unit > 0x7f) break;
        buf[pos++] = unit;
      }
      if (i === length) {
        buf[start] = length;
        this.pos = pos;
        return;
      }
    }
    const guess = varintSize(length);
    const bytes = buf.write(value, start + guess, 'utf8');
    this.pos = start + guess + bytes;
    this.#setLength(start, guess);
  }

  /**
   * Bytes with their length in front. Large ones may go by reference where no length around them is still to be
   * written: they must not change until they are sent.
   */
  bytes(value: Uint8Array): void {
    const { length } = value;
    this.uint32(length);
    if (length >= LARGE_BYTES && this.#openLengths === 0) {
      const arena = this.#arena as WriteArena;
      arena.pos = this.pos;
      arena.append(value);
      this.#load(arena);
      return;
    }
    this.reserve(length);
    const { buf, pos } = this;
    if (length > SHORT_STRING) buf.set(value, pos);
    else for (let i = 0; i < length; i += 1) buf[pos + i] = value[i] as number;
    this.pos = pos + length;
  }

  /** Bytes as they are: fields that are encoded already. */
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.buf.set(value, this.pos);
    this.pos += value.length;
  }

  /** Leaves room for a length of `guess` bytes and returns where it goes. */
  openLength(guess: number): number {
    this.reserve(guess + MAX_SCALAR_BYTES);
    const at = this.pos;
    this.pos += guess;
    this.#openLengths += 1;
    return at;
  }

  /**
   * Writes the length of what follows `at` and the `guess` bytes that were left for it, moving it when it needs more or
   * less room. Returns the bytes that the length takes: the guess for the next time.
   */
  closeLength(at: number, guess: number): number {
    this.#openLengths -= 1;
    return this.#setLength(at, guess);
  }

  #setLength(at: number, guess: number): number {
    const length = this.pos - at - guess;
    const size = varintSize(length);
    if (size !== guess) {
      this.reserve(size);
      this.buf.copyWithin(at + size, at + guess, this.pos);
      this.pos += size - guess;
    }
    writeVarint(this.buf, at, length);
    return size;
  }

  #grow(bytes: number): void {
    const arena = this.#arena as WriteArena;
    arena.pos = this.pos;
    arena.reserve(bytes);
    this.#load(arena);
  }

  #load(arena: WriteArena): void {
    const { buf } = arena;
    this.buf = Buffer.isBuffer(buf) ? buf : Buffer.from(buf.buffer, buf.byteOffset, buf.byteLength);
    this.pos = arena.pos;
  }
}

function putFixed32(buf: Uint8Array, pos: number, value: number): number {
  buf[pos] = value;
  buf[pos + 1] = value >>> 8;
  buf[pos + 2] = value >>> 16;
  buf[pos + 3] = value >>> 24;
  return pos + 4;
}
