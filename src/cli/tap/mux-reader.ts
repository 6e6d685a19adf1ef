import { HEADER_BYTES, MAX_MESSAGE_BYTES } from '../../protocol/wire/frame.js';

const MUX_HEADER_BYTES = 8;
const MAX_PAYLOAD_BYTES = HEADER_BYTES + MAX_MESSAGE_BYTES;

/** Reads one direction of NRI's mux: frames with an 8-byte header, the connection's id and the payload's length. */
export class MuxReader {
  readonly #header = Buffer.alloc(MUX_HEADER_BYTES);
  #headerBytes = 0;
  #id = 0;
  #left = 0;
  #isBroken = false;

  constructor(
    private readonly onPayload: (id: number, bytes: Uint8Array) => void,
    private readonly onBroken: (text: string) => void,
  ) {}

  /** True while a mux frame has begun and is not complete. */
  get isMidFrame(): boolean {
    return !this.#isBroken && (this.#headerBytes > 0 || this.#left > 0);
  }

  /** Takes the next bytes of the trunk. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#isBroken) {
      if (this.#left > 0) {
        const end = Math.min(chunk.length, at + this.#left);
        this.#left -= end - at;
        this.onPayload(this.#id, chunk.subarray(at, end));
        at = end;
        continue;
      }
      this.#header[this.#headerBytes++] = chunk[at++] as number;
      if (this.#headerBytes === MUX_HEADER_BYTES) this.#begin();
    }
  }

  #begin(): void {
    this.#headerBytes = 0;
    this.#id = this.#header.readUInt32BE(0);
    this.#left = this.#header.readUInt32BE(4);
    if (this.#left <= MAX_PAYLOAD_BYTES) return;
    this.#isBroken = true;
    this.onBroken(`a mux frame with ${this.#left} bytes: this is not NRI's mux, passed on as it is`);
  }
}
