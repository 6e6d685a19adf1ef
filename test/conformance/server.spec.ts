import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { goVersion } from '../interop/go-peer.js';
import type { Peer } from './case.js';
import { serverCases } from './cases/server/index.js';
import { differencesTable, disagreements, Results } from './run/differences.js';
import { runServerCase } from './run/server-case.js';
import { startGoServer } from './targets/go-server.js';
import { startOurServer, type StartedServer } from './targets/ours-server.js';

const all = Object.values(serverCases).flat();
const results = new Results();

/** Building the Go server for the first time takes a while. */
const START_MS = 300_000;

function runAllAgainst(peer: Peer, start: () => Promise<StartedServer>): void {
  let server: StartedServer;
  beforeAll(async () => {
    server = await start();
  }, START_MS);
  afterAll(() => server?.stop());
  for (const [area, cases] of Object.entries(serverCases)) {
    describe(area, () => {
      for (const each of cases) {
        if (each.notAgainst?.[peer] !== undefined) continue;
        test(each.name, async () => {
          results.add(peer, each.name, await runServerCase(each, server));
        });
      }
    });
  }
}

describe('server cases against our engine', () => runAllAgainst('ours', startOurServer));

const go = await goVersion();
const withGo = go === undefined ? describe.skip : describe;
if (go === undefined) {
  process.stdout.write(
    `\nNo Go toolchain ("go" in PATH): ${all.length} server cases were not run against the Go server, nor compared with it.\n`,
  );
}

withGo('server cases against the Go server', () => runAllAgainst('go', startGoServer));

withGo('our engine and the Go server', () => {
  test('differ where the cases say so, and nowhere else', () => {
    expect(disagreements(all, results, 'go')).toEqual([]);
  });

  afterAll(() => {
    process.stdout.write(`\nWhere our server and Go's differ:\n${differencesTable(all, results, 'go')}\n`);
  });
});
