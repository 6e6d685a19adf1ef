import type { CallEventMatch, FrameMatch, OnConnection, Peer, ServerCase, ServerStep } from '../case.js';
import { inWordsOf } from '../dialects.js';
import { PROBE } from '../service.js';
import { encodeWritten, FrameCutter, REQUEST, type ReadFrame, type Written } from '../wire/frame.js';
import { RawConnection } from './connection.js';
import { frameMatches } from './match.js';
import { showFrame, showMatch } from './show.js';

/**
 * What a peer did in a case: for each stream of each connection the frames that came, in words. Where the case leaves
 * a text open (a pattern) the pattern stands for it, so that two peers that keep to the case have equal transcripts.
 */
export type Transcript = Map<string, string[]>;

/** A server of interop.v1.Interop that is under test. */
export interface ServerTarget {
  readonly peer: Peer;
  /** Where its unix socket is. */
  readonly path: string;
  /** Waits until this has happened to a call of the server. */
  awaitEvent(event: CallEventMatch): Promise<void>;
  /** Whether a call has been started so far. */
  hasStarted(method: string, seq: number): Promise<boolean>;
}

/** Runs one case against a server. Throws when the server does not keep to it. */
export async function runServerCase(test: ServerCase, target: ServerTarget): Promise<Transcript> {
  const run = new ServerCaseRun(test, target);
  try {
    await run.all();
    return run.transcript;
  } finally {
    await run.dispose();
  }
}

const FIRST = 'first';
/** The largest odd stream id. */
const LAST_ID = 0xffffffff;

class ServerCaseRun {
  readonly transcript: Transcript = new Map();
  private readonly connections = new Map<string, RawConnection>();
  private readonly nextIds = new Map<string, number>();
  private readonly gone = new Set<string>();

  constructor(
    private readonly test: ServerCase,
    private readonly target: ServerTarget,
  ) {}

