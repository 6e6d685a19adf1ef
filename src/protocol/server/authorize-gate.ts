import type { Duplex } from 'node:stream';
import { messageOf } from '../core/errors.js';
import type { Peer } from './peer.js';
import { PeerProbe } from '../socket/peer-probe.js';
import { Timer } from '../core/timer.js';

/** Default of the option `authorizeTimeoutMs`, in ms. */
export const AUTHORIZE_TIMEOUT_MS = 10_000;

/** Decides about connections, and learns from an {@link AuthorizeGate} what became of them. */
export interface GateKeeper {
  /** May this peer connect? As the option `authorize` of a server. */
  authorize(peer: Peer): boolean | Promise<boolean>;
  /** It may. */
  onAdmitted(duplex: Duplex, peer: Peer): void;
  /** It was refused, or not decided in time; `why` is the reason in words. Its connection is closed. */
  onDenied(peer: Peer, why: string): void;
}

/**
 * The connections that wait for `authorize`. Each holds its place until `authorize` has decided, until the peer leaves,
 * or until `timeoutMs` have passed: an `authorize` that asks another service must not fill the server.
 */
export class AuthorizeGate {
  readonly #open = new Set<Question>();

  /** `timeoutMs` is how long a decision may take, in ms. */
  constructor(
    private readonly keeper: GateKeeper,
    private readonly timeoutMs: number,
  ) {}

  /** Connections that wait for a decision. */
  get size(): number {
    return this.#open.size;
  }

  /** Asks about one more connection. */
  ask(duplex: Duplex, peer: Peer): void {
    const question: Question = new Question(duplex, this.timeoutMs, (outcome, why) => {
      this.#open.delete(question);
      if (outcome === 'admitted') this.keeper.onAdmitted(duplex, peer);
      else duplex.destroy();
      if (outcome === 'refused') this.keeper.onDenied(peer, why);
    });
    this.#open.add(question);
    question.start(() => this.keeper.authorize(peer));
  }

  /** Closes all connections that wait for a decision. */
  close(): void {
    for (const question of [...this.#open]) question.settle('gone', 'the server is closing');
  }
}

type Outcome = 'admitted' | 'refused' | 'gone';

/** One connection and the one decision about it; what comes after the first is ignored. */
class Question {
  #settled = false;
  readonly #timer: Timer;
  readonly #probe: PeerProbe;

  constructor(
    private readonly duplex: Duplex,
    timeoutMs: number,
    private readonly onSettled: (outcome: Outcome, why: string) => void,
  ) {
    this.#timer = new Timer(timeoutMs, () =>
      this.settle('refused', `authorize() did not settle within ${timeoutMs} ms`),
    );
    this.#probe = new PeerProbe(duplex);
  }

  start(ask: () => boolean | Promise<boolean>): void {
    // While the connection is not read, a peer that has sent something is not seen to leave: the probe finds out.
    this.duplex.on('close', this.#onLeave);
    this.duplex.on('end', this.#onLeave);
    this.#probe.start();
    void this.#ask(ask);
  }

  settle(outcome: Outcome, why: string): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#timer.clear();
    this.#probe.stop();
    this.duplex.off('close', this.#onLeave);
    this.duplex.off('end', this.#onLeave);
    this.onSettled(outcome, why);
  }

  async #ask(ask: () => boolean | Promise<boolean>): Promise<void> {
    try {
      const allowed = (await ask()) === true;
      if (this.duplex.destroyed) this.settle('gone', '');
      else if (allowed) this.settle('admitted', '');
      else this.settle('refused', 'authorize() refused it');
    } catch (error) {
      this.settle('refused', `authorize() failed: ${messageOf(error)}`);
    }
  }

  readonly #onLeave = (): void => this.settle('gone', 'the peer has left');
}
