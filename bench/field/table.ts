import { spread } from './spread.js';
import type { Figures, Kind, Subject } from './subject.js';

const MEMORY = [
  ['soon', 'private memory, MiB', 1],
  ['settled', 'after 35 s, MiB', 1],
  ['resident', 'resident, MiB', 1],
] as const;

/** Columns by kind: the figure, its heading and its digits. */
const COLUMNS = {
  plugin: [['registered', 'start to registration, ms', 0], ...MEMORY],
  server: [['listening', 'start to listening, ms', 0], ...MEMORY],
  shim: [['start', '`start`, ms', 0], ['first', 'first response, ms', 0], ['delete', '`delete`, ms', 0], ...MEMORY],
} as const;

/** Tables in Markdown of what was measured, by id. */
export function table(subjects: readonly Subject[], rounds: Readonly<Record<string, Figures[]>>): string {
  return (['plugin', 'shim', 'server'] as const).map((kind) => tableOf(kind, subjects, rounds)).join('\n');
}

function tableOf(kind: Kind, subjects: readonly Subject[], rounds: Readonly<Record<string, Figures[]>>): string {
  const rows = subjects.filter((each) => each.kind === kind && rounds[each.id]);
  if (rows.length === 0) return '';
  const columns = COLUMNS[kind];
  const lines = [
    `| ${kind} | ${columns.map(([, heading]) => heading).join(' | ')} |`,
    `| --- | ${columns.map(() => '---:').join(' | ')} |`,
    ...rows.map(({ id, name }) => {
      const measured = rounds[id] as Figures[];
      const cells = columns.map(([figure, , digits]) => {
        const known = measured.map((each) => each[figure]).filter((value) => value !== undefined);
        return spread(known, digits);
      });
      return `| ${name} | ${cells.join(' | ')} |`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}
