import { describe, expect, test } from '@jest/globals';
import { PEERS, type CaseHead, type ClientCase, type Peer, type ServerCase } from './case.js';
import { clientCases } from './cases/client/index.js';
import { serverCases } from './cases/server/index.js';
import { departures } from './departures.js';
import { rows } from './rows.js';

const server = Object.values(serverCases).flat();
const client = Object.values(clientCases).flat();
const SECTIONS = new Set(rows.map(({ section }) => section));

/** What is said more than once. */
function repeated(values: readonly string[]): string[] {
  return values.filter((value, i) => values.indexOf(value) !== i);
}

function named(cases: readonly CaseHead[], isWrong: (each: CaseHead) => boolean): string[] {
  return cases.filter(isWrong).map(({ name }) => name);
}

describe.each<[string, (ServerCase | ClientCase)[]]>([
  ['server cases', server],
  ['client cases', client],
])('%s', (_, cases) => {
  test('are data: they survive JSON', () => {
    expect(JSON.parse(JSON.stringify(cases))).toEqual(cases);
  });

  test('have names of their own and sections that exist', () => {
    expect(repeated(cases.map(({ name }) => name))).toEqual([]);
    expect(named(cases, ({ section }) => !SECTIONS.has(section))).toEqual([]);
  });

  test('are run against ours, each of them', () => {
    expect(named(cases, ({ notAgainst }) => notAgainst?.ours !== undefined)).toEqual([]);
  });
});

test('server cases expect something else of a peer exactly where they say why', () => {
  for (const peer of PEERS) {
    const wrong = server.filter((each) => {
      const steps = each.steps.some((step) => 'instead' in step && step.instead?.[peer] !== undefined);
      return steps !== (each.differs?.[peer] !== undefined);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  }
});

test('each departure of a peer is that of cases that exist, and of none twice', () => {
  for (const [peer, all] of Object.entries(departures)) {
    const names = all.flatMap(({ cases }) => cases);
    expect(repeated(names)).toEqual([]);
    expect(names.filter((name) => !server.some((each) => each.name === name))).toEqual([]);
    const declared = server.filter(({ differs, notAgainst }) => differs?.[peer as Peer] ?? notAgainst?.[peer as Peer]);
    expect(declared.filter(({ name }) => names.includes(name)).map(({ name }) => name)).toEqual([]);
  }
});

test('server cases ask for events of their own calls only', () => {
  const seqs = server.flatMap((each) => {
    const asked = each.steps.flatMap((step) =>
      'happens' in step ? [step.happens.seq] : 'neverStarted' in step ? [step.neverStarted.seq] : [],
    );
    return [...new Set(asked)].map(String);
  });
  expect(repeated(seqs)).toEqual([]);
});

test('client cases see each of their calls end', () => {
  const wrong = client.filter(({ steps }) => {
    const calls = steps.flatMap((step) => ('call' in step ? [step.call] : []));
    const ends = steps.flatMap((step) => ('ends' in step ? [step.ends] : []));
    return repeated(calls).length > 0 || [...calls].sort().join() !== [...ends].sort().join();
  });
  expect(wrong.map(({ name }) => name)).toEqual([]);
});

describe('each statement of the protocol has its cases', () => {
  test.each(rows)('$section: $says', (row) => {
    for (const [pattern, cases] of [
      [row.server, server],
      [row.client, client],
    ] as const) {
      if (pattern === undefined) continue;
      // Each alternative must find something: a case that was renamed must not go unnoticed.
      for (const part of pattern.split(/(?<!\\)\|/)) {
        const found = cases.some(
          ({ name, rule }) => new RegExp(part, 'u').test(name) || new RegExp(part, 'u').test(rule),
        );
        expect(found ? '' : `no case for /${part}/`).toBe('');
      }
    }
    expect(row.server ?? row.client ?? row.elsewhere).toBeDefined();
  });
});
