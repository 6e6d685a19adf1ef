import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { directions, missingPeers } from './directions.js';
import type { Driver, ServerPeer } from './peer.js';
import { applies, Report, type ReportedCase } from './report.js';

/** Building the foreign programs for the first time compiles all that they import. */
const START_MS = 300_000;
const CASE_MS = 30_000;

/** A list of cases and how to run one of them. */
export interface CaseList<T extends ReportedCase & { limitMs?: number }> {
  /** Heads the table of results. */
  title: string;
  cases: readonly T[];
  /** Rejects with what was expected and what came. */
  run(test: T, driver: Driver, server: ServerPeer): Promise<void>;
  /** The environment variable that names a file for the table. */
  reportVariable: string;
}

/**
 * Makes a Jest test of each case in each direction, and prints the table of results at the end. Directions with a peer
 * that cannot be built here are skipped, with a line that says so.
 */
export async function runInEveryDirection<T extends ReportedCase & { limitMs?: number }>(
  list: CaseList<T>,
): Promise<void> {
  const { title, cases } = list;
  const missing = await missingPeers();
  const isMissing = (peer: string): boolean => missing.some((each) => each.peer === peer);
  const report = new Report(title, cases, directions);

  for (const { peer, reason } of missing) {
    const skipped = directions.filter(({ client, server }) => client === peer || server === peer);
    const count = skipped.flatMap((each) => cases.filter((one) => applies(one, each))).length;
    const titles = skipped.map((each) => each.title).join(', ');
    process.stderr.write(`${reason}: ${count} tests of "${title}" are skipped: ${titles}\n`);
  }

  test('the names of the cases are unique', () => {
    expect(cases.length).toBeGreaterThan(0);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  for (const each of directions) {
    (isMissing(each.client) || isMissing(each.server) ? describe.skip : describe)(each.title, () => {
      let folder = '';
      let server: ServerPeer | undefined;
      let driver: Driver | undefined;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'ttrpc-interop-'));
        server = await each.startServer(`unix://${join(folder, 's.sock')}`);
        driver = await each.startDriver();
      }, START_MS);

      afterAll(async () => {
        // Both stop, whatever the other one does; a bad end of either fails the run.
        const stopped = await Promise.allSettled([driver?.stop(), server?.stop()]);
        await rm(folder, { recursive: true, force: true });
        for (const result of stopped) if (result.status === 'rejected') throw result.reason;
      });

      for (const one of cases.filter((test) => applies(test, each))) {
        test(
          one.name,
          () =>
            report.record(each, one, async () => {
              if (driver === undefined || server === undefined) throw new Error('the peers did not start');
              await list.run(one, driver, server);
            }),
          one.limitMs ?? CASE_MS,
        );
      }

      test('every case of the list ran', () => {
        expect(report.notRun(each)).toEqual([]);
      });
    });
  }

  afterAll(async () => {
    process.stdout.write(`${report.toString()}\n`);
    const file = process.env[list.reportVariable];
    if (file) await writeFile(file, `${report.toString()}\n`);
  });
}
