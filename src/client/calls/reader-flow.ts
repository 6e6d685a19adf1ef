import type { Flow } from '../../protocol/connection/receive-queue.js';

/**
 * Ties a reader behind interceptors to the call before them: between the two there are Observables, which cannot slow
 * anything. An interceptor may make several calls, one after the other; the one that was heard of last counts.
 */
export class ReaderFlow implements Flow {
  #call: Flow | undefined;
  #held = false;
  #bytes = 0;

  /** A message of this many `bytes` is on its way to the reader. */
  onMessage(call: Flow, bytes: number): void {
    this.#call = call;
    this.#bytes += bytes;
    if (this.#held) call.pauseInput();
  }

  /** Bytes that have come since it was asked last: what the message that is delivered now takes, about. */
  takeBytes(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }

  pauseInput(): void {
    this.#held = true;
    this.#call?.pauseInput();
  }

  resumeInput(): void {
    this.#held = false;
    this.#call?.resumeInput();
  }
}
