/** The names in a Markdown table's first column, below the line that has `heading` in it. Throws an Error without one. */
export function namesInTable(markdown: string, heading: string): string[] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.includes(heading));
  if (start < 0) throw new Error(`there is no line with ${JSON.stringify(heading)}`);
  const first = lines.findIndex((line, index) => index > start && line.startsWith('|'));
  const rows = lines.slice(first + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  const names = rows.slice(0, end).flatMap((row) => namesIn(row.split('|')[1] ?? ''));
  if (names.length === 0) throw new Error(`there is no table below ${JSON.stringify(heading)}`);
  return names;
}

/** The names in backticks in the line that begins with `begin`. */
export function namesInLine(markdown: string, begin: string): string[] {
  const line = markdown.split('\n').find((text) => text.startsWith(begin));
  if (line === undefined) throw new Error(`no line begins with ${JSON.stringify(begin)}`);
  return namesIn(line);
}

/** `authorize(peer)` is the option `authorize`. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/`(\w+)(\([^`]*\))?`/g)].map(([, name]) => name as string);
}

/** A module that compiles only if `names` are the properties of the library's type `type`, no more and no fewer. */
export function sameProperties(type: string, names: readonly string[]): string {
  return `import type { ${type} } from 'nestjs-ttrpc';
type Named = ${names.map((name) => `'${name}'`).join(' | ')};
type Differ<A, B> = [A] extends [B] ? never : A;
export const notInTheTable: Record<Differ<Exclude<keyof ${type}, Named>, never>, never> = {};
export const notAnOption: Record<Differ<Exclude<Named, keyof ${type}>, never>, never> = {};
`;
}
