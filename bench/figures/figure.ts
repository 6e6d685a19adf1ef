import type { FigureResult, Growth } from '../model.js';
import type { Effort } from '../runner/effort.js';
import { failure } from '../results/failure.js';

/** Something that is measured of one server at a time, each time with a fresh process. */
export interface Figure {
  id: string;
  title: string;
  figures: readonly string[];
  /** The servers, each with the driver that calls it. */
  pairs: readonly { client: string; server: string }[];
  quick: boolean;
  /** How often each server is measured. */
  rounds: { quick: number; full: number };
  /** Measures once; the values stand in the order of `figures`. */
  measure(pair: { client: string; server: string }, effort: Effort): Promise<number[]>;
  /** As in the results. */
  growth?: Growth;
  /** Ends what the measurements have shared. */
  end?(): Promise<void>;
}

/** Measures all servers in turn, round by round. */
export async function runFigure(
  figure: Figure,
  effort: Effort,
  rounds: number,
  missing: Record<string, string>,
  onStep: (what: string) => void,
): Promise<FigureResult> {
  const { id, title, figures, growth } = figure;
  const result: FigureResult = { id, title, figures, values: {}, leftOut: { ...missing }, ...(growth && { growth }) };
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const pair of figure.pairs) {
        const { server } = pair;
        if (server in result.leftOut) continue;
        onStep(`${server}: round ${round} of ${rounds}`);
        try {
          const measured = await figure.measure(pair, effort);
          const values = (result.values[server] ??= {});
          for (const [index, name] of figures.entries()) (values[name] ??= []).push(measured[index] as number);
        } catch (error) {
          result.leftOut[server] = failure(error);
          result.failed = true;
          delete result.values[server];
        }
      }
    }
  } finally {
    await figure.end?.();
  }
  return result;
}
