import { Random } from '../support/random.js';
import { Violation, type Harness } from './harness.js';
import { turn } from '../support/deferred.js';
import { mutate, type Mutant } from './mutate.js';
import type { Seed } from './seeds.js';

/** So many mutants are under way at a time. */
const AT_ONCE = 16;
/** After so many mutants the heap is looked at. */
const LOOK_EVERY = 4096;
/** What the heap may grow by after its first look, in bytes. */
const MAX_GROWTH = 48 * 1024 * 1024;
const MIB = 1024 * 1024;
/** After so many findings a run ends. */
const MAX_FOUND = 3;

/** One finding. */
export interface Found {
  violation: Violation;
  /** The number of the mutant; where it is not known, the first one of those that were under way, … */
  mutant: number;
  /** … and how many numbers they span. */
  span: number;
  /** The pieces of the mutant, in hexadecimal. */
  hex: string[];
}

/** What a run is to do. */
export interface FuzzOptions {
  side: 'server' | 'client' | 'nest';
  seeds: readonly Seed[];
  harness: Harness;
  seed: number;
  /** The number of the first mutant. */
  from: number;
  /** It ends after so many mutants, … */
  count: number;
  /** … after so many seconds, … */
  seconds: number;
  /** … or after so many mutated frames. */
  frames: number;
  /** Collects garbage; without it the heap is not looked at. */
  gc?: () => void;
  onFound(found: Found): void;
}

/** The same for the same run and number, whatever came before. */
function randomOf(seed: number, number: number, what: number): Random {
  return new Random(
    Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35) ^ Math.imul(what, 0x27d4eb2f),
  );
}

/** The mutant of a number: a run is a list of them. */
export function mutantOf(options: Pick<FuzzOptions, 'seeds' | 'side' | 'seed'>, number: number): Mutant {
  return mutate(options.seeds, options.side === 'client' ? 'client' : 'server', randomOf(options.seed, number, 0));
}

/** Runs mutants until one of the limits; gives a report in lines. */
export async function fuzz(options: FuzzOptions): Promise<string[]> {
  const run = new FuzzRun(options);
  return run.all();
}

class FuzzRun {
  private readonly started = performance.now();
  private next: number;
  private mutants = 0;
  private frames = 0;
  private mutatedFrames = 0;
  private found = 0;
  private baseline: number | undefined;
  private heap = 0;
  private readonly underWay = new Set<number>();

  constructor(private readonly options: FuzzOptions) {
    this.next = options.from;
  }

  async all(): Promise<string[]> {
    const onUncaught = (error: unknown): void => this.broken(new Violation('the process lives', stackOf(error)));
    process.on('uncaughtException', onUncaught);
    process.on('unhandledRejection', onUncaught);
    try {
      while (!this.isDone) {
        const until = Math.min(this.next + 256, this.options.from + this.options.count);
        await Promise.all(Array.from({ length: AT_ONCE }, () => this.lane(until)));
        await this.checked(() => this.options.harness.check());
        if (this.mutants % LOOK_EVERY < 256) await this.checked(() => this.lookAtHeap());
      }
      await turn();
    } finally {
      process.off('uncaughtException', onUncaught);
      process.off('unhandledRejection', onUncaught);
    }
    return this.report();
  }

  private get isDone(): boolean {
    const { from, count, seconds, frames } = this.options;
    return (
      this.found >= MAX_FOUND ||
      this.next >= from + count ||
      this.mutatedFrames >= frames ||
      performance.now() - this.started >= seconds * 1000
    );
  }

  private async lane(until: number): Promise<void> {
    while (this.next < until && this.found < MAX_FOUND) {
      const number = this.next++;
      const mutant = mutantOf(this.options, number);
      this.underWay.add(number);
      await this.checked(
        () => this.options.harness.run(mutant, number, randomOf(this.options.seed, number, 1)),
        number,
      );
      this.underWay.delete(number);
      this.mutants++;
      this.frames += mutant.frames;
      this.mutatedFrames += mutant.mutatedFrames;
    }
  }

  private async checked(step: () => Promise<void>, number?: number): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.broken(error instanceof Violation ? error : new Violation('the process lives', stackOf(error), number));
    }
  }

  private broken(violation: Violation): void {
    this.found++;
    if (this.found > MAX_FOUND) return;
    const [first, last] = [Math.min(...this.underWay, this.next - 1), Math.max(...this.underWay)];
    const mutant = violation.mutant ?? first;
    const { pieces } = mutantOf(this.options, mutant);
    this.options.onFound({
      violation,
      mutant,
      span: violation.mutant === undefined ? Math.max(1, last - first + 1) : 1,
      hex: pieces.slice(0, 100).map((piece) => piece.toString('hex', 0, 2000)),
    });
  }

  private async lookAtHeap(): Promise<void> {
    const { gc } = this.options;
    if (!gc) return;
    await turn();
    gc();
    this.heap = process.memoryUsage().heapUsed;
    // The first look is after everything has been compiled.
    if (this.mutants >= LOOK_EVERY) this.baseline ??= this.heap;
    const growth = this.heap - (this.baseline ?? this.heap);
    if (growth > MAX_GROWTH)
      throw new Violation('memory stays in its limits', `the heap has grown by ${Math.round(growth / MIB)} MiB`);
  }

  private report(): string[] {
    const { side, seed, seeds, harness } = this.options;
    const seconds = (performance.now() - this.started) / 1000;
    const rate = (count: number): string => `${Math.round(count / seconds)}/s`;
    const heap =
      this.heap === 0
        ? ''
        : `, heap ${Math.round(this.heap / MIB)} MiB (first ${Math.round((this.baseline ?? this.heap) / MIB)} MiB)`;
    return [
      `${side}: seed ${seed}, mutants ${this.options.from} to ${this.next - 1} of ${seeds.length} conversations, ${seconds.toFixed(1)} s`,
      `  ${this.mutants} mutants (${rate(this.mutants)}), ${this.frames} frames, ${this.mutatedFrames} of them mutated (${rate(this.mutatedFrames)})${heap}, rss ${Math.round(process.memoryUsage().rss / MIB)} MiB`,
      `  invariants broken: ${this.found}`,
      ...harness.counters.lines(),
    ];
  }
}

function stackOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'stack' in error ? String(error.stack) : String(error);
}
