import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { goVersion } from '../interop/go-peer.js';
import { cargoVersion } from '../interop/rust-peer.js';
import type { Peer } from './case.js';
import { serverCases } from './cases/server/index.js';
import { departureOf } from './departures.js';
import { setPatience } from './run/connection.js';
import { differencesTable, disagreements, Results } from './run/differences.js';
import { runServerCase } from './run/server-case.js';
import { startForeignServer } from './targets/foreign-server.js';
import { startOurServer, type StartedServer } from './targets/ours-server.js';

const all = Object.values(serverCases).flat();
const results = new Results();

/** How long a peer that departs from a case by silence is waited for. */
const DEPARTS_WITHIN_MS = 400;

/** Building a foreign server for the first time takes a while. */
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
        const departure = departureOf(peer, each.name);
        if (departure === undefined) {
          test(each.name, async () => {
            results.add(peer, each.name, await runServerCase(each, server));
          });
        } else {
          test(`${each.name}: otherwise, as declared`, async () => {
            setPatience(DEPARTS_WITHIN_MS);
            try {
              await expect(runServerCase(each, server)).rejects.toThrow(new RegExp(departure.shows, 's'));
            } finally {
              setPatience();
            }
          });
        }
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

withGo('server cases against the Go server', () => runAllAgainst('go', () => startForeignServer('go')));

withGo('our engine and the Go server', () => {
  test('differ where the cases say so, and nowhere else', () => {
    expect(disagreements(all, results, 'go')).toEqual([]);
  });

  afterAll(() => {
    process.stdout.write(`\nWhere our server and Go's differ:\n${differencesTable(all, results, 'go')}\n`);
  });
});

const cargo = await cargoVersion();
const withRust = cargo === undefined ? describe.skip : describe;
if (cargo === undefined) {
  process.stdout.write(
    `\nNo Rust toolchain ("cargo" in PATH): ${all.length} server cases were not run against the Rust server.\n`,
  );
}

withRust('server cases against the Rust server', () => runAllAgainst('rust', () => startForeignServer('rust')));
