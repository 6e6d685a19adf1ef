import { FrameFlag, FrameType } from '../../protocol/wire/frame.js';

/** What tells how far a call is, of a frame. */
type Frame = Readonly<Record<'type' | 'flags', number>>;

/** A stream of a replay: what its server has sent, against what it had sent in the recording. */
export class PlayedStream {
  #isOpen = false;
  /** Frames that the server had sent more than it has now; below 0 it is ahead. */
  #owed = 0;
  /** The server had ended it. */
  #wasEnded = false;
  /** The server has ended it. */
  #isOver = false;

  /** A call begins on it: ids are used once by most, and what was before does not count. */
  open(): void {
    this.#isOpen = true;
    this.#owed = 0;
    this.#wasEnded = false;
    this.#isOver = false;
  }

  /** The server had sent this frame. */
  expect(frame: Frame): void {
    // NRI's runtime makes calls, too.
    if (frame.type === FrameType.Request) this.#isOpen = true;
    this.#owed++;
    this.#wasEnded ||= ends(frame);
  }

  /** The server has sent this frame. True when it shows that the server goes on with what it had sent. */
  take(frame: Frame): boolean {
    const wasAwaited = this.isAwaited;
    this.#owed--;
    this.#isOver ||= ends(frame);
    // A server that sends more and more must not be waited for without an end.
    return wasAwaited && (this.#owed >= 0 || this.#isOver);
  }

  /**
   * True while the server is waited for: for as many frames as it had sent, or for the end where there was one, since it may
   * send more than it had. On a stream that nobody has opened nothing will come, as where a request was too large to be
   * recorded.
   */
  get isAwaited(): boolean {
    return this.#isOpen && !this.#isOver && (this.#owed > 0 || this.#wasEnded);
  }

  /** What the server has not sent, in words. */
  get missing(): string {
    if (this.#owed <= 0) return 'the end';
    return this.#owed === 1 ? 'a frame' : `${this.#owed} frames`;
  }
}

/** A frame of a server after which it sends no other on the stream. */
function ends({ type, flags }: Frame): boolean {
  return type === FrameType.Response || (type !== FrameType.Request && (flags & FrameFlag.RemoteClosed) !== 0);
}
