import { PEERS, type CaseHead, type Peer } from './case.js';
import { clientCases } from './cases/client/index.js';
import { serverCases } from './cases/server/index.js';
import { departureOf } from './departures.js';
import { dialects } from './dialects.js';

/*
 * What docs/maintainers/conformance.md says of the suite, made from the cases: each run holds the data to what the peers really do,
 * so that tables made from the data are true as long as the suite passes.
 */

const NAMES: Record<Peer, string> = { ours: 'nestjs-ttrpc', go: 'Go', rust: 'Rust' };
/** So many names of cases are written out in a cell. */
const NAMES_IN_CELL = 3;

type OtherPeer = Exclude<Peer, 'ours'>;
const OTHERS = PEERS.filter((peer): peer is OtherPeer => peer !== 'ours');

const server: CaseHead[] = Object.values(serverCases).flat();
const client: CaseHead[] = Object.values(clientCases).flat();

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('_', '\\_')).join(' | ')} |`;
  return [line(head), `| ${head.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** How many cases there are of each area. */
export function areas(): string {
  const rows = [
    ...Object.entries(serverCases).map(([area, cases]) => ['server', area, String(cases.length)]),
    ...Object.entries(clientCases).map(([area, cases]) => ['client', area, String(cases.length)]),
    ['', 'all', String(server.length + client.length)],
  ];
  return table(['side under test', 'area', 'cases'], rows);
}

/** How the cases end against each peer. */
export function results(): string {
  const row = (what: string, cases: readonly CaseHead[], peer: Peer): string[] => {
    const run = cases.filter(({ notAgainst }) => notAgainst?.[peer] === undefined);
    const differ = run.filter(({ name, differs }) => differs?.[peer] ?? departureOf(peer, name));
    return [
      what,
      String(run.length),
      String(run.length - differ.length),
      peer === 'ours' ? '' : String(differ.length),
      String(cases.length - run.length),
    ];
  };
  return table(
    ['under test', 'run', 'as the case asks', 'otherwise, as declared', 'not run'],
    [
      row('our server', server, 'ours'),
      ...OTHERS.map((peer) => row(`${NAMES[peer]}'s server`, server, peer)),
      row('our client', client, 'ours'),
    ],
  );
}

/** Where a peer's server does something else than ours, what it does, and why ours does not. */
export function differences(peer: OtherPeer): string {
  const byReason = new Map<string, { reason: string; decision: string; names: string[]; unnamed: number }>();
  for (const { name, differs, notAgainst } of server) {
    const declared = differs?.[peer] ?? departureOf(peer, name);
    if (declared === undefined) continue;
    const key = `${declared.reason}\0${declared.decision}`;
    const row = byReason.get(key) ?? { reason: declared.reason, decision: declared.decision, names: [], unnamed: 0 };
    // What another peer does not outlive is not written out here.
    if (notAgainst === undefined) row.names.push(name);
    else row.unnamed++;
    byReason.set(key, row);
  }
  const rows = [...byReason.values()].map(({ reason, decision, names, unnamed }) => {
    const shown = names.length > NAMES_IN_CELL + 1 ? names.slice(0, NAMES_IN_CELL) : names;
    const more = names.length - shown.length + unnamed;
    const rest = more > 0 ? [shown.length > 0 ? `and ${more} more` : `${more} cases`] : [];
    return [[...shown, ...rest].join('; '), reason, decision];
  });
  return table(['cases', NAMES[peer], 'ours'], rows);
}

/** How a peer words what ours and Go's server say. */
export function wordings(peer: OtherPeer): string {
  const rows = (dialects[peer] ?? []).map(({ what, ours, theirs }) => {
    const words = 'pattern' in theirs ? '(several texts)' : `"${theirs.text.replaceAll(/\$\d/g, '…')}"`;
    return [what, ours.code, `${theirs.code} ${words}`];
  });
  return table(['answer to', 'ours', NAMES[peer]], rows);
}

/** All of it: each part by the name that marks its place in the page. */
export function parts(): Map<string, string> {
  return new Map([
    ['areas', areas()],
    ['results', results()],
    ...OTHERS.map((peer) => [`differences-${peer}`, differences(peer)] as const),
    ['wordings-rust', wordings('rust')],
  ]);
}

/** `page` with each part between its marks: `<!-- part -->` and `<!-- /part -->`. */
export function filledIn(page: string): string {
  let text = page;
  for (const [name, part] of parts()) {
    const mark = new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- /${name} -->)`, 'u');
    if (!mark.test(text)) throw new Error(`the page has no place for "${name}": <!-- ${name} --> … <!-- /${name} -->`);
    text = text.replace(mark, (_, begin: string, end: string) => `${begin}\n${part}\n${end}`);
  }
  return text;
}
