import type { Peer, ServerCase } from '../case.js';
import type { Transcript } from './server-case.js';

/** What each peer did in each case that it was run in. */
export class Results {
  private readonly transcripts = new Map<string, Transcript>();

  add(peer: Peer, name: string, transcript: Transcript): void {
    this.transcripts.set(`${peer} ${name}`, transcript);
  }

  of(peer: Peer, name: string): Transcript | undefined {
    return this.transcripts.get(`${peer} ${name}`);
  }
}

/** The streams on which two transcripts differ, in words: `stream 3: …`; empty where they agree. */
export function difference(left: Transcript, right: Transcript): { left: string; right: string } {
  const keys = [...new Set([...left.keys(), ...right.keys()])].filter((key) => words(left, key) !== words(right, key));
  const side = (transcript: Transcript): string =>
    keys.map((key) => `${place(key)}: ${words(transcript, key)}`).join('; ');
  return { left: side(left), right: side(right) };
}

function words(transcript: Transcript, key: string): string {
  const lines = transcript.get(key);
  if (lines === undefined) return 'nothing';
  // Responses of one stream that may come in any order are told in one.
  return [...lines].sort().join(' + ');
}

function place(key: string): string {
  const [connection, what] = key.split('/') as [string, string];
  const on = connection === 'first' ? '' : ` of connection "${connection}"`;
  return what === 'end' ? `the connection${on}` : `stream ${what}${on}`;
}

/** Where ours and another peer differ and the data does not say so, or say so and do not differ. */
export function disagreements(cases: readonly ServerCase[], results: Results, peer: Exclude<Peer, 'ours'>): string[] {
  return cases.flatMap((test) => {
    if (test.notAgainst?.[peer] !== undefined) return [];
    const ours = results.of('ours', test.name);
    const theirs = results.of(peer, test.name);
    if (ours === undefined || theirs === undefined)
      return [`${test.name}: did not run to its end against ${ours === undefined ? 'ours' : peer}`];
    const { left, right } = difference(ours, theirs);
    const declared = test.differs?.[peer] !== undefined;
    if (left !== right && !declared) return [`${test.name}: not declared: ours: ${left}; ${peer}: ${right}`];
    if (left === right && declared) return [`${test.name}: declared to differ, but both answer alike`];
    return [];
  });
}

/** The differences as a table, for people. */
export function differencesTable(cases: readonly ServerCase[], results: Results, peer: Exclude<Peer, 'ours'>): string {
  const rows = cases.flatMap((test) => {
    const declared = test.differs?.[peer];
    const ours = results.of('ours', test.name);
    const theirs = results.of(peer, test.name);
    if (declared === undefined || ours === undefined || theirs === undefined) return [];
    const { left, right } = difference(ours, theirs);
    return [
      `| ${[test.name, left, right, declared.decision].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
    ];
  });
  return [`| case | ours | ${peer} | decision |`, '| --- | --- | --- | --- |', ...rows].join('\n');
}
