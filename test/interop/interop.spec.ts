import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cases } from './cases.js';
import { goVersion, startGoDriver, startGoServer } from './go-peer.js';
import type { Flavour } from './nest/flavour.js';
import type { Driver, PeerName, ServerPeer } from './peer.js';
import { applies, Report, type DirectionName } from './report.js';
import { runCase } from './run-case.js';

/** Building the Go programs for the first time compiles all that they import. */
const START_MS = 300_000;
const CASE_MS = 30_000;

interface Direction extends DirectionName {
  startDriver(): Promise<Driver>;
  startServer(address: string): Promise<ServerPeer>;
}

interface Side {
  peer: PeerName;
  title: string;
  driver(): Promise<Driver>;
  server(address: string): Promise<ServerPeer>;
}

const go: Side = { peer: 'go', title: 'go', driver: startGoDriver, server: startGoServer };
const nest = (flavour: Flavour): Side => ({
  peer: 'nest',
  title: `nest (${flavour})`,
  driver: async () => (await import('./nest/driver.js')).startNestDriver(flavour),
  server: async (address) => (await import('./nest/server.js')).startNestServer(address, flavour),
});

const direction = (client: Side, server: Side): Direction => ({
  client: client.peer,
  server: server.peer,
  title: `${client.title} -> ${server.title}`,
  startDriver: () => client.driver(),
  startServer: (address) => server.server(address),
});

const [observables, iterables] = [nest('observables'), nest('iterables')];
// Go with itself shows that a case is right.
const directions: readonly Direction[] = [
  direction(go, go),
  direction(go, observables),
  direction(go, iterables),
  direction(observables, go),
  direction(iterables, go),
  direction(observables, observables),
  direction(iterables, iterables),
];

const present = (await goVersion()) !== undefined;
const missing = directions.filter(({ client, server }) => !present && (client === 'go' || server === 'go'));
const report = new Report(cases, directions);

if (missing.length > 0) {
  const count = missing.flatMap((each) => cases.filter((one) => applies(one, each))).length;
  const titles = missing.map(({ title }) => title).join(', ');
  process.stderr.write(`No Go toolchain ("go" in PATH): ${count} interoperability tests are skipped: ${titles}\n`);
}

test('the names of the cases are unique', () => {
  expect(cases.length).toBeGreaterThan(0);
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

for (const each of directions) {
  (missing.includes(each) ? describe.skip : describe)(each.title, () => {
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
            await runCase(one, driver, server);
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
  const file = process.env['INTEROP_REPORT'];
  if (file) await writeFile(file, `${report.toString()}\n`);
});