  async all(): Promise<void> {
    for (const [index, step] of this.test.steps.entries()) {
      try {
        await this.step(step);
      } catch (error) {
        const words = Object.keys(step).join(', ');
        throw new Error(`step ${index + 1} (${words}): ${messageOf(error)}\n${this.report()}`, { cause: error });
      }
    }
    await this.finish();
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.connections.values()].map((connection) => connection.destroy()));
  }

  private async step(step: ServerStep): Promise<void> {
    const name = step.on ?? FIRST;
    const connection = await this.connection(name);
    if ('send' in step) {
      for (const id of requestIds(step.send)) this.used(name, id);
      await connection.write(step.send, step.chunks);
    } else if ('receive' in step) {
      const { peer } = this.target;
      const expected = step.instead?.[peer] ?? step.receive.map((match) => inWordsOf(peer, match));
      if (expected === 'closed') await this.mustClose(name);
      else await this.receive(step, expected, step.anyOrder ?? false);
    } else if ('nothingMoreBy' in step) {
      await this.probe(name, step.nothingMoreBy);
    } else if ('halfClose' in step) {
      connection.halfClose();
    } else if ('close' in step) {
      await connection.destroy();
      this.gone.add(name);
    } else if ('closedByServer' in step) {
      await this.mustClose(name);
    } else if ('happens' in step) {
      if (!step.notOf?.includes(this.target.peer)) await this.target.awaitEvent(step.happens);
    } else if ('neverStarted' in step) {
      const { method, seq } = step.neverStarted;
      if (step.notOf?.includes(this.target.peer)) return;
      if (await this.target.hasStarted(method, seq))
        throw new Error(`the handler of ${method} was called for seq ${seq}`);
    } else {
      step satisfies never;
    }
  }

  /** What is left of the first connection; the others must not have brought anything more by now either. */
  private async finish(): Promise<void> {
    const { after: left } = this.test;
    const after = typeof left === 'string' ? left : (left[this.target.peer] ?? left.ours);
    if (after === 'closed' && !this.gone.has(FIRST)) throw new Error('the case says "closed", but no step showed it');
    if (after === 'usable') {
      // Twice: what a handler that was still at work answers comes by the second response at the latest in practice.
      for (let n = 0; n < 2; n++) await this.probe(FIRST, this.nextId(FIRST));
    }
    for (const [name, connection] of this.connections) {
      if (this.gone.has(name)) continue;
      connection.halfClose();
      await this.mustEnd(name);
    }
  }

  private async probe(name: string, id: number): Promise<void> {
    const connection = await this.connection(name);
    this.used(name, id);
    await connection.write([{ id, type: REQUEST, data: { request: PROBE.request } }]);
    await this.receive({ on: name }, [{ id, ok: PROBE.answer }], false, 'unnoted');
  }

  /** Takes frames until each expectation has got its own; any other frame is a failure. */
  private async receive(
    at: OnConnection,
    expected: readonly FrameMatch[],
    anyOrder: boolean,
    unnoted?: 'unnoted',
  ): Promise<void> {
    const name = at.on ?? FIRST;
    const connection = await this.connection(name);
    const open = expected.flatMap((match) =>
      Array.from({ length: 'times' in match ? (match.times ?? 1) : 1 }, () => match),
    );
    while (open.length > 0) {
      const incoming = await connection.next(() => `this comes: ${open.slice(0, 5).map(line).join('; ')}`);
      if ('ended' in incoming)
        throw new Error(`${incoming.ended}, but this was to come: ${open.slice(0, 5).map(line).join('; ')}`);
      const { frame } = incoming;
      // Of one stream the first expectation that is still open, unless any order will do.
      const index = open.findIndex((match) => match.id === frame.id && (!anyOrder || this.matches(frame, match)));
      const match = open[index];
      if (!unnoted || match === undefined) this.note(name, frame, match);
      if (match === undefined)
        throw new Error(
          `stream ${frame.id}: unexpected ${showFrame(frame)}; open: ${open.slice(0, 5).map(line).join('; ')}`,
        );
      if (!this.matches(frame, match))
        throw new Error(`stream ${frame.id}: expected ${showMatch(match)}, got ${showFrame(frame)}`);
      open.splice(index, 1);
    }
  }

  private matches(frame: ReadFrame, match: FrameMatch): boolean {
    return frameMatches(frame, match, this.target.peer === 'rust' ? 'any' : 'absent');
  }

  private async mustEnd(name: string): Promise<void> {
    const connection = await this.connection(name);
    const incoming = await connection.next(() => `the server closes connection "${name}"`);
    if ('frame' in incoming) {
      this.note(name, incoming.frame, undefined);
      throw new Error(
        `stream ${incoming.frame.id}: unexpected ${showFrame(incoming.frame)} where only the end of connection "${name}" was to come\n${this.report()}`,
      );
    }
    this.gone.add(name);
  }

  private async mustClose(name: string): Promise<void> {
    await this.mustEnd(name);
    this.transcriptOf(name, 'end').push('closed');
  }

  private async connection(name: string): Promise<RawConnection> {
    const known = this.connections.get(name);
    if (known !== undefined) return known;
    const made = await RawConnection.toPath(this.target.path);
    this.connections.set(name, made);
    return made;
  }

  private used(name: string, id: number): void {
    if (id % 2 === 1) this.nextIds.set(name, Math.max(this.nextIds.get(name) ?? 1, id + 2));
  }

  private nextId(name: string): number {
    const id = this.nextIds.get(name) ?? 1;
    if (id > LAST_ID) throw new Error(`connection "${name}" has no ids left: say "spent" instead of "usable"`);
    return id;
  }

  private note(name: string, frame: ReadFrame, match: FrameMatch | undefined): void {
    // What is not pinned down by the case is not compared between peers either.
    const words = match !== undefined && this.matches(frame, match) ? showMatch(match) : showFrame(frame);
    this.transcriptOf(name, String(frame.id)).push(words);
  }

  private transcriptOf(name: string, what: string): string[] {
    const key = `${name}/${what}`;
    const lines = this.transcript.get(key) ?? [];
    this.transcript.set(key, lines);
    return lines;
  }

  private report(): string {
    if (this.transcript.size === 0) return 'Nothing had come.';
    return [
      'What had come:',
      ...[...this.transcript].map(([key, lines]) => `  ${key}: ${abridged(lines).join(' · ')}`),
    ].join('\n');
  }
}

/** The ids of the Requests in what is written, also of those written as whole frames of raw bytes. */
function requestIds(all: readonly Written[]): number[] {
  return all.flatMap((written) => {
    if ('id' in written) return written.type === REQUEST ? [written.id] : [];
    const frames = new FrameCutter().push(encodeWritten(written));
    return frames.filter(({ type }) => type === REQUEST).map(({ id }) => id);
  });
}

function line(match: FrameMatch): string {
  return `stream ${match.id} ${showMatch(match)}`;
}

function abridged(lines: readonly string[]): readonly string[] {
  return lines.length <= 12 ? lines : [...lines.slice(0, 6), `(${lines.length - 12} more)`, ...lines.slice(-6)];
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
