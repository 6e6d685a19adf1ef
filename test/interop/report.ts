import { covers, type Pair, type Reason } from './case.js';
import type { Limit } from './limits.js';
import type { PeerName } from './peer.js';

/** One direction: a client and a server, and how they are set up. */
export interface DirectionName {
  client: PeerName;
  server: PeerName;
  /** `go -> nest (observables)`. */
  title: string;
}

/** What the report must know of a case. Any other pair with a reason in it says that they end it otherwise. */
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

  /** A table of cases and directions, and below it why some do not apply or end otherwise. */
  toString(): string {
    const width = Math.max(...this.cases.map(({ name }) => name.length));
    const lines = ['', `${this.title}: client -> server`];
    this.directions.forEach(({ title }, index) => lines.push(`  ${letter(index)}  ${title}`));
    const reasons: string[] = [];
    const rows = this.cases.map((test) => this.directions.map((direction) => this.#mark(test, direction, reasons)));
    const row = (name: string, marks: readonly string[]): string =>
      `${name.padEnd(width)}  ${marks.map((mark) => mark.padEnd(5)).join('')}`.trimEnd();
    const letters = this.directions.map((_, index) => letter(index));
    lines.push('', row('', letters), ...rows.map((marks, index) => row(this.cases[index]?.name ?? '', marks)));
    lines.push(
      '',
      '+ passed, ! failed, . not run; a number alone: does not apply, beside a sign: ends otherwise, because:',
    );
    reasons.forEach((reason, index) => lines.push(`  ${index + 1}  ${reason}`));
    lines.push('', ...this.directions.map((direction) => this.#count(direction)), '');
    return lines.join('\n');
  }

  #mark(test: ReportedCase, direction: DirectionName, reasons: string[]): string {
    const number = (reason: string): string => {
      if (!reasons.includes(reason)) reasons.push(reason);
      return String(reasons.indexOf(reason) + 1);
    };
    const exclusion = exclusionOf(test, direction);
    if (exclusion !== undefined) return number(exclusion);
    const result = this.#results.get(keyOf(direction, test));
    const sign = result === undefined ? '.' : result === 'passed' ? '+' : '!';
    return sign + [...new Set(reasonsIn(test, direction))].map(number).join(',');
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
  const found = test.without?.find((pair) => covers(pair, client, server));
  return found && withPeer(found);
}

/** The reasons of the pairs anywhere in a case that name a direction. */
function reasonsIn(part: unknown, direction: DirectionName): string[] {
  if (typeof part !== 'object' || part === null) return [];
  if ('reason' in part) {
    const pair = part as Pair & Reason;
    return covers(pair, direction.client, direction.server) ? [withPeer(pair)] : [];
  }
  return Object.values(part).flatMap((each) => reasonsIn(each, direction));
}

/** `go client: …` for the limits of a peer, whose texts say what it does. */
function withPeer(given: Reason): string {
  const { peer, as, reason, source } = given as Partial<Limit> & Reason;
  return peer === undefined ? reason : `${peer} ${as}: ${reason} (${source})`;
}

function keyOf(direction: DirectionName, test: ReportedCase): string {
  return `${direction.title}\n${test.name}`;
}

function letter(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}
