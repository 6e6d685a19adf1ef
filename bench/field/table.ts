import { spread } from './spread.js';
import type { Figures, Subject } from './subject.js';

/** Columns by kind: the figure, its heading and its digits. */
const COLUMNS = {
  plugin: [
    ['registered', 'start to registration, ms', 0],
    ['idle', 'private memory, MiB', 1],
    ['used', 'after 20 events, MiB', 1],
    ['resident', 'resident, MiB', 1],
  ],
  shim: [
    ['start', '`start`, ms', 0],
    ['first', 'first response, ms', 0],
    ['delete', '`delete`, ms', 0],
    ['used', 'private memory, MiB', 1],
    ['resident', 'resident, MiB', 1],
  ],
} as const;

/** Tables in Markdown of what was measured, by id. */
export function table(subjects: readonly Subject[], rounds: Readonly<Record<string, Figures[]>>): string {
  return (['plugin', 'shim'] as const).map((kind) => tableOf(kind, subjects, rounds)).join('\n');
}

function tableOf(kind: Subject['kind'], subjects: readonly Subject[], rounds: Readonly<Record<string, Figures[]>>): string {
  const rows = subjects.filter((each) => each.kind === kind && rounds[each.id]);
  if (rows.length === 0) return '';
  const columns = COLUMNS[kind];
  const lines = [
    `| ${kind} (rounds) | ${columns.map(([, heading]) => heading).join(' | ')} |`,
    `| --- | ${columns.map(() => '---:').join(' | ')} |`,
    ...rows.map(({ id, name }) => {
      const measured = rounds[id] as Figures[];
      const cells = columns.map(([figure, , digits]) => {
        const known = measured.map((each) => each[figure]).filter((value) => value !== undefined);
        return spread(known, digits);
      });
      return `| ${name} (${measured.length}) | ${cells.join(' | ')} |`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}
