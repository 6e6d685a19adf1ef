import { readFileSync } from 'node:fs';
import { startTtrpc } from '../support/built-command.js';
import type { Program, ProgramEnd } from '../support/program.js';

/** A line of `ttrpc tap --format ndjson`. */
export interface TapLine {
  event: string;
  connection: number;
  mux?: number;
  from?: 'client' | 'server';
  stream?: number;
  service?: string;
  method?: string;
  metadata?: Record<string, string[]>;
  timeoutMs?: number;
  status?: string;
  code?: number;
  text?: string;
  details?: unknown[];
  message?: unknown;
  bytes?: number;
  guessed?: boolean;
  durationMs?: number;
  responses?: number;
}

/** `ttrpc tap` between a client and a server. */
export class Tapped {
  private constructor(readonly program: Program) {}

  /** Starts it; resolves when it listens. */
  static async start(listen: string, target: string, args: readonly string[] = []): Promise<Tapped> {
    const program = await startTtrpc(['tap', ...args, listen, target]);
    await program.complains('listening on ');
    return new Tapped(program);
  }

  /** What it has printed so far. */
  lines(): TapLine[] {
    return linesOf(this.program.output());
  }

  /** Resolves when it has printed `text`. */
  shows(text: string): Promise<void> {
    return this.program.shows(text);
  }

  /** Ends it as Ctrl-C does. */
  stop(): Promise<ProgramEnd> {
    this.program.child.kill('SIGINT');
    return this.program.ended;
  }
}

/** The lines of an output that are whole. */
export function linesOf(text: string): TapLine[] {
  // The last line may not be whole.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TapLine);
}

/** The events of one call, without what differs from run to run. */
export function shapeOf(lines: readonly TapLine[]): string[] {
  return lines
    .filter(({ stream }) => stream !== undefined)
    .map(({ event, from, method, status, message, mux }) =>
      [
        ...(mux === undefined ? [] : [`${mux}`]),
        ...(from === undefined ? [] : [from === 'client' ? '→' : '←']),
        event,
        method,
        ...(status === undefined ? [] : [status]),
        ...(message === undefined ? [] : [JSON.stringify(message)]),
      ].join(' '),
    );
}

/** The lines of a recording. */
export function recordingOf(file: string): { event?: string }[] {
  return linesOf(readFileSync(file, 'utf8'));
}
