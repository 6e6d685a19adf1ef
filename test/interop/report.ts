import { covers, type Pair, type Reason } from './case.js';
import type { PeerName } from './peer.js';

/** One direction: a client and a server, and how they are set up. */
export interface DirectionName {
  client: PeerName;
  server: PeerName;
  /** `go -> nest (observables)`. */
  title: string;
}

/** What the report must know of a case. */
export interface ReportedCase {
  /** Unique in its list. */
  name: string;
  /** Pairs of peers that cannot do this at all, with the reason. */
  without?: readonly (Pair & Reason)[];
}

/** What became of each case in each direction. */
export class Report {
  readonly #results = new Map<string, 'passed' | 'failed'>();

  constructor(
    private readonly title: string,
    private readonly cases: readonly ReportedCase[],
    private readonly directions: readonly DirectionName[],
  ) {}

  /** Runs a case and keeps how it ended. */
  async record(direction: DirectionName, test: ReportedCase, run: () => Promise<void>): Promise<void> {
    const key = keyOf(direction, test);
    this.#results.set(key, 'failed');
    await run();
    this.#results.set(key, 'passed');
  }

  /** The cases that belong to a direction and have no result. */
  notRun(direction: DirectionName): string[] {
    return this.cases
      .filter((test) => applies(test, direction) && !this.#results.has(keyOf(direction, test)))
      .map(({ name }) => name);
  }

  /** A table of cases and directions, and below it why some do not apply. */
  toString(): string {
    const width = Math.max(...this.cases.map(({ name }) => name.length));
    const lines = ['', `${this.title}: client -> server`];
    this.directions.forEach(({ title }, index) => lines.push(`  ${letter(index)}  ${title}`));
    lines.push('', `${' '.repeat(width)}  ${this.directions.map((_, index) => letter(index)).join('  ')}`);
    const reasons: string[] = [];
    for (const test of this.cases) {
      const marks = this.directions.map((direction) => this.#mark(test, direction, reasons));
      lines.push(`${test.name.padEnd(width)}  ${marks.join('  ')}`);
    }
    lines.push('', '+ passed, ! failed, . not run, a number: does not apply, or ends otherwise, for this reason:');
    reasons.forEach((reason, index) => lines.push(`  ${index + 1}  ${reason}`));
    lines.push('', ...this.directions.map((direction) => this.#count(direction)), '');
    return lines.join('\n');
  }

  #mark(test: ReportedCase, direction: DirectionName, reasons: string[]): string {
    const exclusion = exclusionOf(test, direction);
    if (exclusion !== undefined) {
      if (!reasons.includes(exclusion)) reasons.push(exclusion);
      return String(reasons.indexOf(exclusion) + 1);
    }
    const result = this.#results.get(keyOf(direction, test));
    return result === undefined ? '.' : result === 'passed' ? '+' : '!';
  }

  #count(direction: DirectionName): string {
    const own = this.cases.filter((test) => applies(test, direction));
    const passed = own.filter((test) => this.#results.get(keyOf(direction, test)) === 'passed').length;
    const excluded = this.cases.length - own.length;
    return `${direction.title}: ${passed} of ${own.length} passed, ${excluded} do not apply`;
  }
}

/** True when a case runs in a direction. */
export function applies(test: ReportedCase, direction: DirectionName): boolean {
  return exclusionOf(test, direction) === undefined;
}

function exclusionOf(test: ReportedCase, { client, server }: DirectionName): string | undefined {
  return test.without?.find((pair) => covers(pair, client, server))?.reason;
}

function keyOf(direction: DirectionName, test: ReportedCase): string {
  return `${direction.title}\n${test.name}`;
}

function letter(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}
