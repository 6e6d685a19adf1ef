import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { mutantOf } from './fuzz.js';
import { plantedFaults, type PlantedFault } from './planted.js';
import { clientSeeds, serverSeeds } from './seeds.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Ended {
  status: number;
  output: string;
}

/** Runs the fuzzer as `npm run fuzz` does. */
function fuzz(args: readonly string[], patches: readonly object[] = []): Promise<Ended> {
  return new Promise((resolve) => {
    const program = [
      'scripts/typescript/run.mjs',
      `--patches=${JSON.stringify(patches)}`,
      'test/fuzz/main.ts',
      ...args,
    ];
    execFile(process.execPath, program, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), output: `${stdout}${stderr}` });
    });
  });
}

describe('mutants of recorded conversations', () => {
  // A new seed each time; what it was stands in the output. They do not die at the header: each must reach these.
  test.each([
    ['server', 20_000, ['payload: decoded', 'payload: refused', 'Data[5]: bidi open', 'Data[0]: call over before']],
    ['client', 20_000, ['envelope: read, OK', 'envelope: read, an error', 'Data[5]: bidi open']],
    ['nest', 5000, ['payload: decoded', 'Data[5]: bidi open']],
  ] as const)(
    'break nothing: the %s',
    async (side, frames, reached) => {
      const { status, output } = await fuzz(['--side', side, '--frames', String(frames)]);
      expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('invariants broken: 0') });
      for (const what of reached) expect(output).toContain(what);
    },
    60_000,
  );

  test.each(['server', 'client'] as const)('are the same ones for the same seed: the %s', (side) => {
    const seeds = side === 'server' ? serverSeeds() : clientSeeds();
    const some = (seed: number): string[] =>
      Array.from({ length: 200 }, (_, number) => JSON.stringify(mutantOf({ seeds, side, seed }, number)));
    expect(some(7)).toEqual(some(7));
    const other = some(8);
    expect(some(7).filter((each, i) => each === other[i]).length).toBeLessThan(20);
  });
});

describe('a planted fault is found', () => {
  test.each(plantedFaults.map((fault) => [`${fault.side}: ${fault.what}`, fault] as const))(
    '%s',
    async (_, fault) => {
      const { side, breaks, file, find, replace } = fault;
      const { status, output } = await fuzz(
        ['--side', side, '--frames', '60000', '--seed', '1'],
        [{ file, find, replace }],
      );
      expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining(`BROKEN: ${breaks}`) });
    },
    60_000,
  );

  test.each(['every call ends once', 'the process lives'])(
    'again by what the output says: %s',
    async (invariant) => {
      const { side, file, find, replace } = plantedFaults.find(({ breaks }) => breaks === invariant) as PlantedFault;
      const patches = [{ file, find, replace }];
      // What a mutant meets on a real socket depends on timing, and on the calls before it: not each finding shows again.
      let repeated = '';
      for (let findings = 0; findings < 8 && !repeated.includes(`BROKEN: ${invariant}`); findings++) {
        const { output } = await fuzz(['--side', side, '--frames', '60000'], patches);
        const again = /again: npm run fuzz -- (.*)/.exec(output)?.[1]?.split(' ') ?? [];
        expect(again).toContain('--count');
        for (let tries = 0; tries < 3 && !repeated.includes(`BROKEN: ${invariant}`); tries++) {
          repeated = (await fuzz(again, patches)).output;
        }
      }
      expect(repeated).toContain(`BROKEN: ${invariant}`);
    },
    240_000,
  );
});
