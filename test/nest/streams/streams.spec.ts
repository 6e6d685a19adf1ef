import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { turns } from '../../support/deferred.js';
import { TempFolder } from '../../support/temp-folder.js';
import { ENHANCERS } from './enhancers.js';
import { startHello, type Greeted, type Pace, type TransportName } from './hello-servers.js';
import { IDIOMS, type Fault, type Idiom } from './idioms.js';
import { withIdioms } from './table.js';

const PAGE = fileURLToPath(new URL('../../../docs/streams.md', import.meta.url));
const PACES: readonly Pace[] = ['at once', 'one by one'];

let folder: TempFolder;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(() => folder.remove());

/** What comes of an idiom behind each kind of enhancer, at each pace. */
async function greetAll(transport: TransportName, idiom: Idiom): Promise<[situation: string, greeted: Greeted][]> {
  const all = await Promise.all(
    ENHANCERS.map(async (enhancer, index) => {
      const server = await startHello(transport, idiom, enhancer, folder, `${transport}${index}`);
      const greeted = await Promise.all(PACES.map((pace) => server.greet(idiom.rpc, pace)));
      await server.close();
      return PACES.map((pace, at) => [`${enhancer.name}, ${pace}`, greeted[at]] as [string, Greeted]);
    }),
  );
  return all.flat();
}

function faultOf({ answers, ended }: Greeted, expected: readonly string[]): Fault | undefined {
  if (!ended) return 'no end';
  if (answers.join() === expected.join()) return undefined;
  return answers.length < expected.length ? 'lost' : 'out of order';
}

describe("streaming handlers as users of Nest's gRPC transport write them", () => {
  it.each(IDIOMS.map((idiom) => [idiom.rpc, idiom.name, idiom] as const))(
    '%s: %s',
    async (_rpc, _name, idiom) => {
      const ours = await greetAll('ttrpc', idiom);
      const expected = ours.map(([situation]) => [situation, { answers: idiom.answers, ended: true }]);
      expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(expected));

      const theirs = await greetAll('grpc', idiom);
      // Whether a message comes between the handler and its replayed ones is a matter of time.
      const certain = (faults: readonly Fault[]): Fault[] => faults.filter((fault) => fault !== 'out of order').sort();
      const faults = new Set(theirs.flatMap(([, greeted]) => faultOf(greeted, idiom.answers) ?? []));
      expect(certain([...faults])).toEqual(certain(idiom.grpc ?? []));
    },
    60_000,
  );

  it('a Subject that is returned after an `await` in which the process stood still', async () => {
    const idiom = IDIOMS.find(({ name, rpc }) => name.startsWith('a Subject, fed by') && rpc === 'bidiHello') as Idiom;
    const late: Idiom = {
      ...idiom,
      async handle(messages) {
        const response = idiom.handle(messages);
        await turns(1);
        // Longer than messages wait for a handler that has not returned.
        const until = performance.now() + 80;
        while (performance.now() < until);
        await turns(1);
        return response;
      },
    };
    for (const enhancer of ENHANCERS) {
      const server = await startHello('ttrpc', late, enhancer, folder, enhancer.name.replaceAll(' ', '-'));
      const { answers } = await server.greet('bidiHello', 'at once');
      await server.close();
      expect([enhancer.name, answers]).toEqual([enhancer.name, idiom.answers]);
    }
  });

  it('docs/streams.md says so', () => {
    const page = readFileSync(PAGE, 'utf8');
    if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(PAGE, withIdioms(page));
    else expect(withoutPadding(page)).toBe(withoutPadding(withIdioms(page)));
  });
});

/** Prettier pads the cells of tables. */
function withoutPadding(text: string): string {
  return text
    .replaceAll(/ {2,}/g, ' ')
    .replaceAll(/-{3,}/g, '---')
    .replaceAll(/\n{2,}/g, '\n');
}
